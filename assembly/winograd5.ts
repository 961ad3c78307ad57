// The transforms of Winograd's F(3×3, 5×5), the points 0, ±1, ±2, ½: 49 multiplications where the definition has 225. All work on
// four channels at a time. Few networks have more than a few such layers: each line is one function for both directions, 7 vectors
// or 5 from memory to memory, which is short and costs a few cycles of each call.
import { madd } from './simd'
import { inputPoint, inside, put } from './winograd4'

// y = Bᵀd, seven vectors to seven, step and fromStep bytes apart. y may be d.
function inputLine(y: usize, step: usize, d: usize, fromStep: usize): void {
  const d0 = v128.load(d)
  const d1 = v128.load(d + fromStep)
  const d2 = v128.load(d + 2 * fromStep)
  const d3 = v128.load(d + 3 * fromStep)
  const d4 = v128.load(d + 4 * fromStep)
  const d5 = v128.load(d + 5 * fromStep)
  const d6 = v128.load(d + 6 * fromStep)
  // The factor (x − ½) that the polynomials of F(4×4, 3×3) lack at its own points; at ½ they are its last one.
  const half = f32x4.splat(0.5)
  const p0 = f32x4.sub(d1, f32x4.mul(half, d0))
  const p1 = f32x4.sub(d2, f32x4.mul(half, d1))
  const p2 = f32x4.sub(d3, f32x4.mul(half, d2))
  const p3 = f32x4.sub(d4, f32x4.mul(half, d3))
  const p4 = f32x4.sub(d5, f32x4.mul(half, d4))
  const p5 = f32x4.sub(d6, f32x4.mul(half, d5))
  v128.store(y, inputPoint(0, p0, p1, p2, p3, p4, p5))
  v128.store(y + step, inputPoint(1, p0, p1, p2, p3, p4, p5))
  v128.store(y + 2 * step, inputPoint(2, p0, p1, p2, p3, p4, p5))
  v128.store(y + 3 * step, inputPoint(3, p0, p1, p2, p3, p4, p5))
  v128.store(y + 4 * step, inputPoint(4, p0, p1, p2, p3, p4, p5))
  v128.store(y + 5 * step, inputPoint(5, d0, d1, d2, d3, d4, d5))
  v128.store(y + 6 * step, inputPoint(5, p0, p1, p2, p3, p4, p5))
}

/** inputTile4 for 7×7 pixels and 49 planes. */
export function inputTile5(
  v: usize, plane: usize, x: usize, row: usize, pixel: usize, temp: usize, top: i32, left: i32, h: i32, w: i32, c: i32,
): void {
  const whole = top >= 0 && left >= 0 && top + 7 <= h && left + 7 <= w
  for (let k = c; k > 0; k -= 4) {
    if (!whole) {
      let to = temp
      for (let i = 0; i < 7; ++i) {
        let from = x + <usize>i * row
        for (let j = 0; j < 7; ++j) {
          v128.store(to, inside(from, <u32>(top + i) < <u32>h && <u32>(left + j) < <u32>w))
          from += pixel
          to += 16
        }
      }
    }
    for (let j: usize = 0; j < 7; ++j) {
      const to = temp + (j << 4)
      inputLine(to, 112, whole ? x + j * pixel : to, whole ? row : 112)
    }
    let to = v
    for (let i: usize = 0; i < 784; i += 112) {
      inputLine(to, plane, temp + i, 16)
      to += 7 * plane
    }
    x += 16
    v += 16
  }
}

// Point p of Aᵀm, seven values to three.
// @ts-ignore: decorator
@inline
function outputPoint(p: i32, m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128, m6: v128): v128 {
  const half = f32x4.mul(f32x4.splat(0.5), m5)
  if (p == 1) {
    const t = f32x4.sub(m3, m4)
    return f32x4.add(f32x4.sub(m1, m2), f32x4.add(f32x4.add(t, t), half))
  }
  const even = f32x4.add(m1, m2)
  const even2 = f32x4.add(m3, m4)
  if (p == 0) return f32x4.add(f32x4.add(m0, m5), f32x4.add(even, even2))
  const last = f32x4.add(f32x4.mul(f32x4.splat(0.5), half), m6)
  return f32x4.add(f32x4.add(even, f32x4.mul(f32x4.splat(4), even2)), last)
}

/** y = clamp(AᵀmA + bias + res) of four channels of one tile of 3×3, of which rows × columns lie inside the map. */
export function outputTile5(
  y: usize, res: usize, m: usize, plane: usize, row: usize, pixel: usize, temp: usize, bias: usize,
  rows: i32, columns: i32, lo: f32, hi: f32,
): void {
  const step: usize = 7 * plane
  for (let j: usize = 0; j < 112; j += 16) {
    const m0 = v128.load(m)
    const m1 = v128.load(m + step)
    const m2 = v128.load(m + 2 * step)
    const m3 = v128.load(m + 3 * step)
    const m4 = v128.load(m + 4 * step)
    const m5 = v128.load(m + 5 * step)
    const m6 = v128.load(m + 6 * step)
    const t = temp + j
    v128.store(t, outputPoint(0, m0, m1, m2, m3, m4, m5, m6))
    v128.store(t, outputPoint(1, m0, m1, m2, m3, m4, m5, m6), 112)
    v128.store(t, outputPoint(2, m0, m1, m2, m3, m4, m5, m6), 224)
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
    const m6 = v128.load(temp, 96)
    put(y, res, 0, outputPoint(0, m0, m1, m2, m3, m4, m5, m6), b, low, high)
    if (columns > 1) put(y, res, pixel, outputPoint(1, m0, m1, m2, m3, m4, m5, m6), b, low, high)
    if (columns > 2) put(y, res, 2 * pixel, outputPoint(2, m0, m1, m2, m3, m4, m5, m6), b, low, high)
    temp += 112
    y += row
    if (res != 0) res += row
  }
}

// u = Gg, five weights to seven, step and fromStep bytes apart. u may be g.
function weightLine(u: usize, step: usize, g: usize, fromStep: usize): void {
  const g0 = v128.load(g)
  const g1 = v128.load(g + fromStep)
  const g2 = v128.load(g + 2 * fromStep)
  const g3 = v128.load(g + 3 * fromStep)
  const g4 = v128.load(g + 4 * fromStep)
  const two = f32x4.splat(2)
  const four = f32x4.splat(4)
  const even = f32x4.add(f32x4.add(g0, g4), g2)
  const odd = f32x4.add(g1, g3)
  // At ±2: g0 + 4·g2 + 16·g4 and 2·(g1 + 4·g3); at ½, sixteen times: the same from the other end.
  const even2 = madd(four, madd(four, g4, g2), g0)
  const odd2 = madd(four, g3, g1)
  const half = madd(two, madd(four, g1, g3), madd(four, madd(four, g0, g2), g4))
  v128.store(u, f32x4.mul(f32x4.splat(-0.5), g0))
  v128.store(u + step, f32x4.mul(f32x4.splat(-1.0 / 3), f32x4.add(even, odd)))
  v128.store(u + 2 * step, f32x4.mul(f32x4.splat(1.0 / 9), f32x4.sub(even, odd)))
  v128.store(u + 3 * step, f32x4.mul(f32x4.splat(1.0 / 36), madd(two, odd2, even2)))
  v128.store(u + 4 * step, f32x4.mul(f32x4.splat(-1.0 / 60), madd(f32x4.splat(-2), odd2, even2)))
  v128.store(u + 5 * step, f32x4.mul(f32x4.splat(2.0 / 45), half))
  v128.store(u + 6 * step, g4)
}

/**
 * weights4 for 5×5 taps and 49 planes. What lies between its two products goes to mid, 5 of each 7 vectors that are midTap bytes apart;
 * where mid is u and count 1, planes of u may be w itself.
 */
export function weights5(
  u: usize, uTap: usize, w: usize, row: usize, tap: usize, mid: usize, midTap: usize, count: i32, step: usize,
): void {
  for (let i = count; i > 0; --i) {
    for (let j: usize = 0; j < 5; ++j) weightLine(mid + j * midTap, 7 * midTap, w + j * tap, row)
    for (let j: usize = 0; j < 49; j += 7) weightLine(u + j * uTap, uTap, mid + j * midTap, midTap)
    u += step
    w += step
  }
}
