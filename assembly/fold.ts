// Batch normalisation folded into the weights before it, once, when all are in place.
import { loadLanes, storeLanes } from './simd'

// scale / √(variance + epsilon), four channels from i on.
function factor(scale: usize, variance: usize, epsilon: f32, i: i32, count: i32): v128 {
  const at = <usize>i << 2
  const root = f32x4.sqrt(f32x4.add(loadLanes(variance + at, count), f32x4.splat(epsilon)))
  return f32x4.div(loadLanes(scale + at, count), root)
}

// (b − mean)·f + shift, four channels from i on; b 0: none.
function moved(b: usize, mean: usize, shift: usize, f: v128, i: i32, count: i32): v128 {
  const at = <usize>i << 2
  const own = b != 0 ? loadLanes(b + at, count) : f32x4.splat(0)
  return f32x4.add(f32x4.mul(f32x4.sub(own, loadLanes(mean + at, count)), f), loadLanes(shift + at, count))
}

/**
 * bias[o] = (b[o] − mean[o])·f[o] + shift[o], w[o][k] = w[o][k]·f[o], f[o] = scale[o] / √(variance[o] + epsilon)
 *
 * w: panels [OC/8][K][8]. b: OC floats (0: none), may be bias; the others OC floats.
 */
export function fold_panels(
  bias: usize, w: usize, b: usize, scale: usize, shift: usize, mean: usize, variance: usize, epsilon: f32, oc: i32, k: i32,
): void {
  for (let o = 0; o < oc; o += 8) {
    const left = oc - o
    const f0 = factor(scale, variance, epsilon, o, left)
    storeLanes(bias + (<usize>o << 2), moved(b, mean, shift, f0, o, left), left)
    let f1 = f32x4.splat(0)
    if (left > 4) {
      f1 = factor(scale, variance, epsilon, o + 4, left - 4)
      storeLanes(bias + (<usize>(o + 4) << 2), moved(b, mean, shift, f1, o + 4, left - 4), left - 4)
    }
    for (let i = k; i > 0; --i) {
      v128.store(w, f32x4.mul(v128.load(w), f0))
      v128.store(w, f32x4.mul(v128.load(w, 16), f1), 16)
      w += 32
    }
  }
}

/** fold_panels for a depthwise convolution, w: [taps][C]. */
export function fold_taps(
  bias: usize, w: usize, b: usize, scale: usize, shift: usize, mean: usize, variance: usize, epsilon: f32, c: i32, taps: i32,
): void {
  for (let i = 0; i < c; i += 4) {
    const left = c - i
    const f = factor(scale, variance, epsilon, i, left)
    storeLanes(bias + (<usize>i << 2), moved(b, mean, shift, f, i, left), left)
    let p = w + (<usize>i << 2)
    for (let t = taps; t > 0; --t) {
      storeLanes(p, f32x4.mul(loadLanes(p, left), f), left)
      p += <usize>c << 2
    }
  }
}

/**
 * bias[o] = b[o] + Σ_j w[o][j]·(shift[i] − mean[i]·f[i]), w[o][j] = w[o][j]·f[i], f[i] = scale[i] / √(variance[i] + epsilon), i = j mod c
 *
 * Batch normalisation of what a convolution without padding reads. w: panels [OC/8][K][8], of which c numbers are one tap's.
 * bias, b (0: none): OC floats, and as many more as fill the last panel; the others c floats.
 */
export function fold_before(
  bias: usize, w: usize, b: usize, scale: usize, shift: usize, mean: usize, variance: usize, epsilon: f32, oc: i32, k: i32,
  c: i32,
): void {
  for (; oc > 0; oc -= 8) {
    let b0 = f32x4.splat(0)
    let b1 = b0
    if (b != 0) {
      b0 = v128.load(b)
      b1 = v128.load(b, 16)
      b += 32
    }
    for (let j = 0; j < k; ++j) {
      const i = <usize>(j % c) << 2
      const f = f32x4.splat(load<f32>(scale + i) / sqrt<f32>(load<f32>(variance + i) + epsilon))
      const t = f32x4.sub(v128.load32_splat(shift + i), f32x4.mul(v128.load32_splat(mean + i), f))
      const w0 = v128.load(w)
      const w1 = v128.load(w, 16)
      b0 = f32x4.add(b0, f32x4.mul(w0, t))
      b1 = f32x4.add(b1, f32x4.mul(w1, t))
      v128.store(w, f32x4.mul(w0, f))
      v128.store(w, f32x4.mul(w1, f), 16)
      w += 32
    }
    v128.store(bias, b0)
    v128.store(bias, b1, 16)
    bias += 32
  }
}
