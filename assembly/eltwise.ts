import { clamp as clampLanes, exp, expm1, loadLanes, storeLanes } from './simd'

/** y[i] = min(max(x[i], lo), hi), n floats; ReLU is lo = 0, hi = ∞. y may be x. */
export function clamp(y: usize, x: usize, n: i32, lo: f32, hi: f32): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  for (; n >= 4; n -= 4) {
    v128.store(y, clampLanes(v128.load(x), low, high))
    x += 16
    y += 16
  }
  if (n > 0) storeLanes(y, clampLanes(loadLanes(x, n), low, high), n)
}

// tanh|x| = −m/(m + 2) with m = e^(−2|x|) − 1; from |x| = 9.02 on it is 1 in single precision.
// @ts-ignore: decorator
@inline
function tanhLanes(x: v128): v128 {
  const m = expm1(f32x4.mul(f32x4.pmin(f32x4.abs(x), f32x4.splat(9.02)), f32x4.splat(-2)))
  const t = f32x4.div(m, f32x4.add(m, f32x4.splat(2)))
  return v128.bitselect(x, t, f32x4.splat(-0.0))
}

/** y[i] = tanh(x[i]), n floats, within 3 units in the last place. y may be x. */
export function tanh(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, tanhLanes(v128.load(x)))
    x += 16
    y += 16
  }
  if (n > 0) storeLanes(y, tanhLanes(loadLanes(x, n)), n)
}

// e^(−|x|) never overflows; for negative x the result is 1 − σ(|x|) = e/(1 + e), which does not cancel.
// @ts-ignore: decorator
@inline
function sigmoidLanes(x: v128): v128 {
  const one = f32x4.splat(1)
  const e = exp(f32x4.neg(f32x4.abs(x)))
  const top = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)))
  return f32x4.div(top, f32x4.add(one, e))
}

/** y[i] = 1 / (1 + e^(−x[i])), n floats. y may be x. */
export function sigmoid(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, sigmoidLanes(v128.load(x)))
    x += 16
    y += 16
  }
  if (n > 0) storeLanes(y, sigmoidLanes(loadLanes(x, n)), n)
}

/**
 * y[i][j][k][l] = clamp(a[i·a0 + j·a1 + k·a2 + l·a3] + b[i·b0 + j·b1 + k·b2 + l·b3])
 *
 * y: n0×n1×n2×n3, contiguous. The steps are in floats; 0 repeats a value, which is broadcasting. y may be the operand
 * whose steps are those of y.
 */
export function add(
  y: usize, a: usize, b: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, b0: i32, b1: i32, b2: i32, b3: i32, lo: f32, hi: f32,
): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  for (let i = 0; i < n0; ++i) {
    for (let j = 0; j < n1; ++j) {
      for (let k = 0; k < n2; ++k) {
        const p = a + (<usize>(i * a0 + j * a1 + k * a2) << 2)
        const q = b + (<usize>(i * b0 + j * b1 + k * b2) << 2)
        addRow(y, p, q, n3, <usize>a3 << 2, <usize>b3 << 2, low, high)
        y += <usize>n3 << 2
      }
    }
  }
}

// Four floats from p on, step bytes apart (4: as they lie, 0: one repeated).
// @ts-ignore: decorator
@inline
function gather(p: usize, step: usize, count: i32): v128 {
  if (step == 4) return loadLanes(p, count)
  if (step == 0) return v128.load32_splat(p)
  let v = v128.load32_zero(p)
  if (count > 1) v = v128.load32_lane(p + step, v, 1)
  if (count > 2) v = v128.load32_lane(p + 2 * step, v, 2)
  if (count > 3) v = v128.load32_lane(p + 3 * step, v, 3)
  return v
}

function addRow(y: usize, p: usize, q: usize, n: i32, pStep: usize, qStep: usize, lo: v128, hi: v128): void {
  if (pStep == 4 && qStep == 4) {
    for (; n >= 4; n -= 4) {
      v128.store(y, clampLanes(f32x4.add(v128.load(p), v128.load(q)), lo, hi))
      p += 16
      q += 16
      y += 16
    }
  }
  for (; n > 0; n -= 4) {
    storeLanes(y, clampLanes(f32x4.add(gather(p, pStep, n), gather(q, qStep, n)), lo, hi), n)
    p += pStep << 2
    q += qStep << 2
    y += 16
  }
}
