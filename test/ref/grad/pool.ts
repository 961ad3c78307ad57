import { type Sliding, sliding } from '../pool.js'
import { position, type Tensor } from '../tensor.js'

/** Calls `visit` for every window, with the places of its taps in x and how many positions of the padding it meets. */
const windows = (
  shape: readonly number[],
  window: Sliding,
  visit: (out: number, taps: readonly number[], inPadding: number) => void,
) => {
  const [n, c, height, width] = shape as readonly [number, number, number, number]
  const { kernel, stride, dilation, pad, out } = sliding(height, width, window)
  let at = 0
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++)
      for (let i = 0; i < out[0]; i++)
        for (let j = 0; j < out[1]; j++) {
          const taps: number[] = []
          let inPadding = 0
          for (let ky = 0; ky < kernel[0]; ky++)
            for (let kx = 0; kx < kernel[1]; kx++) {
              const row = i * stride[0] - pad[0] + ky * dilation[0]
              const column = j * stride[1] - pad[1] + kx * dilation[1]
              const place = position(shape, [image, channel, row, column])
              if (place !== undefined) taps.push(place)
              else if (row < height + pad[2] && column < width + pad[3]) inPadding++
            }
          visit(at++, taps, inPadding)
        }
}

/** The gradient of a window goes to its first maximum, as in PyTorch; a NaN is more than any number. */
export const maxPoolGrad = (dy: Tensor, x: Tensor, window: Sliding): Tensor => {
  const dx = new Float64Array(x.data.length)
  windows(x.shape, window, (out, taps) => {
    let best = taps[0]!
    for (const tap of taps) {
      const [v, most] = [x.data[tap]!, x.data[best]!]
      if (v > most || (Number.isNaN(v) && !Number.isNaN(most))) best = tap
    }
    dx[best]! += dy.data[out]!
  })
  return { shape: x.shape, data: dx }
}

/** The gradient of a window is shared out evenly among what it took the mean of. */
export const avgPoolGrad = (dy: Tensor, shape: readonly number[], window: Sliding): Tensor => {
  const dx = new Float64Array(shape.reduce((a, b) => a * b, 1))
  windows(shape, window, (out, taps, inPadding) => {
    const share = dy.data[out]! / (taps.length + (window.includePad === true ? inPadding : 0))
    for (const tap of taps) dx[tap]! += share
  })
  return { shape, data: dx }
}
