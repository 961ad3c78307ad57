import { loadLanes, storeLanes } from '../simd'
import { firstTap, lastTap } from '../window'

/** Whether the windows lie side by side and meet every position once: then there is nothing to add up. */
function tiles(
  h: i32, w: i32, oh: i32, ow: i32, kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
): bool {
  return kh == sh && kw == sw && (pt | pl) == 0 && (dh & dw) == 1 && oh * kh == h && ow * kw == w
}

/**
 * dx[n][p][q][c] = Σ dy[n][i][j][c] over the windows whose first maximum x[n][p][q][c] is
 *
 * dx, x: N×H×W×C, dy: N×OH×OW×C; the windows are those of max_pool. The first NaN of a window is its maximum.
 */
export function max_pool_grad(
  dx: usize, dy: usize, x: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
): void {
  const row = <usize>(w * c) << 2
  const tiled = tiles(h, w, oh, ow, kh, kw, sh, sw, pt, pl, dh, dw)
  if (!tiled) memory.fill(dx, 0, <usize>(n * h) * row)
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const ky0 = firstTap(top, dh)
      const ky1 = lastTap(top, dh, kh, h)
      assert(ky0 < ky1, 'max_pool_grad: a window lies wholly in the padding')
      const first = <usize>(top + ky0 * dh) * row
      maxRow(dx + first, dy, x + first, w, c, ow, ky1 - ky0, kw, sw, pl, dw, <usize>dh * row, tiled)
      dy += <usize>(ow * c) << 2
    }
    dx += <usize>h * row
    x += <usize>h * row
  }
}

function maxRow(
  dx: usize, dy: usize, x: usize, w: i32, c: i32, ow: i32, kh: i32, kw: i32, sw: i32, pl: i32, dw: i32, rowStep: usize,
  tiled: bool,
): void {
  const tapStep = <usize>(dw * c) << 2
  for (let j = 0; j < ow; ++j) {
    const left = j * sw - pl
    const kx0 = firstTap(left, dw)
    const kx1 = lastTap(left, dw, kw, w)
    assert(kx0 < kx1, 'max_pool_grad: a window lies wholly in the padding')
    const corner = <usize>((left + kx0 * dw) * c) << 2
    let p = dx + corner
    let q = x + corner
    for (let o = c; o > 0; o -= 4) {
      if (o >= 4) maxFour(p, dy, q, kh, kx1 - kx0, rowStep, tapStep, tiled)
      else maxPart(p, dy, q, kh, kx1 - kx0, rowStep, tapStep, tiled, o)
      const step = <usize>min(o, 4) << 2
      p += step
      q += step
      dy += step
    }
  }
}

function maxFour(dx: usize, dy: usize, x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize, tiled: bool): void {
  maxWindow(dx, dy, x, kh, kw, rowStep, tapStep, tiled, 4)
}

function maxPart(
  dx: usize, dy: usize, x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize, tiled: bool, count: i32,
): void {
  maxWindow(dx, dy, x, kh, kw, rowStep, tapStep, tiled, count)
}

// The first pass finds each channel's maximum, the second gives dy to the first tap that is the maximum, and 0 to the others.
// @ts-ignore: decorator
@inline
function maxWindow(
  dx: usize, dy: usize, x: usize, kh: i32, kw: i32, rowStep: usize, tapStep: usize, tiled: bool, count: i32,
): void {
  let top = f32x4.splat(-Infinity)
  let nan = i32x4.splat(0)
  let line = x
  for (let i = kh; i > 0; --i) {
    let p = line
    for (let k = kw; k > 0; --k) {
      const v = loadLanes(p, count)
      top = f32x4.pmax(top, v)
      nan = v128.or(nan, f32x4.ne(v, v))
      p += tapStep
    }
    line += rowStep
  }
  // A NaN equals nothing, so that in its channels only NaNs are hit.
  top = v128.or(top, nan)
  let rest = loadLanes(dy, count)
  for (let i = kh; i > 0; --i) {
    let p = x
    let q = dx
    for (let k = kw; k > 0; --k) {
      const v = loadLanes(p, count)
      const hit = v128.or(f32x4.eq(v, top), f32x4.ne(v, v))
      const share = v128.and(rest, hit)
      rest = v128.andnot(rest, hit)
      storeLanes(q, tiled ? share : f32x4.add(loadLanes(q, count), share), count)
      p += tapStep
      q += tapStep
    }
    x += rowStep
    dx += rowStep
  }
}

/**
 * dx[n][p][q][c] = Σ dy[n][i][j][c] / divisor[i][j] over the windows that x[n][p][q][c] lies in
 *
 * dx: N×H×W×C, dy: N×OH×OW×C; the windows and their divisors are those of avg_pool.
 */
export function avg_pool_grad(
  dx: usize, dy: usize, n: i32, h: i32, w: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
  it: i32, il: i32, ib: i32, ir: i32,
): void {
  const row = <usize>(w * c) << 2
  const tiled = tiles(h, w, oh, ow, kh, kw, sh, sw, pt, pl, dh, dw)
  if (!tiled) memory.fill(dx, 0, <usize>(n * h) * row)
  for (let image = 0; image < n; ++image) {
    for (let i = 0; i < oh; ++i) {
      const top = i * sh - pt
      const ky0 = firstTap(top, dh)
      const ky1 = lastTap(top, dh, kh, h)
      assert(ky0 < ky1, 'avg_pool_grad: a window lies wholly in the padding')
      const high = lastTap(top, dh, kh, h + ib) - firstTap(top + it, dh)
      const first = dx + <usize>(top + ky0 * dh) * row
      avgRow(first, dy, w, c, ow, tiled ? 1 : ky1 - ky0, kw, sw, pl, dw, <usize>dh * row, il, ir, high, tiled)
      // Side by side, all rows of a window are the first one.
      if (tiled) for (let k = 1; k < kh; ++k) memory.copy(first + <usize>k * row, first, row)
      dy += <usize>(ow * c) << 2
    }
    dx += <usize>h * row
  }
}

function avgRow(
  dx: usize, dy: usize, w: i32, c: i32, ow: i32, kh: i32, kw: i32, sw: i32, pl: i32, dw: i32, rowStep: usize,
  il: i32, ir: i32, high: i32, tiled: bool,
): void {
  const tapStep = <usize>(dw * c) << 2
  for (let j = 0; j < ow; ++j) {
    const left = j * sw - pl
    const kx0 = firstTap(left, dw)
    const kx1 = lastTap(left, dw, kw, w)
    assert(kx0 < kx1, 'avg_pool_grad: a window lies wholly in the padding')
    const wide = lastTap(left, dw, kw, w + ir) - firstTap(left + il, dw)
    const scale = f32x4.splat(<f32>1 / <f32>(high * wide))
    let p = dx + (<usize>((left + kx0 * dw) * c) << 2)
    for (let o = c; o > 0; o -= 4) {
      if (o >= 4) shareFour(p, dy, scale, kh, kx1 - kx0, rowStep, tapStep, tiled)
      else sharePart(p, dy, scale, kh, kx1 - kx0, rowStep, tapStep, tiled, o)
      const step = <usize>min(o, 4) << 2
      p += step
      dy += step
    }
  }
}

function shareFour(
  dx: usize, dy: usize, scale: v128, kh: i32, kw: i32, rowStep: usize, tapStep: usize, tiled: bool,
): void {
  share(dx, dy, scale, kh, kw, rowStep, tapStep, tiled, 4)
}

function sharePart(
  dx: usize, dy: usize, scale: v128, kh: i32, kw: i32, rowStep: usize, tapStep: usize, tiled: bool, count: i32,
): void {
  share(dx, dy, scale, kh, kw, rowStep, tapStep, tiled, count)
}

// @ts-ignore: decorator
@inline
function share(
  dx: usize, dy: usize, scale: v128, kh: i32, kw: i32, rowStep: usize, tapStep: usize, tiled: bool, count: i32,
): void {
  const d = f32x4.mul(loadLanes(dy, count), scale)
  for (let i = kh; i > 0; --i) {
    let p = dx
    for (let k = kw; k > 0; --k) {
      storeLanes(p, tiled ? d : f32x4.add(loadLanes(p, count), d), count)
      p += tapStep
    }
    dx += rowStep
  }
}
