// The transforms of Winograd's F(4×4, 3×3) (Lavin & Gray 2016, the points 0, ±1, ±2): 36 multiplications where the definition
// has 144. All work on four channels at a time.
import { clamp } from './simd'

/** Point p of Bᵀd, six values of an input tile to six. */
// @ts-ignore: decorator
@inline
export function inputPoint(p: i32, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128): v128 {
  const four = f32x4.splat(4)
  const five = f32x4.splat(5)
  if (p == 0) return f32x4.add(f32x4.sub(f32x4.mul(four, d0), f32x4.mul(five, d2)), d4)
  if (p == 5) return f32x4.add(f32x4.sub(f32x4.mul(four, d1), f32x4.mul(five, d3)), d5)
  if (p < 3) {
    const even = f32x4.sub(d4, f32x4.mul(four, d2))
    const odd = f32x4.sub(d3, f32x4.mul(four, d1))
    return p == 1 ? f32x4.add(even, odd) : f32x4.sub(even, odd)
  }
  const even = f32x4.sub(d4, d2)
  const odd = f32x4.sub(d3, d1)
  const twice = f32x4.add(odd, odd)
  return p == 3 ? f32x4.add(even, twice) : f32x4.sub(even, twice)
}

// @ts-ignore: decorator
@inline
function inputLine(y: usize, step: usize, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128): void {
  v128.store(y, inputPoint(0, d0, d1, d2, d3, d4, d5))
  v128.store(y + step, inputPoint(1, d0, d1, d2, d3, d4, d5))
  v128.store(y + 2 * step, inputPoint(2, d0, d1, d2, d3, d4, d5))
  v128.store(y + 3 * step, inputPoint(3, d0, d1, d2, d3, d4, d5))
  v128.store(y + 4 * step, inputPoint(4, d0, d1, d2, d3, d4, d5))
  v128.store(y + 5 * step, inputPoint(5, d0, d1, d2, d3, d4, d5))
}

// The second half of BᵀdB: six rows of six vectors at temp, to 36 planes.
// @ts-ignore: decorator
@inline
function inputRows(v: usize, plane: usize, temp: usize): void {
  for (let i = 0; i < 6; ++i) {
    inputLine(
      v, plane, v128.load(temp), v128.load(temp, 16), v128.load(temp, 32), v128.load(temp, 48),
      v128.load(temp, 64), v128.load(temp, 80),
    )
    temp += 96
    v += 6 * plane
  }
}

// v = BᵀdB of four channels of one tile that lies inside the map.
function inputInside(v: usize, plane: usize, x: usize, row: usize, pixel: usize, temp: usize): void {
  for (let j = 0; j < 6; ++j) {
    inputLine(
      temp + (<usize>j << 4), 96, v128.load(x), v128.load(x + row), v128.load(x + 2 * row), v128.load(x + 3 * row),
      v128.load(x + 4 * row), v128.load(x + 5 * row),
    )
    x += pixel
  }
  inputRows(v, plane, temp)
}

/** Four channels of a pixel, zeros where it lies outside the map. */
// @ts-ignore: decorator
@inline
export function inside(x: usize, ok: bool): v128 {
  return ok ? v128.load(x) : f32x4.splat(0)
}

// The same where the tile hangs over the map's edge, which is zeros.
function inputEdge(
  v: usize, plane: usize, x: usize, row: usize, pixel: usize, temp: usize, top: i32, left: i32, h: i32, w: i32,
): void {
  for (let j = 0; j < 6; ++j) {
    const ok = <u32>(left + j) < <u32>w
    inputLine(
      temp + (<usize>j << 4), 96, inside(x, ok && <u32>top < <u32>h), inside(x + row, ok && <u32>(top + 1) < <u32>h),
      inside(x + 2 * row, ok && <u32>(top + 2) < <u32>h), inside(x + 3 * row, ok && <u32>(top + 3) < <u32>h),
      inside(x + 4 * row, ok && <u32>(top + 4) < <u32>h), inside(x + 5 * row, ok && <u32>(top + 5) < <u32>h),
    )
    x += pixel
  }
  inputRows(v, plane, temp)
}

/** v = BᵀdB of one tile of 6×6 pixels in c channels; top and left: its corner in the map of h × w pixels. */
export function inputTile4(
  v: usize, plane: usize, x: usize, row: usize, pixel: usize, temp: usize, top: i32, left: i32, h: i32, w: i32, c: i32,
): void {
  const whole = top >= 0 && left >= 0 && top + 6 <= h && left + 6 <= w
  for (let i = 0; i < c; i += 4) {
    const at = <usize>i << 2
    if (whole) inputInside(v + at, plane, x + at, row, pixel, temp)
    else inputEdge(v + at, plane, x + at, row, pixel, temp, top, left, h, w)
  }
}

// Point p of Aᵀm, six values to four.
// @ts-ignore: decorator
@inline
function outputPoint(p: i32, m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128): v128 {
  if (p == 0) return f32x4.add(f32x4.add(m0, f32x4.add(m1, m2)), f32x4.add(m3, m4))
  if (p == 2) return f32x4.add(f32x4.add(m1, m2), f32x4.mul(f32x4.splat(4), f32x4.add(m3, m4)))
  const s = f32x4.sub(m1, m2)
  const t = f32x4.sub(m3, m4)
  if (p == 1) return f32x4.add(s, f32x4.add(t, t))
  return f32x4.add(f32x4.add(s, f32x4.mul(f32x4.splat(8), t)), m5)
}

/** y = clamp(v + b + res), both shift bytes further on; res 0: none. */
// @ts-ignore: decorator
@inline
export function put(y: usize, res: usize, shift: usize, v: v128, b: v128, lo: v128, hi: v128): void {
  v = f32x4.add(v, b)
  if (res != 0) v = f32x4.add(v, v128.load(res + shift))
  v128.store(y + shift, clamp(v, lo, hi))
}

/** y = clamp(AᵀmA + bias + res) of four channels of one tile of 4×4, of which rows × columns lie inside the map. */
export function outputTile4(
  y: usize, res: usize, m: usize, plane: usize, row: usize, pixel: usize, temp: usize, bias: usize,
  rows: i32, columns: i32, lo: f32, hi: f32,
): void {
  for (let j = 0; j < 6; ++j) {
    const m0 = v128.load(m)
    const m1 = v128.load(m + 6 * plane)
    const m2 = v128.load(m + 12 * plane)
    const m3 = v128.load(m + 18 * plane)
    const m4 = v128.load(m + 24 * plane)
    const m5 = v128.load(m + 30 * plane)
    const t = temp + (<usize>j << 4)
    v128.store(t, outputPoint(0, m0, m1, m2, m3, m4, m5))
    v128.store(t, outputPoint(1, m0, m1, m2, m3, m4, m5), 96)
    v128.store(t, outputPoint(2, m0, m1, m2, m3, m4, m5), 192)
    v128.store(t, outputPoint(3, m0, m1, m2, m3, m4, m5), 288)
    m += plane
  }
  const b = bias != 0 ? v128.load(bias) : f32x4.splat(0)
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  for (let i = 0; i < rows; ++i) {
    const m0 = v128.load(temp)
    const m1 = v128.load(temp, 16)
    const m2 = v128.load(temp, 32)
    const m3 = v128.load(temp, 48)
    const m4 = v128.load(temp, 64)
    const m5 = v128.load(temp, 80)
    put(y, res, 0, outputPoint(0, m0, m1, m2, m3, m4, m5), b, low, high)
    if (columns > 1) put(y, res, pixel, outputPoint(1, m0, m1, m2, m3, m4, m5), b, low, high)
    if (columns > 2) put(y, res, 2 * pixel, outputPoint(2, m0, m1, m2, m3, m4, m5), b, low, high)
    if (columns > 3) put(y, res, 3 * pixel, outputPoint(3, m0, m1, m2, m3, m4, m5), b, low, high)
    temp += 96
    y += row
    if (res != 0) res += row
  }
}

// Point p of Gg, three weights to six.
// @ts-ignore: decorator
@inline
function weightPoint(p: i32, g0: v128, g1: v128, g2: v128): v128 {
  if (p == 0) return f32x4.mul(f32x4.splat(0.25), g0)
  if (p == 5) return g2
  if (p < 3) {
    const ends = f32x4.add(g0, g2)
    const sum = p == 1 ? f32x4.add(ends, g1) : f32x4.sub(ends, g1)
    return f32x4.mul(f32x4.splat(-1.0 / 6), sum)
  }
  const ends = f32x4.add(f32x4.mul(f32x4.splat(1.0 / 24), g0), f32x4.mul(f32x4.splat(1.0 / 6), g2))
  const middle = f32x4.mul(f32x4.splat(1.0 / 12), g1)
  return p == 3 ? f32x4.add(ends, middle) : f32x4.sub(ends, middle)
}

// u[i·6 + j] = row i, column j of GgGᵀ, step bytes apart; g: nine vectors, tap bytes apart.
// @ts-ignore: decorator
@inline
function weightTile(
  u: usize, step: usize, g0: v128, g1: v128, g2: v128, g3: v128, g4: v128, g5: v128, g6: v128, g7: v128, g8: v128,
): void {
  weightLine(u, step, weightPoint(0, g0, g3, g6), weightPoint(0, g1, g4, g7), weightPoint(0, g2, g5, g8))
  u += 6 * step
  weightLine(u, step, weightPoint(1, g0, g3, g6), weightPoint(1, g1, g4, g7), weightPoint(1, g2, g5, g8))
  u += 6 * step
  weightLine(u, step, weightPoint(2, g0, g3, g6), weightPoint(2, g1, g4, g7), weightPoint(2, g2, g5, g8))
  u += 6 * step
  weightLine(u, step, weightPoint(3, g0, g3, g6), weightPoint(3, g1, g4, g7), weightPoint(3, g2, g5, g8))
  u += 6 * step
  weightLine(u, step, weightPoint(4, g0, g3, g6), weightPoint(4, g1, g4, g7), weightPoint(4, g2, g5, g8))
  u += 6 * step
  weightLine(u, step, weightPoint(5, g0, g3, g6), weightPoint(5, g1, g4, g7), weightPoint(5, g2, g5, g8))
}

// @ts-ignore: decorator
@inline
function weightLine(u: usize, step: usize, a: v128, b: v128, c: v128): void {
  v128.store(u, weightPoint(0, a, b, c))
  v128.store(u + step, weightPoint(1, a, b, c))
  v128.store(u + 2 * step, weightPoint(2, a, b, c))
  v128.store(u + 3 * step, weightPoint(3, a, b, c))
  v128.store(u + 4 * step, weightPoint(4, a, b, c))
  v128.store(u + 5 * step, weightPoint(5, a, b, c))
}

/**
 * u = GgGᵀ of count vectors of four weights: u in 36 planes, uTap bytes apart, w in 3×3 taps, rows row and columns tap bytes
 * apart. Within each the vectors are step bytes apart. Planes of u may be w itself.
 */
export function weights4(u: usize, uTap: usize, w: usize, row: usize, tap: usize, count: i32, step: usize): void {
  for (let i = count; i > 0; --i) {
    weightTile(
      u, uTap, v128.load(w), v128.load(w + tap), v128.load(w + 2 * tap), v128.load(w + row), v128.load(w + row + tap),
      v128.load(w + row + 2 * tap), v128.load(w + 2 * row), v128.load(w + 2 * row + tap), v128.load(w + 2 * row + 2 * tap),
    )
    u += step
    w += step
  }
}
