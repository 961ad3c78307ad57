import { exp as expLanes, loadLanes, mulAdd, sigmoid as sigmoidLanes, storeLanes } from '../simd'

/**
 * dx[i] = lo < y[i] < hi ? dy[i] : 0; ReLU is lo = 0, hi = ∞
 *
 * All: n floats; dx may be dy, here and below. At the limits it is 0, as PyTorch's relu, relu6 and hardtanh have it.
 */
export function clamp_grad(dx: usize, dy: usize, y: usize, n: i32, lo: f32, hi: f32): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  for (; n >= 4; n -= 4) {
    v128.store(dx, inside(v128.load(dy), v128.load(y), low, high))
    dx += 16
    dy += 16
    y += 16
  }
  if (n > 0) storeLanes(dx, inside(loadLanes(dy, n), loadLanes(y, n), low, high), n)
}

// What a NaN lets through shows in the loss.
// @ts-ignore: decorator
@inline
function inside(dy: v128, y: v128, lo: v128, hi: v128): v128 {
  return v128.andnot(dy, v128.or(f32x4.le(y, lo), f32x4.ge(y, hi)))
}

// The functions below are one loop and one formula each, as in ../eltwise.ts. `op` is a constant wherever it is asked for.
const TANH = 0
const SIGMOID = 1
const EXP = 2
const SQRT = 3
const LEAKY_RELU = 4
const ELU = 5
const SOFTPLUS = 6
const HARD_SWISH = 7
const HARD_SIGMOID = 8
const GELU = 9
const GELU_TANH = 10
const ABS = 11

// @ts-ignore: decorator
@inline
function each(op: i32, dx: usize, dy: usize, s: usize, n: i32, alpha: f32): void {
  for (; n > 0; n -= 4) {
    storeLanes(dx, formula(op, loadLanes(dy, n), loadLanes(s, n), f32x4.splat(alpha)), n)
    dx += 16
    dy += 16
    s += 16
  }
}

// @ts-ignore: decorator
@inline
function formula(op: i32, dy: v128, s: v128, alpha: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  if (op == TANH) return f32x4.mul(dy, f32x4.mul(f32x4.add(one, s), f32x4.sub(one, s)))
  if (op == SIGMOID) return f32x4.mul(dy, f32x4.mul(s, f32x4.sub(one, s)))
  if (op == EXP) return f32x4.mul(dy, s)
  if (op == SQRT) return f32x4.div(dy, f32x4.add(s, s))
  if (op == LEAKY_RELU) return v128.bitselect(dy, f32x4.mul(dy, alpha), f32x4.gt(s, zero))
  if (op == ELU) return v128.bitselect(f32x4.mul(dy, f32x4.add(s, alpha)), dy, f32x4.le(s, zero))
  if (op == SOFTPLUS) return f32x4.mul(dy, sigmoidLanes(s))
  if (op == HARD_SWISH) {
    const three = f32x4.splat(3)
    const ramp = f32x4.mul(dy, mulAdd(s, f32x4.splat(1.0 / 3), f32x4.splat(0.5)))
    const low = v128.andnot(ramp, f32x4.lt(s, f32x4.neg(three)))
    return v128.bitselect(dy, low, f32x4.ge(s, three))
  }
  if (op == HARD_SIGMOID) {
    return v128.and(f32x4.mul(dy, alpha), v128.and(f32x4.gt(s, zero), f32x4.lt(s, one)))
  }
  if (op == GELU) {
    // Φ(−|x|) as in the forward kernel. Beyond 14 nothing is left of it, nor of the density.
    const v = f32x4.pmax(f32x4.pmin(s, f32x4.splat(14)), f32x4.splat(-14))
    const t = f32x4.div(one, mulAdd(f32x4.abs(v), f32x4.splat(0.231641888), one))
    let p = f32x4.splat(0.5307027145)
    p = mulAdd(p, t, f32x4.splat(-0.7265760135))
    p = mulAdd(p, t, f32x4.splat(0.7107068705))
    p = mulAdd(p, t, f32x4.splat(-0.142248368))
    p = mulAdd(p, t, f32x4.splat(0.127414796))
    const e = expLanes(f32x4.mul(f32x4.mul(v, v), f32x4.splat(-0.5)))
    const tail = f32x4.mul(f32x4.mul(p, t), e)
    const share = v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(v, zero))
    return f32x4.mul(dy, mulAdd(f32x4.mul(v, f32x4.splat(0.3989422804)), e, share))
  }
  if (op == GELU_TANH) {
    // y = x·σ(u): y' = σ + x·σ·(1 − σ)·u'. Beyond 14 it is 0 or 1.
    const v = f32x4.pmax(f32x4.pmin(s, f32x4.splat(14)), f32x4.splat(-14))
    const q = f32x4.mul(v, v)
    const u = f32x4.mul(v, mulAdd(q, f32x4.splat(0.07135481627), f32x4.splat(1.595769122)))
    const slope = mulAdd(q, f32x4.splat(0.2140644488), f32x4.splat(1.595769122))
    // σ(u) and 1 − σ(u), neither by a difference: the one is 1/(1 + e), the other e/(1 + e) with e = e^(−|u|).
    const e = expLanes(f32x4.neg(f32x4.abs(u)))
    const large = f32x4.div(one, f32x4.add(one, e))
    const small = f32x4.mul(e, large)
    const negative = f32x4.lt(u, zero)
    const g = v128.bitselect(small, large, negative)
    const rest = v128.bitselect(large, small, negative)
    return f32x4.mul(dy, f32x4.mul(g, mulAdd(f32x4.mul(v, slope), rest, one)))
  }
  const sign = v128.xor(dy, v128.and(s, f32x4.splat(-0.0)))
  return v128.and(sign, v128.or(f32x4.lt(s, zero), f32x4.gt(s, zero)))
}

/** dx[i] = dy[i]·(1 − y[i]²), n floats. */
export function tanh_grad(dx: usize, dy: usize, y: usize, n: i32): void {
  each(TANH, dx, dy, y, n, 0)
}

/** dx[i] = dy[i]·y[i]·(1 − y[i]), n floats. */
export function sigmoid_grad(dx: usize, dy: usize, y: usize, n: i32): void {
  each(SIGMOID, dx, dy, y, n, 0)
}

/** dx[i] = dy[i]·y[i], n floats. */
export function exp_grad(dx: usize, dy: usize, y: usize, n: i32): void {
  each(EXP, dx, dy, y, n, 0)
}

/** dx[i] = dy[i] / (2·y[i]), n floats. */
export function sqrt_grad(dx: usize, dy: usize, y: usize, n: i32): void {
  each(SQRT, dx, dy, y, n, 0)
}

/** dx[i] = s[i] > 0 ? dy[i] : α·dy[i], n floats; s: x, or y if α ≥ 0. */
export function leaky_relu_grad(dx: usize, dy: usize, s: usize, n: i32, alpha: f32): void {
  each(LEAKY_RELU, dx, dy, s, n, alpha)
}

/** dx[i] = y[i] > 0 ? dy[i] : dy[i]·(y[i] + α), n floats; α ≥ 0. */
export function elu_grad(dx: usize, dy: usize, y: usize, n: i32, alpha: f32): void {
  each(ELU, dx, dy, y, n, alpha)
}

/** dx[i] = dy[i] / (1 + e^(−x[i])), n floats. */
export function softplus_grad(dx: usize, dy: usize, x: usize, n: i32): void {
  each(SOFTPLUS, dx, dy, x, n, 0)
}

/** dx[i] = dy[i]·(x < −3 ? 0 : x ≥ 3 ? 1 : x/3 + 1/2), x = x[i], n floats. */
export function hard_swish_grad(dx: usize, dy: usize, x: usize, n: i32): void {
  each(HARD_SWISH, dx, dy, x, n, 0)
}

/** dx[i] = 0 < y[i] < 1 ? α·dy[i] : 0, n floats. */
export function hard_sigmoid_grad(dx: usize, dy: usize, y: usize, n: i32, alpha: f32): void {
  each(HARD_SIGMOID, dx, dy, y, n, alpha)
}

/** dx[i] = dy[i]·(Φ(x) + x·φ(x)), x = x[i], n floats: the normal distribution and its density. Within 3e-7 of dy. */
export function gelu_grad(dx: usize, dy: usize, x: usize, n: i32): void {
  each(GELU, dx, dy, x, n, 0)
}

/** dx[i] = dy[i]·(σ + x·σ·(1 − σ)·u'), σ = 1/(1 + e^(−u)), u = 2·√(2/π)·(x + 0.044715·x³), x = x[i], n floats. */
export function gelu_tanh_grad(dx: usize, dy: usize, x: usize, n: i32): void {
  each(GELU_TANH, dx, dy, x, n, 0)
}

/** dx[i] = dy[i]·sign(x[i]), 0 where x[i] is 0, n floats. */
export function abs_grad(dx: usize, dy: usize, x: usize, n: i32): void {
  each(ABS, dx, dy, x, n, 0)
}
