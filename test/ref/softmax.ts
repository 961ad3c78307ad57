import { get, size, type Tensor, tensor } from './tensor.js'

/** All elements along an axis that goes through an index. */
const through = (x: Tensor, axis: number, index: readonly number[]): number[] =>
  Array.from({ length: x.shape[axis]! }, (_, i) =>
    get(
      x,
      index.map((at, d) => (d === axis ? i : at)),
    ),
  )

/** ONNX Softmax-13: y = e^(x − max) / Σ e^(x − max) along one axis. −∞ gives 0, unless everything is −∞: that gives NaN. */
export const softmax = (x: Tensor, axis: number): Tensor =>
  tensor(x.shape, index => {
    const along = through(x, axis, index)
    const top = Math.max(...along)
    return Math.exp(get(x, index) - top) / along.reduce((sum, v) => sum + Math.exp(v - top), 0)
  })

/** ONNX LogSoftmax-13: y = x − max − log Σ e^(x − max) along one axis. */
export const logSoftmax = (x: Tensor, axis: number): Tensor =>
  tensor(x.shape, index => {
    const along = through(x, axis, index)
    const top = Math.max(...along)
    return get(x, index) - top - Math.log(along.reduce((sum, v) => sum + Math.exp(v - top), 0))
  })

/** x as outer × n × inner around an axis. */
export const around = (shape: readonly number[], axis: number): readonly [outer: number, n: number, inner: number] => [
  size(shape.slice(0, axis)),
  shape[axis]!,
  size(shape.slice(axis + 1)),
]
