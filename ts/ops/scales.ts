// Weights as 8-bit integers: w[…] = q[…]·scale[…], the scales a tensor of their own that broadcasts to the weights.
import { fail } from '../error.js'
import { show, size } from '../shape.js'
import type { Shape, Tensor, TensorInfo } from '../types.js'

/** The name of the tensor that holds a tensor's scales. */
export const scaleOf = (tensor: string): string => `${tensor}_scale`

/** The scales of a tensor of I8: as many dimensions, all 1 but at most one, which is as long as the tensor's. */
export const findScale = <T extends Pick<TensorInfo, 'dtype' | 'shape'>>(
  tensors: ReadonlyMap<string, T>,
  name: string,
): T => {
  const { shape } = tensors.get(name)!
  const scale = tensors.get(scaleOf(name))
  const { dtype, shape: own = [] } = scale ?? {}
  const fits = dtype === 'F32' && own.length === shape.length && own.every((d, i) => d === 1 || d === shape[i])
  if (scale && fits && own.filter(d => d !== 1).length < 2) return scale
  return fail(
    'SHAPE',
    `"${name}" of I8 (${show(shape)}) needs scales, "${scaleOf(name)}" of F32 with one number for each channel ` +
      `(${shape.map((d, i) => (i ? 1 : d)).join('×')}); it is ${dtype ?? 'absent'} ${own}`,
  )
}

/** to[i] = from[i]·scale: element `first` on of a tensor of this shape. `to` may end where `from` does. */
export const dequantise = (
  to: Float32Array,
  from: Int8Array,
  first: number,
  shape: Shape,
  scales: Float32Array,
  scaleShape: Shape,
): void => {
  const axis = scaleShape.findIndex(d => d !== 1)
  const inner = size(shape.slice(axis + 1))
  for (let i = 0; i < from.length; ) {
    const at = Math.floor((first + i) / inner)
    const scale = scales[at % scales.length]!
    const end = Math.min((at + 1) * inner - first, from.length)
    for (; i < end; i++) to[i] = from[i]! * scale
  }
}

/** The numbers of a tensor's bytes, which may begin anywhere. A Buffer's slice would be no copy. */
const floatsOf = ({ data }: Tensor): Float32Array => new Float32Array(new Uint8Array(data).buffer)

/** Tensors without those of I8 that have scales: they become F32, and the scales go. */
export const withoutScales = (tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> => {
  const result = new Map(tensors)
  for (const [name, { dtype, shape, data }] of tensors)
    if (dtype === 'I8' && tensors.has(scaleOf(name))) {
      const scale = findScale(tensors, name)
      const floats = new Float32Array(data.length)
      const integers = new Int8Array(data.buffer, data.byteOffset, data.length)
      dequantise(floats, integers, 0, shape, floatsOf(scale), scale.shape)
      result.set(name, { dtype: 'F32', shape, data: new Uint8Array(floats.buffer) }).delete(scaleOf(name))
    }
  return result
}
