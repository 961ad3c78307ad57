import { get, map, type Tensor, tensor } from './tensor.js'

const limit = (v: number, lo: number, hi: number): number => {
  if (v < lo) return lo
  if (v > hi) return hi
  return v
}

/** x, but at least lo and at most hi. A NaN is neither below nor above and stays; so does −0 at a limit of 0. */
export const clamp = (x: Tensor, lo: number, hi: number): Tensor => map(x, v => limit(v, lo, hi))

/** ONNX Relu-14. */
export const relu = (x: Tensor): Tensor => clamp(x, 0, Number.POSITIVE_INFINITY)

/** ONNX Tanh-13. */
export const tanh = (x: Tensor): Tensor => map(x, Math.tanh)

/** ONNX Sigmoid-13: 1 / (1 + e^−x). */
export const sigmoid = (x: Tensor): Tensor => map(x, v => 1 / (1 + Math.exp(-v)))

/** Shapes aligned at their last dimensions, every 1 stretched. */
const broadcastShape = (a: readonly number[], b: readonly number[]): number[] => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const [p, q] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1]
    return p === 1 ? q : p
  })
}

/** The element that an index of the broadcast shape reads. */
const stretched = (x: Tensor, index: readonly number[]): number =>
  get(
    x,
    x.shape.map((d, i) => (d === 1 ? 0 : index[i + index.length - x.shape.length]!)),
  )

/** ONNX Add-14, with numpy's broadcasting. */
export const add = (a: Tensor, b: Tensor): Tensor =>
  tensor(broadcastShape(a.shape, b.shape), index => stretched(a, index) + stretched(b, index))
