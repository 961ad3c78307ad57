// Weights that stay in 8 or 16 bits: their panels are brought to single precision just before the kernel that reads them.
import type { DType, TensorInfo } from '../types.js'
import { forward, type Ops } from './forward.js'
import type { Op, Pack, Scope } from './op.js'
import { findScale } from './scales.js'

/** The kernels that can be called for a part of the output channels: where their number stands among the arguments. */
const channels: Readonly<Record<string, number>> = { conv_direct: 8, conv_winograd: 15, gemv: 6 }

/** What `expand` is to know of a type: bytes of four elements, and whether it is bfloat16. */
export const elements = (dtype: DType): [bytes: number, brain: number] => [dtype === 'I8' ? 4 : 8, +(dtype === 'BF16')]

/** Where compact weights are for the operator, which asks for floats: beyond every memory, so that calls show who reads them. */
const NOWHERE = 2 ** 40

/**
 * As many panels of k·8 floats as are expanded together: about what a second-level cache holds, and at least the four that gemv
 * reads side by side. Winograd's way transforms its inputs once for each of these parts, so those are larger.
 */
const together = (k: number, winograd: boolean): number =>
  Math.max(winograd ? 8 : 4, Math.floor((winograd ? 32768 : 4096) / k))

/** A scope in which the weights stay as they are stored, if they become panels. */
const compactScope = (scope: Scope, tensors: ReadonlyMap<string, TensorInfo>): Scope => {
  const { node } = scope
  const name = node.inputs[1]!
  const dtype = tensors.get(name)?.dtype ?? 'F32'
  const bytes = dtype === 'I8' ? 1 : 2
  const scale = dtype === 'I8' ? findScale(tensors, name).shape.slice(1) : []
  if (dtype === 'F32' || node.attrs.before || scale.some(d => d > 1)) return scope
  let [at, scales, k, panels, room] = [0, 0, 1, 0, 0]
  return {
    ...scope,
    packed: (i, floats, rows, pack) => {
      const parts = i === 1 ? pack(0, 0, 0, rows) : []
      const [, , , , , c, taps] = parts[0] ?? []
      if (!parts.length || parts.some(([kernel]) => kernel !== 'pack_panels'))
        return scope.packed(i, floats, rows, pack)
      k = c! * taps!
      panels = floats / k / 8 / parts.length
      scales = scope.reserve(floats / k)
      const cells = (first: number, count: number) => pack(0, 0, first, count)
      const form: Pack = Object.assign(() => [], { compact: { cells, scale: scales, groups: parts.length } })
      at = scope.packed(i, (floats * bytes) / 4, rows, form)
      return NOWHERE
    },
    finish: (kernel, ...args) => {
      // A batch norm scales the scales, panels with one number for each channel.
      if (args[1]! >= NOWHERE) {
        args[1] = scales + (args[1]! - NOWHERE) / k
        args[9] = 1
      }
      scope.finish(kernel, ...args)
    },
    call: (kernel, ...args) => {
      const [y, res, , w, bias] = args as [number, number, number, number, number]
      if (!(w >= NOWHERE)) return scope.call(kernel, ...args)
      const place = channels[kernel] ?? -1
      // Other kernels get all of it at once.
      const oc = args[place] ?? panels * 8
      const most = place < 0 ? oc : Math.min(together(k, kernel === 'conv_winograd'), panels) * 8
      const first = (w - NOWHERE) / 4
      room ||= scope.scratch(most * k)
      for (let o = 0; o < oc; o += most) {
        const count = Math.min(oc - o, most)
        const from = at + (first + o * k) * bytes
        scope.call('expand', room, from, scales + (first / k + o) * 4, Math.ceil(count / 8), k, ...elements(dtype))
        const part = [...args]
        part[0] = y + o * 4
        part[1] = res && res + o * 4
        part[3] = room
        part[4] = bias && bias + o * 4
        if (place >= 0) part[place] = count
        scope.call(kernel, ...part)
      }
    },
  }
}

/** The operators for weights of 8 and 16 bits: unless memory may be spent on speed, Conv and Gemm keep them as they are stored. */
export const adapt = (tensors: ReadonlyMap<string, TensorInfo>, ops: Ops = forward): Ops => {
  const compact = ({ run, ...op }: Op): Op => ({
    ...op,
    run: (scope, ...shapes) => {
      for (const name of scope.node.inputs) if (tensors.get(name)?.dtype === 'I8') findScale(tensors, name)
      run(scope.fast ? scope : compactScope(scope, tensors), ...shapes)
    },
  })
  return Object.fromEntries(Object.entries(ops).map(([name, op]) => [name, compact(op)]))
}
