import { type Sliding, sliding } from './pool.js'
import { get, type Tensor, tensor } from './tensor.js'

/**
 * A convolution with stride s as one without: rows s·i + dy and columns s·j + dx of the padded map, and of the window filled up with
 * zeros, are the channels (dy·s + dx)·C to (dy·s + dx + 1)·C − 1 of the pixel (i, j).
 */
export const inPhases = (x: Tensor, w: Tensor, window: Omit<Sliding, 'kernel'>): { x: Tensor; w: Tensor } => {
  const [n, c, h, width] = x.shape as readonly [number, number, number, number]
  const [oc, , kh, kw] = w.shape as readonly [number, number, number, number]
  const { stride, pad, out } = sliding(h, width, { ...window, kernel: [kh, kw] })
  const s = stride[0]
  const k = Math.ceil(kh / s)
  const place = (channel: number) => [channel % c, Math.floor(channel / c / s), Math.floor(channel / c) % s] as const
  return {
    x: tensor([n, s * s * c, out[0] + k - 1, out[1] + k - 1], ([image, channel, i, j]) => {
      const [own, dy, dx] = place(channel!)
      return get(x, [image!, own, s * i! + dy - pad[0], s * j! + dx - pad[1]], 0)
    }),
    w: tensor([oc, s * s * c, k, k], ([o, channel, i, j]) => {
      const [own, dy, dx] = place(channel!)
      return get(w, [o!, own, s * i! + dy, s * j! + dx], 0)
    }),
  }
}
