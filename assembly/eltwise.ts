import { clamp as clampLanes, exp as expLanes, expm1, loadLanes, mulAdd, sigmoid as sigmoidLanes, storeLanes } from './simd'

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

/** y[i] = 1 / (1 + e^(−x[i])), n floats. y may be x. */
export function sigmoid(y: usize, x: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, sigmoidLanes(v128.load(x)))
    x += 16
    y += 16
  }
  if (n > 0) storeLanes(y, sigmoidLanes(loadLanes(x, n)), n)
}

// The functions below are one loop and one formula each. `op` is a constant wherever it is asked for: the compiler leaves that
// formula only.
const ABS = 0
const NEG = 1
const SQRT = 2
const EXP = 3
const ELU = 4
const LEAKY_RELU = 5
const HARD_SIGMOID = 6
const HARD_SWISH = 7
const SOFTPLUS = 8
const GELU = 9
const GELU_TANH = 10

// @ts-ignore: decorator
@inline
function each(op: i32, y: usize, x: usize, n: i32, alpha: f32, beta: f32): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, formula(op, loadLanes(x, n), f32x4.splat(alpha), f32x4.splat(beta)), n)
    x += 16
    y += 16
  }
}

// @ts-ignore: decorator
@inline
function formula(op: i32, x: v128, alpha: v128, beta: v128): v128 {
  const zero = f32x4.splat(0)
  if (op == ABS) return f32x4.abs(x)
  if (op == NEG) return f32x4.neg(x)
  if (op == SQRT) return f32x4.sqrt(x)
  if (op == EXP) {
    // The square of e^(x/2), whose range is twice as wide: e^x overflows to ∞ and fades into 0 as it should.
    const half = expLanes(f32x4.pmin(f32x4.mul(x, f32x4.splat(0.5)), f32x4.splat(88)))
    return f32x4.mul(half, half)
  }
  if (op == ELU) {
    const low = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87)), zero)
    return v128.bitselect(x, f32x4.mul(alpha, expm1(low)), f32x4.gt(x, zero))
  }
  if (op == LEAKY_RELU) return v128.bitselect(f32x4.mul(x, alpha), x, f32x4.lt(x, zero))
  if (op == HARD_SIGMOID) return clampLanes(mulAdd(x, alpha, beta), zero, f32x4.splat(1))
  if (op == HARD_SWISH) {
    const gate = clampLanes(f32x4.add(x, f32x4.splat(3)), zero, f32x4.splat(6))
    return f32x4.mul(x, f32x4.mul(gate, f32x4.splat(1.0 / 6)))
  }
  if (op == SOFTPLUS) {
    // log(1 + e) = 2·(s + s³/3 + s⁵/5 + …) with s = e/(2 + e), at most 1/3: what is left out is 1.6e-8 of it.
    const e = expLanes(f32x4.neg(f32x4.abs(x)))
    const s = f32x4.div(e, f32x4.add(e, f32x4.splat(2)))
    const q = f32x4.mul(s, s)
    let p = f32x4.splat(2.0 / 13)
    p = mulAdd(p, q, f32x4.splat(2.0 / 11))
    p = mulAdd(p, q, f32x4.splat(2.0 / 9))
    p = mulAdd(p, q, f32x4.splat(2.0 / 7))
    p = mulAdd(p, q, f32x4.splat(2.0 / 5))
    p = mulAdd(p, q, f32x4.splat(2.0 / 3))
    p = mulAdd(p, q, f32x4.splat(2))
    return mulAdd(p, s, f32x4.pmax(x, zero))
  }
  if (op == GELU) {
    // With Φ(−|x|) = erfc(|x|/√2)/2 nothing cancels. erfc is Abramowitz and Stegun 7.1.26: absolute error 1.5e-7.
    const z = f32x4.pmin(f32x4.abs(x), f32x4.splat(14))
    const t = f32x4.div(f32x4.splat(1), mulAdd(z, f32x4.splat(0.231641888), f32x4.splat(1)))
    let p = f32x4.splat(0.5307027145)
    p = mulAdd(p, t, f32x4.splat(-0.7265760135))
    p = mulAdd(p, t, f32x4.splat(0.7107068705))
    p = mulAdd(p, t, f32x4.splat(-0.142248368))
    p = mulAdd(p, t, f32x4.splat(0.127414796))
    const tail = f32x4.mul(f32x4.mul(p, t), expLanes(f32x4.mul(f32x4.mul(z, z), f32x4.splat(-0.5))))
    return f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(z, tail))
  }
  // (1 + tanh u)/2 = σ(2u), which does not cancel; below −14 it is 0.
  const v = f32x4.pmax(x, f32x4.splat(-14))
  const cube = mulAdd(f32x4.mul(v, v), f32x4.splat(0.07135481627), f32x4.splat(1.595769122))
  return f32x4.mul(v, sigmoidLanes(f32x4.mul(v, cube)))
}

/** y[i] = |x[i]|, n floats. y may be x, here and below. */
export function abs(y: usize, x: usize, n: i32): void {
  each(ABS, y, x, n, 0, 0)
}

/** y[i] = −x[i], n floats. */
export function neg(y: usize, x: usize, n: i32): void {
  each(NEG, y, x, n, 0, 0)
}

/** y[i] = √x[i], n floats. */
export function sqrt(y: usize, x: usize, n: i32): void {
  each(SQRT, y, x, n, 0, 0)
}

/** y[i] = e^x[i], n floats, within 5 units in the last place. */
export function exp(y: usize, x: usize, n: i32): void {
  each(EXP, y, x, n, 0, 0)
}

/** y[i] = x > 0 ? x : α·(e^x − 1), x = x[i], n floats (Clevert et al. 2016). */
export function elu(y: usize, x: usize, n: i32, alpha: f32): void {
  each(ELU, y, x, n, alpha, 0)
}

/** y[i] = x < 0 ? α·x : x, x = x[i], n floats. */
export function leaky_relu(y: usize, x: usize, n: i32, alpha: f32): void {
  each(LEAKY_RELU, y, x, n, alpha, 0)
}

/** y[i] = min(max(α·x[i] + β, 0), 1), n floats. */
export function hard_sigmoid(y: usize, x: usize, n: i32, alpha: f32, beta: f32): void {
  each(HARD_SIGMOID, y, x, n, alpha, beta)
}

/** y[i] = x·min(max(x + 3, 0), 6)/6, x = x[i], n floats (Howard et al. 2019). */
export function hard_swish(y: usize, x: usize, n: i32): void {
  each(HARD_SWISH, y, x, n, 0, 0)
}

/** y[i] = log(1 + e^x[i]), n floats. */
export function softplus(y: usize, x: usize, n: i32): void {
  each(SOFTPLUS, y, x, n, 0, 0)
}

/** y[i] = x·(1 + erf(x/√2))/2, x = x[i], n floats, within 2e-7 of |x| and rounding (Hendrycks and Gimpel 2016). */
export function gelu(y: usize, x: usize, n: i32): void {
  each(GELU, y, x, n, 0, 0)
}

/** y[i] = x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, x = x[i], n floats. */
export function gelu_tanh(y: usize, x: usize, n: i32): void {
  each(GELU_TANH, y, x, n, 0, 0)
}
