import { loadLanes, madd, storeLanes } from '../simd'
import { firstTap, lastTap } from '../window'

// Output pixels whose products are added up at temp before they go to dw: so of a million pixels the rounding errors of a
// few thousand additions add up, not of a million.
const RUN = 1024

/**
 * dw[ky][kx][c] += Σ x[n][i·sh − pt + ky·dh][j·sw − pl + kx·dw][c] · dy[n][i][j][c] over n, i, j
 *
 * The gradient of conv_depthwise by its weights. x: N×H×W×C, zeros around it; dy: N×OH×OW×C; dw: [KH][KW][C]. temp: KH·KW·C
 * floats of scratch. Channels go innermost, since that is how they lie: the products of four pixels of a row are added in
 * registers, and the sums to temp, which stays in the first-level cache.
 */
export function depthwise_grad_weight(
  dw: usize, x: usize, dy: usize, temp: usize, n: i32, h: i32, width: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dwid: i32,
): void {
  assert(n > 0 && c > 0 && oh > 0 && ow > 0, 'depthwise_grad_weight: empty output')
  const pixel = <usize>c << 2
  const row = <usize>width * pixel
  const tapRow = <usize>kw * pixel
  // Outputs whose windows lie inside the map from side to side.
  const begin = min((pl + sw - 1) / sw, ow)
  const end = max(begin, min(ow, (width - (kw - 1) * dwid - 1 + pl) / sw + 1))
  const three = kw == 3 && sw == 1 && dwid == 1
  const floats = kh * kw * c
  memory.fill(temp, 0, <usize>floats << 2)
  let pixels = 0
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const last = lastTap(top, dh, kh, h)
      let j = 0
      while (j < ow) {
        const left = j * sw - pl
        const four = j >= begin && j + 4 <= end
        const kx0 = four ? 0 : firstTap(left, dwid)
        const kx1 = four ? kw : lastTap(left, dwid, kw, width)
        const at = x + <usize>(left + kx0 * dwid) * pixel
        const to = temp + <usize>kx0 * pixel
        for (let ky = firstTap(top, dh); ky < last; ++ky) {
          const from = at + <usize>(top + ky * dh) * row
          const sum = to + <usize>ky * tapRow
          if (!four) onePixel(sum, from, dy, c, kx1 - kx0, <usize>dwid * pixel)
          else if (three) fourByThree(sum, from, dy, c)
          else fourPixels(sum, from, dy, c, kw, <usize>sw * pixel, <usize>dwid * pixel)
        }
        j += four ? 4 : 1
        dy += four ? pixel << 2 : pixel
      }
      pixels += ow
      if (pixels >= RUN) {
        flush(dw, temp, floats)
        pixels = 0
      }
    }
    x += <usize>h * row
  }
  flush(dw, temp, floats)
}

// dw += temp, temp = 0
function flush(dw: usize, temp: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    storeLanes(dw, f32x4.add(loadLanes(dw, n), loadLanes(temp, n)), n)
    storeLanes(temp, f32x4.splat(0), n)
    dw += 16
    temp += 16
  }
}

// dw[t][c] += x[t][c]·dy[c] for one pixel and some taps of a row.
function onePixel(dw: usize, x: usize, dy: usize, c: i32, taps: i32, tapStep: usize): void {
  const pixel = <usize>c << 2
  for (; taps > 0; --taps) {
    for (let o = 0; o < c; o += 4) {
      const at = <usize>o << 2
      const v = madd(loadLanes(x + at, c - o), loadLanes(dy + at, c - o), loadLanes(dw + at, c - o))
      storeLanes(dw + at, v, c - o)
    }
    dw += pixel
    x += tapStep
  }
}

// dw[t][c] += Σ x[p][t][c]·dy[p][c] over four pixels p, step bytes of x apart.
function fourPixels(dw: usize, x: usize, dy: usize, c: i32, taps: i32, step: usize, tapStep: usize): void {
  const pixel = <usize>c << 2
  let o = c
  for (; o >= 4; o -= 4) {
    fourTaps(dw, x, dy, pixel, taps, step, tapStep, 4)
    dw += 16
    x += 16
    dy += 16
  }
  if (o > 0) fourTaps(dw, x, dy, pixel, taps, step, tapStep, o)
}

// @ts-ignore: decorator
@inline
function fourTaps(
  dw: usize, x: usize, dy: usize, pixel: usize, taps: i32, step: usize, tapStep: usize, count: i32,
): void {
  const g0 = loadLanes(dy, count)
  const g1 = loadLanes(dy + pixel, count)
  const g2 = loadLanes(dy + 2 * pixel, count)
  const g3 = loadLanes(dy + 3 * pixel, count)
  for (let t = taps; t > 0; --t) {
    let v = madd(loadLanes(x, count), g0, loadLanes(dw, count))
    v = madd(loadLanes(x + step, count), g1, v)
    v = madd(loadLanes(x + 2 * step, count), g2, v)
    v = madd(loadLanes(x + 3 * step, count), g3, v)
    storeLanes(dw, v, count)
    dw += pixel
    x += tapStep
  }
}

// The same for three taps side by side and stride 1: of the twelve factors of x only six are different.
function fourByThree(dw: usize, x: usize, dy: usize, c: i32): void {
  const pixel = <usize>c << 2
  let o = c
  for (; o >= 4; o -= 4) {
    twelve(dw, x, dy, pixel, 4)
    dw += 16
    x += 16
    dy += 16
  }
  if (o > 0) twelve(dw, x, dy, pixel, o)
}

// @ts-ignore: decorator
@inline
function twelve(dw: usize, x: usize, dy: usize, pixel: usize, count: i32): void {
  const g0 = loadLanes(dy, count)
  const g1 = loadLanes(dy + pixel, count)
  const g2 = loadLanes(dy + 2 * pixel, count)
  const g3 = loadLanes(dy + 3 * pixel, count)
  let v = loadLanes(x, count)
  let a = madd(v, g0, loadLanes(dw, count))
  v = loadLanes(x + pixel, count)
  a = madd(v, g1, a)
  let b = madd(v, g0, loadLanes(dw + pixel, count))
  v = loadLanes(x + 2 * pixel, count)
  a = madd(v, g2, a)
  b = madd(v, g1, b)
  let d = madd(v, g0, loadLanes(dw + 2 * pixel, count))
  v = loadLanes(x + 3 * pixel, count)
  storeLanes(dw, madd(v, g3, a), count)
  b = madd(v, g2, b)
  d = madd(v, g1, d)
  v = loadLanes(x + 4 * pixel, count)
  storeLanes(dw + pixel, madd(v, g3, b), count)
  d = madd(v, g2, d)
  storeLanes(dw + 2 * pixel, madd(loadLanes(x + 5 * pixel, count), g3, d), count)
}
