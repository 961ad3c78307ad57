// Weights that no training made, for networks of the builders.
import type { Network } from '../../models/index.js'
import { encodeModel } from '../../ts/file.js'
import type { Tensor } from '../../ts/types.js'

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

export const floats = (shape: readonly number[], of: (i: number) => number = i => i): Tensor => ({
  dtype: 'F32',
  shape,
  data: new Uint8Array(Float32Array.from({ length: size(shape) }, (_, i) => of(i)).buffer),
})

/** Seeded numbers between −1 and 1 (xorshift), variances positive; small enough that no layer overflows. */
export const seeded = ({ parameters }: Network, seed = 1): Map<string, Tensor> => {
  let state = seed
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  }
  return new Map(
    Object.entries(parameters).map(([name, shape]) => {
      const scale = name.endsWith('.weight') && shape.length > 1 ? (size(shape) / shape[0]!) ** -0.5 : 0.1
      const isVariance = name.endsWith('running_var') || (name.endsWith('.weight') && shape.length === 1)
      return [name, floats(shape, () => (isVariance ? 1 : 0) + scale * random())]
    }),
  )
}

/** The bytes of a plain safetensors file. */
export const stateDict = async (tensors: ReadonlyMap<string, Tensor>): Promise<Uint8Array> => {
  // What convlet adds to a header is text that other tools ignore; here it is overwritten in its place.
  const bytes = await encodeModel({ tensors })
  const at = Buffer.from(bytes.buffer).indexOf('"convlet"')
  bytes.set(new TextEncoder().encode('"pt"     '), at)
  return bytes
}
