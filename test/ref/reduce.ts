import { get, size, type Tensor, tensor } from './tensor.js'

/** ONNX ReduceMean-18; no axes: all of them. */
export const mean = (x: Tensor, axes: readonly number[], keepDims = true): Tensor => {
  const gone = x.shape.map((_, d) => axes.length === 0 || axes.includes(d))
  const over = x.shape.map((n, d) => (gone[d] ? n : 1))
  const kept = tensor(
    x.shape.map((n, d) => (gone[d] ? 1 : n)),
    index => {
      let sum = 0
      tensor(over, inner => {
        sum += get(
          x,
          index.map((i, d) => i + inner[d]!),
        )
        return 0
      })
      return sum / size(over)
    },
  )
  return keepDims ? kept : { ...kept, shape: kept.shape.filter((_, d) => !gone[d]) }
}
