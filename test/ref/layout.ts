import { get, type Tensor, tensor } from './tensor.js'

/** y[i][c][r] = x[i][r][c] */
export const transpose = (x: Tensor): Tensor => {
  const [n, rows, cols] = x.shape as readonly [number, number, number]
  return tensor([n, cols, rows], ([i, c, r]) => get(x, [i!, r!, c!]))
}

/** ONNX Pad-18, mode constant: `pads` are all begins, then all ends; a negative one takes elements away. */
export const pad = (x: Tensor, pads: readonly number[], value = 0): Tensor => {
  const rank = x.shape.length
  const shape = x.shape.map((d, i) => d + pads[i]! + pads[i + rank]!)
  return tensor(shape, index =>
    get(
      x,
      index.map((at, i) => at - pads[i]!),
      value,
    ),
  )
}

/** ONNX Transpose-13: dimension i of the result is dimension perm[i] of x. */
export const permute = (x: Tensor, perm: readonly number[]): Tensor =>
  tensor(
    perm.map(d => x.shape[d]!),
    index =>
      get(
        x,
        x.shape.map((_, d) => index[perm.indexOf(d)]!),
      ),
  )

/** ONNX Concat-13. */
export const concat = (xs: readonly Tensor[], axis: number): Tensor => {
  const shape = [...xs[0]!.shape]
  shape[axis] = xs.reduce((sum, x) => sum + x.shape[axis]!, 0)
  return tensor(shape, index => {
    let at = index[axis]!
    const x = xs.find(x => {
      if (at < x.shape[axis]!) return true
      at -= x.shape[axis]!
      return false
    })
    return get(
      x!,
      index.map((i, d) => (d === axis ? at : i)),
    )
  })
}

/** ONNX Slice-13, written as its specification tells it. */
export const slice = (
  x: Tensor,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps: readonly number[],
): Tensor => {
  const picked = x.shape.map(d => Array.from({ length: d }, (_, i) => i))
  for (const [k, given] of axes.entries()) {
    const axis = given < 0 ? given + x.shape.length : given
    const length = x.shape[axis]!
    const step = steps[k]!
    const positive = (v: number) => (v < 0 ? v + length : v)
    const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v, low), high)
    const start = clamp(positive(starts[k]!), 0, step > 0 ? length : length - 1)
    const end = step > 0 ? clamp(positive(ends[k]!), 0, length) : clamp(positive(ends[k]!), -1, length - 1)
    const along: number[] = []
    for (let i = start; step > 0 ? i < end : i > end; i += step) along.push(i)
    picked[axis] = along
  }
  return tensor(
    picked.map(along => along.length),
    index =>
      get(
        x,
        index.map((i, d) => picked[d]![i]!),
      ),
  )
}
