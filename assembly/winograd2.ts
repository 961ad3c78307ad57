// The transforms of Winograd's F(2×2, 3×3) (Lavin & Gray 2016, the points 0, ±1): 16 multiplications where the definition has
// 36. All work on four channels at a time.
import { inside, put } from './winograd4'

/** v = BᵀdB of one tile of 4×4 pixels in c channels; top and left: its corner in the map of h × w pixels. */
export function inputTile2(
  v: usize, plane: usize, x: usize, row: usize, pixel: usize, temp: usize, top: i32, left: i32, h: i32, w: i32, c: i32,
): void {
  const in0 = <u32>top < <u32>h
  const in1 = <u32>(top + 1) < <u32>h
  const in2 = <u32>(top + 2) < <u32>h
  const in3 = <u32>(top + 3) < <u32>h
  for (let k = c; k > 0; k -= 4) {
    let p = x
    for (let j = 0; j < 4; ++j) {
      const ok = <u32>(left + j) < <u32>w
      inputLine(
        temp + (<usize>j << 4), 64, inside(p, ok && in0), inside(p + row, ok && in1), inside(p + 2 * row, ok && in2),
        inside(p + 3 * row, ok && in3),
      )
      p += pixel
    }
    let to = v
    for (let i: usize = 0; i < 256; i += 64) {
      const t = temp + i
      inputLine(to, plane, v128.load(t), v128.load(t, 16), v128.load(t, 32), v128.load(t, 48))
      to += 4 * plane
    }
    x += 16
    v += 16
  }
}

// y = Bᵀd, four vectors to four, step bytes apart.
// @ts-ignore: decorator
@inline
function inputLine(y: usize, step: usize, d0: v128, d1: v128, d2: v128, d3: v128): void {
  v128.store(y, f32x4.sub(d0, d2))
  v128.store(y + step, f32x4.add(d1, d2))
  v128.store(y + 2 * step, f32x4.sub(d2, d1))
  v128.store(y + 3 * step, f32x4.sub(d1, d3))
}

/** y = clamp(AᵀmA + bias + res) of four channels of one tile, of which rows × columns lie inside the map. */
export function outputTile2(
  y: usize, res: usize, m: usize, plane: usize, row: usize, pixel: usize, temp: usize, bias: usize,
  rows: i32, columns: i32, lo: f32, hi: f32,
): void {
  for (let j: usize = 0; j < 64; j += 16) {
    const m1 = v128.load(m + 4 * plane)
    const m2 = v128.load(m + 8 * plane)
    v128.store(temp + j, f32x4.add(v128.load(m), f32x4.add(m1, m2)))
    v128.store(temp + j, f32x4.sub(f32x4.sub(m1, m2), v128.load(m + 12 * plane)), 64)
    m += plane
  }
  const b = bias != 0 ? v128.load(bias) : f32x4.splat(0)
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  for (let i = 0; i < rows; ++i) {
    const m1 = v128.load(temp, 16)
    const m2 = v128.load(temp, 32)
    put(y, res, 0, f32x4.add(v128.load(temp), f32x4.add(m1, m2)), b, low, high)
    if (columns > 1) put(y, res, pixel, f32x4.sub(f32x4.sub(m1, m2), v128.load(temp, 48)), b, low, high)
    temp += 64
    y += row
    if (res != 0) res += row
  }
}

// u = Gg, three vectors to four, step bytes apart.
// @ts-ignore: decorator
@inline
function weightLine(u: usize, step: usize, g0: v128, g1: v128, g2: v128): void {
  const half = f32x4.splat(0.5)
  const ends = f32x4.mul(half, f32x4.add(g0, g2))
  const middle = f32x4.mul(half, g1)
  v128.store(u, g0)
  v128.store(u + step, f32x4.add(ends, middle))
  v128.store(u + 2 * step, f32x4.sub(ends, middle))
  v128.store(u + 3 * step, g2)
}

/** weights4 for 16 planes. */
export function weights2(u: usize, uTap: usize, w: usize, row: usize, tap: usize, count: i32, step: usize): void {
  const half = f32x4.splat(0.5)
  for (let i = count; i > 0; --i) {
    const g0 = v128.load(w)
    const g1 = v128.load(w + tap)
    const g2 = v128.load(w + 2 * tap)
    const g3 = v128.load(w + row)
    const g4 = v128.load(w + row + tap)
    const g5 = v128.load(w + row + 2 * tap)
    const g6 = v128.load(w + 2 * row)
    const g7 = v128.load(w + 2 * row + tap)
    const g8 = v128.load(w + 2 * row + 2 * tap)
    const ends0 = f32x4.mul(half, f32x4.add(g0, g6))
    const ends1 = f32x4.mul(half, f32x4.add(g1, g7))
    const ends2 = f32x4.mul(half, f32x4.add(g2, g8))
    const middle0 = f32x4.mul(half, g3)
    const middle1 = f32x4.mul(half, g4)
    const middle2 = f32x4.mul(half, g5)
    weightLine(u, uTap, g0, g1, g2)
    weightLine(u + 4 * uTap, uTap, f32x4.add(ends0, middle0), f32x4.add(ends1, middle1), f32x4.add(ends2, middle2))
    weightLine(u + 8 * uTap, uTap, f32x4.sub(ends0, middle0), f32x4.sub(ends1, middle1), f32x4.sub(ends2, middle2))
    weightLine(u + 12 * uTap, uTap, g6, g7, g8)
    u += step
    w += step
  }
}
