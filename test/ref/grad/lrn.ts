import { abs, get, map, type Tensor, tensor } from '../tensor.js'

type Constants = readonly [size: number, alpha: number, beta: number, bias: number]

/** The gradient of ONNX LRN-13, y = x/b^β with b = bias + α/size·Σ x². Maps are N×C×H×W. */
export const lrnGrad = (dy: Tensor, x: Tensor, ...constants: Constants): Tensor => two(dy, x, constants, -1)

/** The sum of what that is the difference of, to bound its roundings. */
export const lrnGradSizes = (dy: Tensor, x: Tensor, ...constants: Constants): Tensor =>
  two(abs(dy), abs(x), constants, 1)

const two = (dy: Tensor, x: Tensor, [size, alpha, beta, bias]: Constants, sign: number): Tensor => {
  const before = Math.floor((size - 1) / 2)
  const after = Math.ceil((size - 1) / 2)
  const base = tensor(x.shape, ([n, c, h, w]) => {
    let sum = 0
    for (let k = c! - before; k <= c! + after; k++) sum += get(x, [n!, k, h!, w!], 0) ** 2
    return bias + (alpha / size) * sum
  })
  const inner = map(dy, (d, i) => (d * x.data[i]!) / base.data[i]! ** (beta + 1))
  const outer = map(dy, (d, i) => d / base.data[i]! ** beta)
  return tensor(x.shape, index => {
    const [n, c, h, w] = index as [number, number, number, number]
    let sum = 0
    // The windows that c lies in.
    for (let k = c - after; k <= c + before; k++) sum += get(inner, [n, k, h, w], 0)
    return get(outer, index) + sign * ((2 * alpha * beta) / size) * get(x, index) * sum
  })
}
