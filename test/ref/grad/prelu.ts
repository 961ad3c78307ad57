import { type Tensor, tensor } from '../tensor.js'

/** x, dy: pixels × c, one slope for each channel. At 0 the slope counts, as in PyTorch. */
export const preluGrad = (dy: Tensor, x: Tensor, slope: Tensor) => {
  const c = x.shape[1]!
  const dslope = new Float64Array(c)
  const dx = tensor(x.shape, ([i, j]) => {
    const [v, d] = [x.data[i! * c + j!]!, dy.data[i! * c + j!]!]
    if (v > 0) return d
    dslope[j!]! += v * d
    return slope.data[j!]! * d
  })
  return { dx, dslope: { shape: [c], data: dslope } }
}
