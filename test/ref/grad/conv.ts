import { type Sliding, sliding } from '../pool.js'
import { get, position, type Tensor, tensor } from '../tensor.js'

type Window = Omit<Sliding, 'kernel'> & { readonly groups?: number }

/**
 * Calls `visit` with every product of a convolution of x by w: the positions in y, x and w of its result and its factors.
 * The shapes are N×OC×OH×OW, N×C×H×W and OC×C/groups×KH×KW.
 */
const products = (
  y: readonly number[],
  x: readonly number[],
  w: readonly number[],
  { groups = 1, ...window }: Window,
  visit: (y: number, x: number, w: number) => void,
): void => {
  const [height, width] = x.slice(2) as [number, number]
  const [outputs, channels, kh, kw] = w as readonly [number, number, number, number]
  const { stride, dilation, pad } = sliding(height, width, { ...window, kernel: [kh, kw] })
  tensor(y, index => {
    const [n, o, i, j] = index as [number, number, number, number]
    const group = Math.floor(o / (outputs / groups))
    for (let c = 0; c < channels; c++)
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++) {
          const row = i * stride[0] - pad[0] + ky * dilation[0]
          const column = j * stride[1] - pad[1] + kx * dilation[1]
          const from = position(x, [n, group * channels + c, row, column])
          if (from !== undefined) visit(position(y, index)!, from, position(w, [o, c, ky, kx])!)
        }
    return 0
  })
}

/** dw[o][c][ky][kx] = Σ dy[n][o][i][j] · x[n][…][i·sh − top + ky·dh][j·sw − left + kx·dw] over n, i, j. */
export const convGradWeight = (dy: Tensor, x: Tensor, shape: readonly number[], window: Window = {}): Tensor => {
  const dw = tensor(shape, () => 0)
  products(dy.shape, x.shape, shape, window, (o, i, k) => {
    dw.data[k]! += dy.data[o]! * x.data[i]!
  })
  return dw
}

/** dx = Σ dy · w over the outputs that saw an input. */
export const convGradInput = (dy: Tensor, w: Tensor, shape: readonly number[], window: Window = {}): Tensor => {
  const dx = tensor(shape, () => 0)
  products(dy.shape, shape, w.shape, window, (o, i, k) => {
    dx.data[i]! += dy.data[o]! * w.data[k]!
  })
  return dx
}

/** db[o] = Σ dy[n][o][i][j] over n, i, j. */
export const convGradBias = (dy: Tensor): Tensor => {
  const [n, outputs, height, width] = dy.shape as readonly [number, number, number, number]
  return tensor([outputs], ([o]) => {
    let sum = 0
    for (let image = 0; image < n; image++)
      for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) sum += get(dy, [image, o!, i, j])
    return sum
  })
}
