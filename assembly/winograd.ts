// Winograd's minimal filtering F(4×4, 3×3) (Lavin & Gray 2016): 36 multiplications where the definition has 144.
import { panel_4x8 } from './gemm'
import { clamp } from './simd'

// Bytes between the 36 planes of anything transformed, besides what they hold: at distances of a power of two all 36 would
// meet in one set of the first-level cache (106 instead of 160 GFLOP/s).
const SKEW: usize = 64

// Point p of Bᵀd, six values of an input tile to six.
// @ts-ignore: decorator
@inline
function inputPoint(p: i32, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128): v128 {
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

// @ts-ignore: decorator
@inline
function inside(x: usize, ok: bool): v128 {
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

function inputTile(
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

// @ts-ignore: decorator
@inline
function put(y: usize, res: usize, shift: usize, v: v128, b: v128, lo: v128, hi: v128): void {
  v = f32x4.add(v, b)
  if (res != 0) v = f32x4.add(v, v128.load(res + shift))
  v128.store(y + shift, clamp(v, lo, hi))
}

// y = AᵀmA + bias + res of four channels of one tile, of which rows × columns lie inside the map.
function outputTile(
  y: usize, res: usize, m: usize, plane: usize, row: usize, pixel: usize, temp: usize, bias: usize,
  rows: i32, columns: i32, lo: v128, hi: v128,
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
  for (let i = 0; i < rows; ++i) {
    const m0 = v128.load(temp)
    const m1 = v128.load(temp, 16)
    const m2 = v128.load(temp, 32)
    const m3 = v128.load(temp, 48)
    const m4 = v128.load(temp, 64)
    const m5 = v128.load(temp, 80)
    put(y, res, 0, outputPoint(0, m0, m1, m2, m3, m4, m5), b, lo, hi)
    if (columns > 1) put(y, res, pixel, outputPoint(1, m0, m1, m2, m3, m4, m5), b, lo, hi)
    if (columns > 2) put(y, res, 2 * pixel, outputPoint(2, m0, m1, m2, m3, m4, m5), b, lo, hi)
    if (columns > 3) put(y, res, 3 * pixel, outputPoint(3, m0, m1, m2, m3, m4, m5), b, lo, hi)
    temp += 96
    y += row
    if (res != 0) res += row
  }
}

/**
 * y[n][i][j][o] = clamp(bias[o] + res[n][i][j][o] + Σ x[n][i − pt + ky][j − pl + kx][c] · w[o][ky][kx][c]), 3×3, stride 1
 *
 * x: N×H×W×C, zeros around it. y, res: N×OH×OW×OC (res 0: none). w: panels [OC/8][3][3][C][8]; each is transformed when its
 * turn comes: kept transformed, all would take four times the memory for 0 to 5 % of the time (10 % where a map is a single
 * block of four tiles). bias: OC floats (0: none). C and OC are multiples of 4. Scratch, in floats: u 36×(C×8 + 16),
 * v 36×(block×C + 16), m 36×(block×8 + 16), temp 144. block: tiles of 4×4 results that go together, a multiple of 4.
 */
export function conv_winograd(
  y: usize, res: usize, x: usize, w: usize, bias: usize, u: usize, v: usize, m: usize, temp: usize,
  n: i32, h: i32, width: i32, c: i32, oh: i32, ow: i32, oc: i32, pt: i32, pl: i32, block: i32, lo: f32, hi: f32,
): void {
  assert(c % 4 == 0 && oc % 4 == 0 && block % 4 == 0, 'conv_winograd: channels and block must be multiples of 4')
  const th = (oh + 3) >> 2
  const tw = (ow + 3) >> 2
  const tiles = n * th * tw
  const pixel = <usize>c << 2
  const row = <usize>width * pixel
  const plane = (<usize>(block * c) << 2) + SKEW
  for (let first = 0; first < tiles; first += block) {
    const count = min(block, tiles - first)
    for (let t = 0; t < count; ++t) {
      const i = (first + t) / tw
      const top = (i % th) * 4 - pt
      const left = (first + t - i * tw) * 4 - pl
      const from = x + <usize>(i / th) * <usize>h * row + <usize>top * row + <usize>left * pixel
      inputTile(v + <usize>t * pixel, plane, from, row, pixel, temp, top, left, h, width, c)
    }
    let panel = w
    for (let o = 0; o < oc; o += 8) {
      transformPanel(u, panel, c)
      panel += <usize>(9 * c) << 5
      products(m, v, u, block, count, c)
      const r = res != 0 ? res + (<usize>o << 2) : 0
      const b = bias != 0 ? bias + (<usize>o << 2) : 0
      outputPanel(y + (<usize>o << 2), r, m, b, temp, oh, ow, oc, th, tw, first, count, block, min(oc - o, 8), lo, hi)
    }
  }
}

// m[k] = v[k]·u[k] for the 36 planes k: count tiles by 8 output channels.
function products(m: usize, v: usize, u: usize, block: i32, count: i32, c: i32): void {
  const pixel = <usize>c << 2
  for (let k = 0; k < 36; ++k) {
    panel_4x8(m, v, pixel, u, count, c)
    m += (<usize>block << 5) + SKEW
    v += (<usize>(block * c) << 2) + SKEW
    u += (<usize>c << 5) + SKEW
  }
}

// The results of count tiles from tile first on, in cols (4 or 8) channels.
function outputPanel(
  y: usize, res: usize, m: usize, bias: usize, temp: usize, oh: i32, ow: i32, oc: i32, th: i32, tw: i32,
  first: i32, count: i32, block: i32, cols: i32, lo: f32, hi: f32,
): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  const pixel = <usize>oc << 2
  const row = <usize>ow * pixel
  const plane = (<usize>block << 5) + SKEW
  for (let t = 0; t < count; ++t) {
    const i = (first + t) / tw
    const j = first + t - i * tw
    const up = i % th
    const at = (<usize>(i / th) * <usize>oh + <usize>(up * 4)) * row + <usize>j * 4 * pixel
    const r = res != 0 ? res + at : 0
    const rows = min(4, oh - up * 4)
    const columns = min(4, ow - j * 4)
    outputTile(y + at, r, m, plane, row, pixel, temp, bias, rows, columns, low, high)
    if (cols > 4) {
      const half = bias != 0 ? bias + 16 : 0
      outputTile(y + at + 16, r != 0 ? r + 16 : 0, m + 16, plane, row, pixel, temp, half, rows, columns, low, high)
    }
    m += 32
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

// u[36][c][8] = GgGᵀ of w[3][3][c][8].
function transformPanel(u: usize, w: usize, c: i32): void {
  const tap = <usize>c << 5
  const uTap = tap + SKEW
  for (let i = 2 * c; i > 0; --i) {
    weightTile(
      u, uTap, v128.load(w), v128.load(w + tap), v128.load(w + 2 * tap), v128.load(w + 3 * tap), v128.load(w + 4 * tap),
      v128.load(w + 5 * tap), v128.load(w + 6 * tap), v128.load(w + 7 * tap), v128.load(w + 8 * tap),
    )
    u += 16
    w += 16
  }
}
