import { get, type Tensor, tensor } from './tensor.js'

type Pair = readonly [number, number]

/** The attributes of an operator that slides a window, as a graph has them. */
export interface Sliding {
  readonly kernel: Pair
  readonly stride?: Pair
  readonly dilation?: Pair
  /** Top, left, bottom, right, or ONNX's auto_pad. */
  readonly pad?: readonly [number, number, number, number] | 'same_upper' | 'same_lower'
  readonly ceil?: boolean
  readonly includePad?: boolean
}

/**
 * Pads and output size. ONNX: out = floor((in + pads − ((kernel − 1)·dilation + 1)) / stride + 1), or ceil with ceil_mode,
 * where "sliding windows that would start in the right padded region are ignored". auto_pad SAME: out = ceil(in / stride),
 * pads = (out − 1)·stride + ((kernel − 1)·dilation + 1) − in, an odd one at the end (UPPER) or at the beginning (LOWER).
 */
export const sliding = (height: number, width: number, window: Sliding) => {
  const { kernel, stride = [1, 1], dilation = [1, 1], pad = [0, 0, 0, 0], ceil = false } = window
  const axis = (i: 0 | 1, length: number): readonly [before: number, after: number, out: number] => {
    const reach = (kernel[i] - 1) * dilation[i] + 1
    if (typeof pad === 'string') {
      const out = Math.ceil(length / stride[i])
      const both = Math.max(0, (out - 1) * stride[i] + reach - length)
      const less = Math.floor(both / 2)
      return pad === 'same_upper' ? [less, both - less, out] : [both - less, less, out]
    }
    const [before, after] = [pad[i], pad[i + 2]!]
    const exact = (length + before + after - reach) / stride[i] + 1
    let out = ceil ? Math.ceil(exact) : Math.floor(exact)
    while (ceil && (out - 1) * stride[i] >= length + before) out--
    return [before, after, out]
  }
  const [top, bottom, oh] = axis(0, height)
  const [left, right, ow] = axis(1, width)
  return { kernel, stride, dilation, pad: [top, left, bottom, right] as const, out: [oh, ow] as const }
}

/** Calls `visit` with every tap of every window that lies in the map or its padding. */
const pool = (x: Tensor, window: Sliding, reduce: (inside: readonly number[], inPadding: number) => number): Tensor => {
  const [n, c, height, width] = x.shape as readonly [number, number, number, number]
  const { kernel, stride, dilation, pad, out } = sliding(height, width, window)
  return tensor([n, c, ...out], ([image, channel, i, j]) => {
    const inside: number[] = []
    let inPadding = 0
    for (let ky = 0; ky < kernel[0]; ky++)
      for (let kx = 0; kx < kernel[1]; kx++) {
        const row = i! * stride[0] - pad[0] + ky * dilation[0]
        const column = j! * stride[1] - pad[1] + kx * dilation[1]
        if (row >= 0 && row < height && column >= 0 && column < width)
          inside.push(get(x, [image!, channel!, row, column]))
        // With ceil_mode a window may reach beyond the padding: what is there counts for nothing.
        else if (row < height + pad[2] && column < width + pad[3]) inPadding++
      }
    return reduce(inside, inPadding)
  })
}

/** ONNX MaxPool-12: the maximum of what the window sees of the map; NaN if one of them is. */
export const maxPool = (x: Tensor, window: Sliding): Tensor => pool(x, window, inside => Math.max(...inside))

/** ONNX AveragePool-19: the mean of what the window sees of the map, or of the map and its padding (count_include_pad). */
export const avgPool = (x: Tensor, window: Sliding): Tensor =>
  pool(x, window, (inside, inPadding) => {
    const sum = inside.reduce((a, b) => a + b, 0)
    return sum / (inside.length + (window.includePad === true ? inPadding : 0))
  })

/** ONNX GlobalAveragePool-1. */
export const globalAvgPool = (x: Tensor): Tensor => avgPool(x, { kernel: x.shape.slice(2) as unknown as Pair })

/** ONNX GlobalMaxPool-1. */
export const globalMaxPool = (x: Tensor): Tensor => maxPool(x, { kernel: x.shape.slice(2) as unknown as Pair })
