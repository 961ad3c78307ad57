import { gamma, U } from '../bounds.js'
import { get, map, type Tensor, tensor } from './tensor.js'

/** ONNX BatchNormalization-15 at inference: y = (x − mean)/√(variance + ε)·scale + bias, one of each per channel (dimension 1). */
export const batchNorm = (x: Tensor, [scale, bias, mean, variance]: readonly Tensor[], epsilon: number): Tensor =>
  tensor(x.shape, index => {
    const c = index[1]!
    const deviation = Math.sqrt(variance!.data[c]! + epsilon)
    return ((get(x, index) - mean!.data[c]!) / deviation) * scale!.data[c]! + bias!.data[c]!
  })

/** Mean and variance over all but the first two dimensions, one of each for each of those. */
const moments = (x: Tensor): readonly (readonly [mean: number, variance: number])[] => {
  const [n = 1, c = 1] = x.shape
  const pixels = x.data.length / (n * c)
  return Array.from({ length: n * c }, (_, i) => {
    const part = x.data.slice(i * pixels, (i + 1) * pixels)
    const mean = part.reduce((a, b) => a + b, 0) / pixels
    return [mean, part.reduce((sum, v) => sum + (v - mean) ** 2, 0) / pixels]
  })
}

/** ONNX InstanceNormalization-22: each channel of an image by its own mean and variance. */
export const instanceNorm = (x: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor => {
  const [n = 1, c = 1] = x.shape
  const own = moments(x)
  const pixels = x.data.length / (n * c)
  return map(x, (v, i) => {
    const place = Math.floor(i / pixels)
    const [mean, variance] = own[place]!
    return ((v - mean) / Math.sqrt(variance + epsilon)) * scale.data[place % c]! + bias.data[place % c]!
  })
}

/** How far single precision may be from it where each x is by its error: of the mean and the deviation, and in the sums. */
export const instanceNormBound = (x: Tensor, off: Tensor, scale: Tensor, bias: Tensor, epsilon: number): Tensor => {
  const [n = 1, c = 1] = x.shape
  const own = moments(x)
  const pixels = x.data.length / (n * c)
  return map(x, (v, i) => {
    const place = Math.floor(i / pixels)
    const [mean, variance] = own[place]!
    const e = Math.max(...off.data.slice(place * pixels, (place + 1) * pixels))
    const deviation = Math.sqrt(variance + epsilon)
    const s = Math.abs(scale.data[place % c]!) / deviation
    const far = Math.abs(v - mean)
    // The mean is as good as the numbers are: half a unit of the largest of them.
    const size = Math.abs(v) + Math.abs(mean) + Math.sqrt(variance)
    const carried = (2 * e + far * ((1.1 * e) / deviation + (e / deviation) ** 2)) * s
    return carried + gamma(pixels + 20) * (far + e) * s + 4 * U * size * s + 4 * U * Math.abs(bias.data[place % c]!)
  })
}

/** How batch norm's sizes come about when it is x·s + t: |x·s| + |bias| + |mean·s|, to bound its roundings. */
export const batchNormSizes = (x: Tensor, [scale, bias, mean, variance]: readonly Tensor[], epsilon: number): Tensor =>
  tensor(x.shape, index => {
    const c = index[1]!
    const s = Math.abs(scale!.data[c]! / Math.sqrt(variance!.data[c]! + epsilon))
    return (Math.abs(get(x, index)) + Math.abs(mean!.data[c]!)) * s + Math.abs(bias!.data[c]!)
  })

/** ONNX LRN-13: y = x / (bias + α/size·Σ x²)^β, over the channels from c − ⌊(size−1)/2⌋ to c + ⌈(size−1)/2⌉. */
export const lrn = (x: Tensor, size: number, alpha: number, beta: number, bias: number): Tensor => {
  const squares = map(x, v => v * v)
  return tensor(x.shape, index => {
    const [n, c, h, w] = index as [number, number, number, number]
    let sum = 0
    for (let k = c - Math.floor((size - 1) / 2); k <= c + Math.ceil((size - 1) / 2); k++)
      sum += get(squares, [n, k, h, w], 0)
    return get(x, index) / (bias + (alpha / size) * sum) ** beta
  })
}
