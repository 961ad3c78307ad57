import { loadLanes, storeLanes } from './simd'

// Smallest tap whose position start + tap·dilation is not negative; taps from there to lastTap lie inside the map.
// @ts-ignore: decorator
@inline
function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation
}

// One past the largest of k taps whose position start + tap·dilation is below size.
// @ts-ignore: decorator
@inline
function lastTap(start: i32, dilation: i32, k: i32, size: i32): i32 {
  return min(k, (size - start + dilation - 1) / dilation)
}

/**
 * y[n][i][j][c] = max over the window of x[n][i·sh − pt + ky·dh][j·sw − pl + kx·dw][c]
 *
 * x: N×H×W×C, y: N×OH×OW×C. Positions outside the map do not take part; every window must touch it.
 */
export function max_pool(
  y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
): void {
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const ky0 = firstTap(top, dh)
      const ky1 = lastTap(top, dh, kh, h)
      for (let j = 0; j < ow; ++j) {
        const left = j * sw - pl
        const kx0 = firstTap(left, dw)
        const kx1 = lastTap(left, dw, kw, w)
        assert(ky0 < ky1 && kx0 < kx1, 'max_pool: a window lies wholly in the padding')
        const corner = x + (<usize>(((image * h + top + ky0 * dh) * w + left + kx0 * dw) * c) << 2)
        maxWindow(y, corner, ky1 - ky0, kx1 - kx0, <usize>(dh * w * c) << 2, <usize>(dw * c) << 2, c)
        y += <usize>c << 2
      }
    }
  }
}

function maxWindow(y: usize, x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize, c: i32): void {
  for (; c > 0; c -= 4) {
    let v = f32x4.splat(-Infinity)
    let row = x
    for (let ky = kh; ky > 0; --ky) {
      let p = row
      for (let kx = kw; kx > 0; --kx) {
        v = f32x4.max(v, loadLanes(p, c))
        p += tapStep
      }
      row += rowStep
    }
    storeLanes(y, v, c)
    x += 16
    y += 16
  }
}

/**
 * y[n][i][j][c] = mean over the window of x[n][i·sh − pt + ky·dh][j·sw − pl + kx·dw][c]
 *
 * As max_pool; the divisor is the number of positions inside the map widened by the given borders it, il, ib, ir: all 0
 * leaves padding out of the mean, the pads themselves count it in.
 */
export function avg_pool(
  y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
  it: i32, il: i32, ib: i32, ir: i32,
): void {
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const ky0 = firstTap(top, dh)
      const ky1 = lastTap(top, dh, kh, h)
      const high = lastTap(top, dh, kh, h + ib) - firstTap(top + it, dh)
      for (let j = 0; j < ow; ++j) {
        const left = j * sw - pl
        const kx0 = firstTap(left, dw)
        const kx1 = lastTap(left, dw, kw, w)
        const wide = lastTap(left, dw, kw, w + ir) - firstTap(left + il, dw)
        assert(ky0 < ky1 && kx0 < kx1, 'avg_pool: a window lies wholly in the padding')
        const corner = x + (<usize>(((image * h + top + ky0 * dh) * w + left + kx0 * dw) * c) << 2)
        const scale = <f32>1 / <f32>(high * wide)
        avgWindow(y, corner, ky1 - ky0, kx1 - kx0, <usize>(dh * w * c) << 2, <usize>(dw * c) << 2, c, scale)
        y += <usize>c << 2
      }
    }
  }
}

function avgWindow(
  y: usize, x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize, c: i32, scale: f32,
): void {
  for (; c > 0; c -= 4) {
    let v = f32x4.splat(0)
    let row = x
    for (let ky = kh; ky > 0; --ky) {
      let p = row
      for (let kx = kw; kx > 0; --kx) {
        v = f32x4.add(v, loadLanes(p, c))
        p += tapStep
      }
      row += rowStep
    }
    storeLanes(y, f32x4.mul(v, f32x4.splat(scale)), c)
    x += 16
    y += 16
  }
}
