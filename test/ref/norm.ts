import { get, map, type Tensor, tensor } from './tensor.js'

/** ONNX BatchNormalization-15 at inference: y = (x − mean)/√(variance + ε)·scale + bias, one of each per channel (dimension 1). */
export const batchNorm = (x: Tensor, [scale, bias, mean, variance]: readonly Tensor[], epsilon: number): Tensor =>
  tensor(x.shape, index => {
    const c = index[1]!
    const deviation = Math.sqrt(variance!.data[c]! + epsilon)
    return ((get(x, index) - mean!.data[c]!) / deviation) * scale!.data[c]! + bias!.data[c]!
  })

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
