import { loadLanes, mulAdd, storeLanes } from '../simd'

// One step of an optimizer over a range of n floats: w the weights, g their gradients, the others its state, 0 at the start.
// PyTorch's formulas. Constants are in double precision: 1 − 0.999 has four correct digits in single.

// g + decay·w + l1·sign(w)
// @ts-ignore: decorator
@inline
function penalised(g: v128, w: v128, decay: v128, l1: v128): v128 {
  const sign = v128.and(v128.or(v128.and(w, f32x4.splat(-0.0)), l1), f32x4.ne(w, f32x4.splat(0)))
  return f32x4.add(mulAdd(w, decay, g), sign)
}

/**
 * d = g + decay·w + l1·sign(w), m = first ? d : momentum·m + (1 − dampening)·d, w −= lr·(nesterov ? d + momentum·m : m)
 *
 * m is not used, and d is what w moves along, where momentum is 0. (Sutskever et al. 2013)
 */
export function sgd(
  w: usize, m: usize, g: usize, n: i32,
  lr: f64, momentum: f64, dampening: f64, nesterov: i32, decay: f64, l1: f64, first: i32,
): void {
  const rate = f32x4.splat(<f32>-lr)
  const keep = f32x4.splat(first ? 0 : <f32>momentum)
  const take = f32x4.splat(first ? 1 : <f32>(1 - dampening))
  const l2 = f32x4.splat(<f32>decay)
  const sparse = f32x4.splat(<f32>l1)
  for (; n > 0; n -= 4) {
    const v = loadLanes(w, n)
    let d = penalised(loadLanes(g, n), v, l2, sparse)
    if (momentum != 0) {
      const moment = f32x4.add(f32x4.mul(loadLanes(m, n), keep), f32x4.mul(d, take))
      storeLanes(m, moment, n)
      d = nesterov ? mulAdd(moment, f32x4.splat(<f32>momentum), d) : moment
      m += 16
    }
    storeLanes(w, mulAdd(d, rate, v), n)
    w += 16
    g += 16
  }
}

/** d = g + decay·w + l1·sign(w), sum += d², w −= lr·d / (√sum + ε) (Duchi et al. 2011) */
export function adagrad(
  w: usize, sum: usize, g: usize, n: i32, lr: f64, epsilon: f64, decay: f64, l1: f64,
): void {
  const rate = f32x4.splat(<f32>-lr)
  const least = f32x4.splat(<f32>epsilon)
  const l2 = f32x4.splat(<f32>decay)
  const sparse = f32x4.splat(<f32>l1)
  for (; n > 0; n -= 4) {
    const v = loadLanes(w, n)
    const d = penalised(loadLanes(g, n), v, l2, sparse)
    const s = mulAdd(d, d, loadLanes(sum, n))
    storeLanes(sum, s, n)
    storeLanes(w, mulAdd(f32x4.div(d, f32x4.add(f32x4.sqrt(s), least)), rate, v), n)
    w += 16
    sum += 16
    g += 16
  }
}

/**
 * d = g + decay·w + l1·sign(w), square = α·square + (1 − α)·d², m = momentum·m + d / (√square + ε), w −= lr·m
 *
 * m is not used where momentum is 0. (Tieleman and Hinton 2012)
 */
export function rmsprop(
  w: usize, square: usize, m: usize, g: usize, n: i32,
  lr: f64, alpha: f64, epsilon: f64, momentum: f64, decay: f64, l1: f64,
): void {
  const rate = f32x4.splat(<f32>-lr)
  const keep = f32x4.splat(<f32>alpha)
  const take = f32x4.splat(<f32>(1 - alpha))
  const least = f32x4.splat(<f32>epsilon)
  const l2 = f32x4.splat(<f32>decay)
  const sparse = f32x4.splat(<f32>l1)
  for (; n > 0; n -= 4) {
    const v = loadLanes(w, n)
    const d = penalised(loadLanes(g, n), v, l2, sparse)
    const s = f32x4.add(f32x4.mul(loadLanes(square, n), keep), f32x4.mul(f32x4.mul(d, d), take))
    storeLanes(square, s, n)
    let step = f32x4.div(d, f32x4.add(f32x4.sqrt(s), least))
    if (momentum != 0) {
      step = mulAdd(loadLanes(m, n), f32x4.splat(<f32>momentum), step)
      storeLanes(m, step, n)
      m += 16
    }
    storeLanes(w, mulAdd(step, rate, v), n)
    w += 16
    square += 16
    g += 16
  }
}

/**
 * m = β₁·m + (1 − β₁)·d, v = β₂·v + (1 − β₂)·d², w −= lr·(m / correction1) / (√(v / correction2) + ε)
 *
 * d = g + decay·w + l1·sign(w), or, decoupled (AdamW), w −= lr·decay·w before and d = g + l1·sign(w). In step t (from 1)
 * correction1 is 1 − β₁ᵗ, correction2 1 − β₂ᵗ. (Kingma and Ba 2015; Loshchilov and Hutter 2019)
 */
export function adam(
  w: usize, m: usize, v: usize, g: usize, n: i32,
  lr: f64, beta1: f64, beta2: f64, epsilon: f64, correction1: f64, correction2: f64, decay: f64, decoupled: i32, l1: f64,
): void {
  const rate = f32x4.splat(<f32>(-lr / correction1))
  const root = f32x4.splat(<f32>(1 / sqrt(correction2)))
  const least = f32x4.splat(<f32>epsilon)
  const keep1 = f32x4.splat(<f32>beta1)
  const take1 = f32x4.splat(<f32>(1 - beta1))
  const keep2 = f32x4.splat(<f32>beta2)
  const take2 = f32x4.splat(<f32>(1 - beta2))
  const shrink = f32x4.splat(decoupled ? <f32>(1 - lr * decay) : 1)
  const l2 = f32x4.splat(decoupled ? 0 : <f32>decay)
  const sparse = f32x4.splat(<f32>l1)
  for (; n > 0; n -= 4) {
    const old = f32x4.mul(loadLanes(w, n), shrink)
    const d = penalised(loadLanes(g, n), old, l2, sparse)
    const first = f32x4.add(f32x4.mul(loadLanes(m, n), keep1), f32x4.mul(d, take1))
    const second = f32x4.add(f32x4.mul(loadLanes(v, n), keep2), f32x4.mul(f32x4.mul(d, d), take2))
    storeLanes(m, first, n)
    storeLanes(v, second, n)
    const size = mulAdd(f32x4.sqrt(second), root, least)
    storeLanes(w, mulAdd(f32x4.div(first, size), rate, old), n)
    w += 16
    m += 16
    v += 16
    g += 16
  }
}

/** to[0] += Σ g[i]², n floats; to: one f64. */
export function sum_squares(to: usize, g: usize, n: i32): void {
  let sum = f64x2.splat(0)
  let other = sum
  for (; n > 0; n -= 4) {
    const v = loadLanes(g, n)
    const low = f64x2.promote_low_f32x4(v)
    const high = f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1))
    sum = f64x2.add(sum, f64x2.mul(low, low))
    other = f64x2.add(other, f64x2.mul(high, high))
    g += 16
  }
  sum = f64x2.add(sum, other)
  store<f64>(to, load<f64>(to) + (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)))
}

/** g[i] ·= factor, n floats. */
export function scale(g: usize, n: i32, factor: f32): void {
  for (; n > 0; n -= 4) {
    storeLanes(g, f32x4.mul(loadLanes(g, n), f32x4.splat(factor)), n)
    g += 16
  }
}
