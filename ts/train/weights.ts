import { widen } from '../compact.js'
import { fail } from '../error.js'
import { dtypeBytes } from '../file.js'
import type { Call } from '../ops/op.js'
import { size } from '../shape.js'
import type { Tensor, TensorInfo } from '../types.js'
import { bind, type Instance } from '../wasm.js'
import { readWeights } from '../weights.js'
import type { Slot, TrainProgram } from './compile.js'

/** Where tensors would lie in a file that held them in this order. */
export const infos = (tensors: ReadonlyMap<string, Tensor>): Map<string, TensorInfo> => {
  let end = 0
  return new Map(
    Array.from(tensors, ([name, { dtype, shape, data }]): [string, TensorInfo] => [
      name,
      { dtype, shape, begin: end, end: (end += data.length) },
    ]),
  )
}

/** Packs all tensors. */
export const writeTensors = (
  tensors: ReadonlyMap<string, Tensor>,
  program: Parameters<typeof readWeights>[1],
  instance: Instance,
): Promise<void> => {
  const all = [...tensors.values()]
  let [index, begin] = [0, 0]
  const read = async (target: Uint8Array): Promise<Uint8Array> => {
    for (let at = 0; at < target.length; ) {
      while (begin === all[index]!.data.length) [index, begin] = [index + 1, 0]
      const part = all[index]!.data.subarray(begin, begin + target.length - at)
      target.set(part, at)
      at += part.length
      begin += part.length
    }
    return target
  }
  const file = widen({ header: { tensors: infos(tensors) }, read }, program, instance, bind)
  return readWeights(file, program, instance)
}

/** The call that undoes one that packs. */
const inverse = ([kernel, to, from, ...rest]: Call): Call => {
  if (kernel === 'copy') return [kernel, from!, to!, ...rest]
  if (kernel === 'transpose') return [kernel, from!, to!, rest[0]!, rest[2]!, rest[1]!]
  if (kernel === 'pack_panels') return ['unpack_panels', from!, to!, ...rest]
  return fail('UNSUPPORTED', `what ${kernel} packs is not to be unpacked`)
}

/**
 * The numbers of a packed tensor, `bytes` from its own place (to its gradient or a moment), in the order of its shape. They pass
 * through the arena, which a run does not need to find as it was.
 */
export const readSlot = (
  slot: Slot,
  shift: number,
  floats: number,
  program: TrainProgram,
  { buffer, kernels }: Instance,
): Float32Array => {
  const { arena, memory } = program
  const { rows, pack, at } = slot
  const result = new Float32Array(floats)
  const part = floats / rows
  const most = Math.max(1, Math.floor(memory.arena / (part * 4)))
  for (let row = 0; row < rows; row += most) {
    const count = Math.min(most, rows - row)
    for (const call of pack(at + shift, arena, row, count)) bind(kernels, inverse(call))()
    result.set(new Float32Array(buffer, arena, count * part), row * part)
  }
  return result
}

/** The other way: from a tensor's numbers to its packed form. */
export const writeSlot = (
  slot: Slot,
  shift: number,
  values: Float32Array,
  program: TrainProgram,
  { buffer, kernels }: Instance,
): void => {
  const { arena, memory } = program
  const { rows, pack, at } = slot
  const part = values.length / rows
  const most = Math.max(1, Math.floor(memory.arena / (part * 4)))
  for (let row = 0; row < rows; row += most) {
    const count = Math.min(most, rows - row)
    new Float32Array(buffer, arena, count * part).set(values.subarray(row * part, (row + count) * part))
    for (const call of pack(at + shift, arena, row, count)) bind(kernels, call)()
  }
}

/** A tensor of single precision made of numbers. */
export const tensorOf = (shape: readonly number[], values: Float32Array): Tensor => ({
  dtype: 'F32',
  shape,
  data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
})

/** The numbers of a tensor of any float type, for what is small enough to be taken apart in JavaScript. */
export const numbers = ({ dtype, shape, data }: Tensor): Float32Array => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  if (dtype !== 'F32') fail('UNSUPPORTED', `a checkpoint holds numbers of F32, this one ${dtype}`)
  return Float32Array.from({ length: size(shape) }, (_, i) => view.getFloat32(i * dtypeBytes.F32, true))
}
