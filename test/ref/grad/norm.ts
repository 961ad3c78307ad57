// Batch normalisation in training. Maps are pixels × c.
import { map, type Tensor, tensor } from '../tensor.js'

/** Σ over the pixels, for each channel. */
const columns = (x: Tensor, f: (v: number, channel: number, i: number) => number): Tensor => {
  const c = x.shape[1]!
  const data = new Float64Array(c)
  x.data.forEach((v, i) => {
    data[i % c]! += f(v, i % c, i)
  })
  return { shape: [c], data }
}

/** Mean and 1/√(variance + ε) of each channel, and the variance itself, biased. */
export const batchStats = (x: Tensor, epsilon: number) => {
  const pixels = x.shape[0]!
  const mean = map(
    columns(x, v => v),
    sum => sum / pixels,
  )
  const variance = map(
    columns(x, (v, c) => (v - mean.data[c]!) ** 2),
    sum => sum / pixels,
  )
  return { mean, variance, invstd: map(variance, v => 1 / Math.sqrt(v + epsilon)) }
}

/** PyTorch's running statistics: the variance is the unbiased one, and that of a single pixel is 0. */
export const running = (old: Tensor, batch: Tensor, momentum: number, pixels = 0): Tensor => {
  const factor = pixels > 1 ? pixels / (pixels - 1) : 1
  return map(old, (v, i) => (1 - momentum) * v + momentum * factor * batch.data[i]!)
}

export const normalised = (x: Tensor, mean: Tensor, invstd: Tensor): Tensor => {
  const c = x.shape[1]!
  return map(x, (v, i) => (v - mean.data[i % c]!) * invstd.data[i % c]!)
}

/** y = x̂·scale + shift */
export const batchNorm = (x: Tensor, mean: Tensor, invstd: Tensor, scale: Tensor, shift: Tensor): Tensor =>
  tensor(x.shape, ([i, c]) => {
    const v = x.data[i! * x.shape[1]! + c!]!
    return (v - mean.data[c!]!) * invstd.data[c!]! * scale.data[c!]! + shift.data[c!]!
  })

/** Σ dy and Σ dy·x̂: the gradients of shift and scale. */
export const batchNormSums = (dy: Tensor, x: Tensor, mean: Tensor, invstd: Tensor) => {
  const hat = normalised(x, mean, invstd).data
  return { sum: columns(dy, v => v), dot: columns(dy, (v, _, i) => v * hat[i]!) }
}

/** dx = scale·invstd·(dy − (Σdy + x̂·Σdy·x̂)/pixels) */
export const batchNormGrad = (
  dy: Tensor,
  x: Tensor,
  { mean, invstd }: { readonly mean: Tensor; readonly invstd: Tensor },
  { sum, dot }: { readonly sum: Tensor; readonly dot: Tensor },
  scale: Tensor,
): Tensor => {
  const [pixels, c] = x.shape as readonly [number, number]
  const hat = normalised(x, mean, invstd).data
  return map(dy, (d, i) => {
    const k = i % c
    return scale.data[k]! * invstd.data[k]! * (d - (sum.data[k]! + hat[i]! * dot.data[k]!) / pixels)
  })
}
