import { loadLanes, storeLanes } from './simd'
import { firstTap, lastTap } from './window'

/**
 * y[n][i][j][c] = max over the window of x[n][i·sh − pt + ky·dh][j·sw − pl + kx·dw][c]
 *
 * x: N×H×W×C, y: N×OH×OW×C. Positions outside the map do not take part; every window must touch it. A NaN wins.
 */
export function max_pool(
  y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
): void {
  const row = <usize>(w * c) << 2
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const ky0 = firstTap(top, dh)
      const ky1 = lastTap(top, dh, kh, h)
      assert(ky0 < ky1, 'max_pool: a window lies wholly in the padding')
      maxRow(y, x + <usize>(top + ky0 * dh) * row, w, c, ow, ky1 - ky0, kw, sw, pl, dw, <usize>dh * row)
      y += <usize>(ow * c) << 2
    }
    x += <usize>h * row
  }
}

// One row of outputs; x: the first of the kh input rows that its windows meet, rowStep bytes apart.
function maxRow(
  y: usize, x: usize, w: i32, c: i32, ow: i32, kh: i32, kw: i32, sw: i32, pl: i32, dw: i32, rowStep: usize,
): void {
  const tapStep = <usize>(dw * c) << 2
  for (let j = 0; j < ow; ++j) {
    const left = j * sw - pl
    const kx0 = firstTap(left, dw)
    const kx1 = lastTap(left, dw, kw, w)
    assert(kx0 < kx1, 'max_pool: a window lies wholly in the padding')
    const corner = x + (<usize>((left + kx0 * dw) * c) << 2)
    if (c < 4) {
      storeLanes(y, maxPart(corner, kh, kx1 - kx0, rowStep, tapStep, c), c)
    } else {
      for (let o = 0; o < c; o += 4) {
        // The last four channels may overlap the four before them: cheaper than a remainder.
        const at = <usize>min(o, c - 4) << 2
        v128.store(y + at, maxFour(corner + at, kh, kx1 - kx0, rowStep, tapStep))
      }
    }
    y += <usize>c << 2
  }
}

// @ts-ignore: decorator
@inline
function maxFour(x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize): v128 {
  let v = f32x4.splat(-Infinity)
  let nan = i32x4.splat(0)
  for (; kh > 0; --kh) {
    let p = x
    for (let k = kw; k > 0; --k) {
      const t = v128.load(p)
      v = f32x4.pmax(v, t)
      nan = v128.or(nan, f32x4.ne(t, t))
      p += tapStep
    }
    x += rowStep
  }
  return v128.or(v, nan)
}

function maxPart(x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize, c: i32): v128 {
  let v = f32x4.splat(-Infinity)
  for (; kh > 0; --kh) {
    let p = x
    for (let k = kw; k > 0; --k) {
      v = f32x4.max(v, loadLanes(p, c))
      p += tapStep
    }
    x += rowStep
  }
  return v
}

/**
 * y[n][i][j][c] = mean over the window of x[n][i·sh − pt + ky·dh][j·sw − pl + kx·dw][c]
 *
 * As max_pool; the divisor is the number of positions inside the map widened by the borders it, il, ib, ir: all 0 leaves
 * padding out of the mean, the pads themselves count it in.
 */
export function avg_pool(
  y: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
  it: i32, il: i32, ib: i32, ir: i32,
): void {
  const row = <usize>(w * c) << 2
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const ky0 = firstTap(top, dh)
      const ky1 = lastTap(top, dh, kh, h)
      assert(ky0 < ky1, 'avg_pool: a window lies wholly in the padding')
      const high = lastTap(top, dh, kh, h + ib) - firstTap(top + it, dh)
      const first = x + <usize>(top + ky0 * dh) * row
      avgRow(y, first, w, c, ow, ky1 - ky0, kw, sw, pl, dw, <usize>dh * row, il, ir, high)
      y += <usize>(ow * c) << 2
    }
    x += <usize>h * row
  }
}

function avgRow(
  y: usize, x: usize, w: i32, c: i32, ow: i32, kh: i32, kw: i32, sw: i32, pl: i32, dw: i32, rowStep: usize,
  il: i32, ir: i32, high: i32,
): void {
  const tapStep = <usize>(dw * c) << 2
  for (let j = 0; j < ow; ++j) {
    const left = j * sw - pl
    const kx0 = firstTap(left, dw)
    const kx1 = lastTap(left, dw, kw, w)
    assert(kx0 < kx1, 'avg_pool: a window lies wholly in the padding')
    const wide = lastTap(left, dw, kw, w + ir) - firstTap(left + il, dw)
    const scale = f32x4.splat(<f32>1 / <f32>(high * wide))
    const corner = x + (<usize>((left + kx0 * dw) * c) << 2)
    if (c < 4) {
      storeLanes(y, f32x4.mul(sumPart(corner, kh, kx1 - kx0, rowStep, tapStep, c), scale), c)
    } else {
      for (let o = 0; o < c; o += 4) {
        const at = <usize>min(o, c - 4) << 2
        v128.store(y + at, f32x4.mul(sumFour(corner + at, kh, kx1 - kx0, rowStep, tapStep), scale))
      }
    }
    y += <usize>c << 2
  }
}

// @ts-ignore: decorator
@inline
function sumFour(x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize): v128 {
  let v = f32x4.splat(0)
  for (; kh > 0; --kh) {
    let p = x
    for (let k = kw; k > 0; --k) {
      v = f32x4.add(v, v128.load(p))
      p += tapStep
    }
    x += rowStep
  }
  return v
}

function sumPart(x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize, c: i32): v128 {
  let v = f32x4.splat(0)
  for (; kh > 0; --kh) {
    let p = x
    for (let k = kw; k > 0; --k) {
      v = f32x4.add(v, loadLanes(p, c))
      p += tapStep
    }
    x += rowStep
  }
  return v
}
