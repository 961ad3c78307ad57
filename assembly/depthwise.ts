import { clamp, madd } from './simd'
import { firstTap, lastTap } from './window'

/**
 * y[n][i][j][c] = clamp(bias[c] + res[n][i][j][c] + Σ x[n][i·sh − pt + ky·dh][j·sw − pl + kx·dw][c] · w[ky][kx][c])
 *
 * Depthwise convolution: every channel has a kernel of its own. x: N×H×W×C, zeros around it; y, res: N×OH×OW×C (res 0:
 * none); w: [KH][KW][C]; bias: C floats (0: none). C is at least 4; the last four channels
 * may overlap the four before them, so y may be res only where C is a multiple of 4.
 */
export function conv_depthwise(
  y: usize, res: usize, x: usize, w: usize, bias: usize,
  n: i32, h: i32, width: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32, lo: f32, hi: f32,
): void {
  assert(c >= 4, 'conv_depthwise: fewer than 4 channels')
  const pixel = <usize>c << 2
  const row = <usize>width * pixel
  // Outputs whose windows lie inside the map from side to side.
  const begin = min((pl + sw - 1) / sw, ow)
  const end = max(begin, min(ow, (width - (kw - 1) * dw - 1 + pl) / sw + 1))
  const three = kh == 3 && kw == 3 && dw == 1
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const ky0 = firstTap(top, dh)
      const ky1 = lastTap(top, dh, kh, h)
      const from = x + <usize>(top + ky0 * dh) * row
      const weights = w + <usize>(ky0 * kw) * pixel
      const rows = ky1 - ky0
      const rowStep = <usize>dh * row
      for (let j = 0; j < ow; ++j) {
        const left = j * sw - pl
        const at = from + <usize>left * pixel
        const r = res != 0 ? res + <usize>j * pixel : 0
        if (three && rows == 3 && j >= begin && j + 4 <= end) {
          fourPixels(y + <usize>j * pixel, r, at, weights, bias, c, rowStep, <usize>sw * pixel, lo, hi)
          j += 3
        } else {
          const kx0 = firstTap(left, dw)
          const kx1 = lastTap(left, dw, kw, width)
          const skip = <usize>kx0 * pixel
          onePixel(
            y + <usize>j * pixel, r, at + <usize>dw * skip, weights + skip, bias, c, rows, kx1 - kx0, rowStep,
            <usize>dw * pixel, <usize>kw * pixel, lo, hi,
          )
        }
      }
      y += <usize>ow * pixel
      if (res != 0) res += <usize>ow * pixel
    }
    x += <usize>h * row
  }
}

// @ts-ignore: decorator
@inline
function put(y: usize, res: usize, v: v128, lo: v128, hi: v128): void {
  if (res != 0) v = f32x4.add(v, v128.load(res))
  v128.store(y, clamp(v, lo, hi))
}

// Any window, cut to the map: rows × taps of it.
function onePixel(
  y: usize, res: usize, x: usize, w: usize, bias: usize, c: i32, rows: i32, taps: i32,
  rowStep: usize, tapStep: usize, weightRow: usize, lo: f32, hi: f32,
): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  const pixel = <usize>c << 2
  for (let o = 0; o < c; o += 4) {
    const at = <usize>min(o, c - 4) << 2
    let v = bias != 0 ? v128.load(bias + at) : f32x4.splat(0)
    let p = x + at
    let q = w + at
    for (let ky = rows; ky > 0; --ky) {
      let a = p
      let b = q
      for (let kx = taps; kx > 0; --kx) {
        v = madd(v128.load(a), v128.load(b), v)
        a += tapStep
        b += pixel
      }
      p += rowStep
      q += weightRow
    }
    put(y + at, res != 0 ? res + at : 0, v, low, high)
  }
}

// Four pixels of a row with whole 3×3 windows, step bytes of x apart: the weights are read once for all.
function fourPixels(
  y: usize, res: usize, x: usize, w: usize, bias: usize, c: i32, rowStep: usize, step: usize, lo: f32, hi: f32,
): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  const pixel = <usize>c << 2
  for (let o = 0; o < c; o += 4) {
    const at = <usize>min(o, c - 4) << 2
    let v0 = bias != 0 ? v128.load(bias + at) : f32x4.splat(0)
    let v1 = v0
    let v2 = v0
    let v3 = v0
    let p = x + at
    let q = w + at
    for (let ky = 0; ky < 3; ++ky) {
      let a = p
      for (let kx = 0; kx < 3; ++kx) {
        const t = v128.load(q)
        v0 = madd(v128.load(a), t, v0)
        v1 = madd(v128.load(a + step), t, v1)
        v2 = madd(v128.load(a + 2 * step), t, v2)
        v3 = madd(v128.load(a + 3 * step), t, v3)
        a += pixel
        q += pixel
      }
      p += rowStep
    }
    const to = y + at
    const r = res != 0 ? res + at : 0
    const second = res != 0 ? pixel : 0
    put(to, r, v0, low, high)
    put(to + pixel, r + second, v1, low, high)
    put(to + 2 * pixel, r + 2 * second, v2, low, high)
    put(to + 3 * pixel, r + 3 * second, v3, low, high)
  }
}
