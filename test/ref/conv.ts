import { type Sliding, sliding } from './pool.js'
import { get, position, type Tensor, tensor } from './tensor.js'

/**
 * ONNX Conv-11: y[n][o][i][j] = b[o] + Σ x[n][g·C/G + c][i·sh − top + ky·dh][j·sw − left + kx·dw] · w[o][c][ky][kx] over
 * c, ky, kx, where g is the group of output channel o and x is 0 outside the map.
 */
export const conv = (
  x: Tensor,
  w: Tensor,
  b: Tensor | undefined,
  { groups = 1, ...window }: Omit<Sliding, 'kernel'> & { readonly groups?: number } = {},
): Tensor => {
  const [n, , height, width] = x.shape as readonly [number, number, number, number]
  const [oc, channels, kh, kw] = w.shape as readonly [number, number, number, number]
  const { stride, dilation, pad, out } = sliding(height, width, { ...window, kernel: [kh, kw] })
  return tensor([n, oc, ...out], ([image, o, i, j]) => {
    const group = Math.floor(o! / (oc / groups))
    let sum = b === undefined ? 0 : b.data[o!]!
    for (let c = 0; c < channels; c++)
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++) {
          const row = i! * stride[0] - pad[0] + ky * dilation[0]
          const column = j! * stride[1] - pad[1] + kx * dilation[1]
          // Zero times infinity is NaN: outside the map there is nothing to multiply.
          const value = get(x, [image!, group * channels + c, row, column], 0)
          if (row >= 0 && row < height && column >= 0 && column < width) sum += value * get(w, [o!, c, ky, kx])
        }
    return sum
  })
}

/** The window of a transposed convolution, as a graph has it. */
export interface Transposed extends Omit<Sliding, 'pad'> {
  readonly pad?: readonly [number, number, number, number]
  readonly outputPad?: readonly [number, number]
  readonly groups?: number
}

/**
 * ONNX ConvTranspose-22, as its definition has it: every input is spread over the outputs that a convolution would have made
 * it of. y[n][g·OC/G + o][i·sh − top + ky·dh][j·sw − left + kx·dw] += x[n][c][i][j] · w[c][o][ky][kx], g the group of
 * c; b is added to all. out = stride·(in − 1) + outputPad + dilation·(kernel − 1) + 1 − pads.
 */
export const convTranspose = (x: Tensor, w: Tensor, b: Tensor | undefined, window: Transposed): Tensor => {
  const { stride = [1, 1], dilation = [1, 1], pad = [0, 0, 0, 0], outputPad = [0, 0], groups = 1 } = window
  const [n, channels, ...image] = x.shape as readonly [number, number, number, number]
  const [, each, ...kernel] = w.shape as readonly [number, number, number, number]
  const out = ([0, 1] as const).map(
    i => stride[i] * (image[i]! - 1) + outputPad[i] + dilation[i] * (kernel[i]! - 1) + 1 - pad[i] - pad[i + 2]!,
  )
  const y = tensor([n, each * groups, ...out], ([, o]) => (b === undefined ? 0 : b.data[o!]!))
  tensor([n, channels, each, ...image, ...kernel], ([m, c, o, i, j, ky, kx]) => {
    const group = Math.floor(c! / (channels / groups))
    const row = i! * stride[0] - pad[0] + ky! * dilation[0]
    const column = j! * stride[1] - pad[1] + kx! * dilation[1]
    const at = position(y.shape, [m!, group * each + o!, row, column])
    if (at !== undefined) y.data[at]! += get(x, [m!, c!, i!, j!]) * get(w, [c!, o!, ky!, kx!])
    return 0
  })
  return y
}

/** ONNX MatMul-13: y[…][i][j] = Σ_k a[…][i][k]·b[…][k][j], the dimensions in front by numpy's broadcasting. */
export const matMul = (a: Tensor, b: Tensor): Tensor => {
  const [m, k, n] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!]
  const rank = Math.max(a.shape.length, b.shape.length)
  const filled = ({ shape }: Tensor) => [...Array<number>(rank - shape.length).fill(1), ...shape]
  const outer = filled(a)
    .slice(0, -2)
    .map((d, i) => (d === 1 ? filled(b)[i]! : d))
  /** Where an index of the result is in an operand of fewer dimensions, or of ones. */
  const within = (t: Tensor, index: readonly number[]) => {
    const own = index.slice(index.length - t.shape.length)
    return own.map((at, i) => (t.shape[i] === 1 ? 0 : at))
  }
  return tensor([...outer, m, n], index => {
    const [lead, i, j] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!]
    let sum = 0
    for (let at = 0; at < k; at++) sum += get(a, within(a, [...lead, i, at])) * get(b, within(b, [...lead, at, j]))
    return sum
  })
}

/** ONNX Gemm-13 with transB, and `gemv`: y[…][o] = b[o] + Σ_k x[…][k]·w[o][k] over the last dimension of x. */
export const gemm = (x: Tensor, w: Tensor, b: Tensor | undefined): Tensor => {
  const [out, k] = w.shape as readonly [number, number]
  return tensor([...x.shape.slice(0, -1), out], index => {
    const o = index.at(-1)!
    let sum = b === undefined ? 0 : b.data[o]!
    for (let i = 0; i < k; i++) sum += get(x, [...index.slice(0, -1), i]) * get(w, [o, i])
    return sum
  })
}
