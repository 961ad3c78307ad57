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
