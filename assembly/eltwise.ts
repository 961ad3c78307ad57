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

// erf|x| = 1 − e^(−|x|·q), which does not cancel near 0; q = −log(erfc|x|)/|x| is a degree-7 polynomial with which erf has a
// relative error of 4e-8 up to |x| = 4; from there on it is 1 in single precision.
function erfLanes(x: v128): v128 {
  const z = f32x4.pmin(f32x4.abs(x), f32x4.splat(4))
  // In pairs, not one coefficient after the other: a chain as long as that would be waited for.
  const square = f32x4.mul(z, z)
  const low = mulAdd(
    mulAdd(f32x4.splat(-0.019321713892261224), z, f32x4.splat(0.10281440989650602)),
    square,
    mulAdd(f32x4.splat(0.6366164968719062), z, f32x4.splat(1.1283792070451082)),
  )
  const high = mulAdd(
    mulAdd(f32x4.splat(4.0708015216560194e-05), z, f32x4.splat(-0.0003810013200902249)),
    square,
    mulAdd(f32x4.splat(0.0012517486209804472), z, f32x4.splat(0.0002057131777262744)),
  )
  const q = mulAdd(high, f32x4.mul(square, square), low)
  const e = f32x4.neg(expm1(f32x4.neg(f32x4.mul(q, z))))
  return v128.bitselect(x, e, f32x4.splat(-0.0))
}

// The functions below are one loop and one formula each. `op` is a constant wherever it is asked for: the compiler leaves that
// formula only.
const EXP = 0
const ELU = 1
const LEAKY_RELU = 2
const HARD_SIGMOID = 3
const HARD_SWISH = 4
const SOFTPLUS = 5
const GELU = 6
const GELU_TANH = 7
const ERF = 8

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
  if (op == ERF) return erfLanes(x)
  if (op == GELU) {
    const v = f32x4.pmax(x, f32x4.splat(-14))
    const half = f32x4.mul(v, f32x4.splat(0.5))
    return mulAdd(half, erfLanes(f32x4.mul(v, f32x4.splat(0.7071067812))), half)
  }
  // (1 + tanh u)/2 = σ(2u), which does not cancel; below −14 it is 0.
  const v = f32x4.pmax(x, f32x4.splat(-14))
  const cube = mulAdd(f32x4.mul(v, v), f32x4.splat(0.07135481627), f32x4.splat(1.595769122))
  return f32x4.mul(v, sigmoidLanes(f32x4.mul(v, cube)))
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

/** y[i] = x·(1 + erf(x/√2))/2, x = x[i], n floats, within 1.2e-7 of |x| and rounding (Hendrycks and Gimpel 2016). */
export function gelu(y: usize, x: usize, n: i32): void {
  each(GELU, y, x, n, 0, 0)
}

/** y[i] = x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, x = x[i], n floats. */
export function gelu_tanh(y: usize, x: usize, n: i32): void {
  each(GELU_TANH, y, x, n, 0, 0)
}

/** y[i] = erf(x[i]) = 2/√π·∫ e^(−t²) dt from 0 to x[i], n floats, within 4 units in the last place. */
export function erf(y: usize, x: usize, n: i32): void {
  each(ERF, y, x, n, 0, 0)
}

// What takes one instruction shares one loop: a copy for each would be ten times as large, and is hardly faster.
const ABS = 0
const NEG = 1
const SQRT = 2
const RECIPROCAL = 3
const FLOOR = 4
const CEIL = 5
const ROUND = 6
const SIGN = 7

function simple(op: i32, y: usize, x: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, instruction(op, loadLanes(x, n)), n)
    x += 16
    y += 16
  }
}

// @ts-ignore: decorator
@inline
function instruction(op: i32, x: v128): v128 {
  if (op == ABS) return f32x4.abs(x)
  if (op == NEG) return f32x4.neg(x)
  if (op == SQRT) return f32x4.sqrt(x)
  if (op == RECIPROCAL) return f32x4.div(f32x4.splat(1), x)
  if (op == FLOOR) return f32x4.floor(x)
  if (op == CEIL) return f32x4.ceil(x)
  if (op == ROUND) return f32x4.nearest(x)
  // 1 with the sign of x, but x itself where it is 0 or NaN.
  const one = v128.bitselect(x, f32x4.splat(1), f32x4.splat(-0.0))
  return v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)))
}

/** y[i] = |x[i]|, n floats. y may be x, here and below. */
export function abs(y: usize, x: usize, n: i32): void {
  simple(ABS, y, x, n)
}

/** y[i] = −x[i], n floats. */
export function neg(y: usize, x: usize, n: i32): void {
  simple(NEG, y, x, n)
}

/** y[i] = √x[i], n floats. */
export function sqrt(y: usize, x: usize, n: i32): void {
  simple(SQRT, y, x, n)
}

/** y[i] = 1/x[i], n floats. */
export function reciprocal(y: usize, x: usize, n: i32): void {
  simple(RECIPROCAL, y, x, n)
}

/** y[i] = ⌊x[i]⌋, n floats. */
export function floor(y: usize, x: usize, n: i32): void {
  simple(FLOOR, y, x, n)
}

/** y[i] = ⌈x[i]⌉, n floats. */
export function ceil(y: usize, x: usize, n: i32): void {
  simple(CEIL, y, x, n)
}

/** y[i] = the integer next to x[i], the even one of two as near, n floats. */
export function round(y: usize, x: usize, n: i32): void {
  simple(ROUND, y, x, n)
}

/** y[i] = 1 for x[i] > 0, −1 for x[i] < 0, else x[i] (±0, NaN), n floats. */
export function sign(y: usize, x: usize, n: i32): void {
  simple(SIGN, y, x, n)
}
