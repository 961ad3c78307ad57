import type { Program } from './compile.js'
import { ConvletError } from './error.js'
import { dtypeBytes, type FileHeader } from './file.js'
import { size } from './shape.js'
import type { DType } from './types.js'
import { call, type Kernels } from './wasm.js'

/** Kernels that turn stored numbers into floats. */
const widen: Partial<Record<DType, string>> = { F32: '', F16: 'widen_f16', BF16: 'widen_bf16' }

/**
 * Packs weights as their bytes arrive. Of the file there is never more in memory than the chunk at hand: bytes go to the
 * arena, which the network does not use yet, and from there part by part into their packed form.
 */
export const weightWriter = (
  { tensors }: FileHeader,
  { packed, arena, memory }: Program,
  buffer: ArrayBuffer,
  kernels: Kernels,
) => {
  const sources = Array.from(tensors, ([name, { dtype, begin, shape }]) => {
    const targets = packed.filter(({ tensor }) => tensor === name)
    if (targets.length && widen[dtype] === undefined)
      throw new ConvletError('UNSUPPORTED', `tensor "${name}" is ${dtype}; weights must be F32, F16 or BF16.`)
    // Parts can be taken one by one where all who want the tensor agree what a part is.
    const rows = targets[0]?.rows ?? 1
    const parts = targets.every(target => target.rows === rows) ? rows : 1
    return { begin, targets, parts, kernel: widen[dtype], floats: size(shape) / parts, width: dtypeBytes[dtype] }
  }).filter(({ targets }) => targets.length)
  const bytes = new Uint8Array(buffer)
  let position = 0
  let index = 0
  let done = 0
  let filled = 0

  return (chunk: Uint8Array): void => {
    let read = 0
    while (read < chunk.length && index < sources.length) {
      const { begin, targets, parts, kernel, floats, width } = sources[index]!
      const skip = Math.min(Math.max(begin - position, 0), chunk.length - read)
      const count = Math.min(parts - done, Math.max(1, Math.floor(memory.arena / floats / 4)))
      const need = count * floats * width
      // Numbers that get wider end where their floats will: then they are widened in place.
      const raw = arena + count * floats * 4 - need
      const taken = Math.min(need - filled, chunk.length - read - skip)
      bytes.set(chunk.subarray(read + skip, read + skip + taken), raw + filled)
      filled += taken
      read += skip + taken
      position += skip + taken
      if (filled < need) continue
      if (kernel) call(kernels, kernel, arena, raw, count * floats)
      for (const { rows, to, pack } of targets)
        for (const step of pack(to, arena, (done * rows) / parts, (count * rows) / parts)) call(kernels, ...step)
      filled = 0
      done += count
      if (done < parts) continue
      done = 0
      index++
    }
    position += chunk.length - read
  }
}
