import { storeLanes } from './simd'

// How numbers become one. All share one loop: one for each would be ten times as much code, and is hardly faster.
const SUM = 0
const MAX = 1
const MIN = 2
const PROD = 3
const MAGNITUDES = 4
const SQUARES = 5
// The places of the largest and the smallest: the first, or seen from the other end the last.
const FIRST_MAX = 6
const FIRST_MIN = 7
const LAST_MAX = 8
const LAST_MIN = 9

// @ts-ignore: decorator
@inline
function merge(op: i32, a: v128, b: v128): v128 {
  if (op == SUM) return f32x4.add(a, b)
  if (op == MAX) return f32x4.max(a, b)
  if (op == MIN) return f32x4.min(a, b)
  if (op == PROD) return f32x4.mul(a, b)
  return f32x4.add(a, op == MAGNITUDES ? f32x4.abs(b) : f32x4.mul(b, b))
}

function reduce(op: i32, y: usize, x: usize, outer: i32, n: i32, inner: i32, scale: f32): void {
  const image = <usize>(n * inner) << 2
  let step = <usize>inner << 2
  let lane: usize = 4
  if (inner == 1) {
    // Four rows beside each other.
    lane = image
    inner = outer
    outer = 1
  }
  let from = x
  if (op >= LAST_MAX) {
    from += <usize>(n - 1) * step
    step = 0 - step
  }
  const places = op >= FIRST_MAX
  const flip = f32x4.splat(places && (op & 1) != 0 ? -0.0 : 0.0)
  const nothing: f32 = op == MAX || places ? -Infinity : op == MIN ? Infinity : op == PROD ? 1 : 0
  for (; outer > 0; --outer) {
    for (let k = 0; k < inner; k += 4) {
      const count = inner - k
      // Lanes beyond the last take the first once more.
      const b = count > 1 ? lane : 0
      const c = count > 2 ? lane * 2 : 0
      const d = count > 3 ? lane * 3 : 0
      let p = from + <usize>k * lane
      let v = f32x4.splat(nothing)
      let index = i32x4.splat(0)
      for (let j = 0; j < n; ++j) {
        let t: v128
        if (d == 12) {
          t = v128.load(p)
        } else {
          t = v128.load32_lane(p + b, v128.load32_zero(p), 1)
          t = v128.load32_lane(p + d, v128.load32_lane(p + c, t, 2), 3)
        }
        if (places) {
          t = v128.xor(t, flip)
          // A NaN wins.
          const better = v128.andnot(f32x4.eq(v, v), f32x4.le(t, v))
          v = v128.bitselect(t, v, better)
          index = v128.bitselect(i32x4.splat(j), index, better)
        } else {
          v = merge(op, v, t)
        }
        p += step
      }
      if (op >= LAST_MAX) index = i32x4.sub(i32x4.splat(n - 1), index)
      storeLanes(y, places ? f32x4.convert_i32x4_s(index) : f32x4.mul(v, f32x4.splat(scale)), count)
      y += <usize>min(count, 4) << 2
    }
    from += image
  }
}

/**
 * y[i][k] = Σ_j x[i][j][k] / n
 *
 * x: outer × n × inner, y: outer × inner, here and below.
 */
export function reduce_mean(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(SUM, y, x, outer, n, inner, <f32>1 / <f32>n)
}

/** y[i][k] = Σ_j x[i][j][k] */
export function reduce_sum(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(SUM, y, x, outer, n, inner, 1)
}

/** y[i][k] = max_j x[i][j][k]. A NaN wins. */
export function reduce_max(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(MAX, y, x, outer, n, inner, 1)
}

/** y[i][k] = min_j x[i][j][k]. A NaN wins. */
export function reduce_min(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(MIN, y, x, outer, n, inner, 1)
}

/** y[i][k] = Π_j x[i][j][k] */
export function reduce_prod(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(PROD, y, x, outer, n, inner, 1)
}

/** y[i][k] = Σ_j |x[i][j][k]| */
export function reduce_magnitudes(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(MAGNITUDES, y, x, outer, n, inner, 1)
}

/** y[i][k] = Σ_j x[i][j][k]² */
export function reduce_squares(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(SQUARES, y, x, outer, n, inner, 1)
}

/** y[i][k] = Σ_j x[i][j][k]² / n */
export function reduce_mean_squares(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(SQUARES, y, x, outer, n, inner, <f32>1 / <f32>n)
}

/** y[i][k] = the first j of the largest x[i][j][k]. A NaN wins, here and below. */
export function arg_max(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(FIRST_MAX, y, x, outer, n, inner, 1)
}

/** y[i][k] = the last j of the largest x[i][j][k] */
export function arg_max_last(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(LAST_MAX, y, x, outer, n, inner, 1)
}

/** y[i][k] = the first j of the smallest x[i][j][k] */
export function arg_min(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(FIRST_MIN, y, x, outer, n, inner, 1)
}

/** y[i][k] = the last j of the smallest x[i][j][k] */
export function arg_min_last(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  reduce(LAST_MIN, y, x, outer, n, inner, 1)
}
