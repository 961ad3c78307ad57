import { pow } from './scalar'
import { clamp, loadLanes, mulAdd, storeLanes } from './simd'

/**
 * s[j] = scale[j] / √(variance[j] + ε), t[j] = bias[j] − mean[j]·s[j]
 *
 * All: c floats. Batch normalisation (Ioffe and Szegedy 2015) as one scale and one shift per channel.
 */
export function norm_factors(
  s: usize, t: usize, scale: usize, bias: usize, mean: usize, variance: usize, c: i32, epsilon: f32,
): void {
  for (; c > 0; c -= 4) {
    const deviation = f32x4.sqrt(f32x4.add(loadLanes(variance, c), f32x4.splat(epsilon)))
    const factor = f32x4.div(loadLanes(scale, c), deviation)
    storeLanes(s, factor, c)
    storeLanes(t, f32x4.sub(loadLanes(bias, c), f32x4.mul(loadLanes(mean, c), factor)), c)
    s += 16
    t += 16
    scale += 16
    bias += 16
    mean += 16
    variance += 16
  }
}

/**
 * y[i][j][k] = clamp(x[i][j][k]·s[j] + t[j])
 *
 * x, y: outer × c × inner, s, t: c. y may be x. NHWC is inner = 1.
 */
export function affine(
  y: usize, x: usize, s: usize, t: usize, outer: i32, c: i32, inner: i32, lo: f32, hi: f32,
): void {
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  for (let i = 0; i < outer; ++i) {
    if (inner == 1) {
      affineRow(y, x, s, t, c, low, high)
      x += <usize>c << 2
      y += <usize>c << 2
    } else {
      for (let j = 0; j < c; ++j) {
        const at = <usize>j << 2
        affineRun(y, x, v128.load32_splat(s + at), v128.load32_splat(t + at), inner, low, high)
        x += <usize>inner << 2
        y += <usize>inner << 2
      }
    }
  }
}

function affineRow(y: usize, x: usize, s: usize, t: usize, c: i32, lo: v128, hi: v128): void {
  for (; c > 0; c -= 4) {
    storeLanes(y, clamp(mulAdd(loadLanes(x, c), loadLanes(s, c), loadLanes(t, c)), lo, hi), c)
    x += 16
    y += 16
    s += 16
    t += 16
  }
}

function affineRun(y: usize, x: usize, s: v128, t: v128, n: i32, lo: v128, hi: v128): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, clamp(mulAdd(loadLanes(x, n), s, t), lo, hi), n)
    x += 16
    y += 16
  }
}

/**
 * y[i][j] = x[i][j] / (bias + α/size · Σ x[i][k]²)^β, k from j − ⌊(size − 1)/2⌋ to j + ⌈(size − 1)/2⌉ inside 0 to c − 1
 *
 * x, y: pixels × c. Local response normalisation (Krizhevsky et al. 2012), as ONNX LRN-13 places the window.
 */
export function lrn(
  y: usize, x: usize, pixels: i32, c: i32, size: i32, alpha: f32, beta: f32, bias: f32,
): void {
  const scale = f32x4.splat(alpha / <f32>size)
  const least = f32x4.splat(bias)
  const first = -((size - 1) >> 1)
  for (; pixels > 0; --pixels) {
    for (let j = 0; j < c; j += 4) {
      const at = <usize>j << 2
      const base = mulAdd(squares(x, j + first, size, c), scale, least)
      storeLanes(y + at, f32x4.div(loadLanes(x + at, c - j), beta == 0.75 ? threeQuarters(base) : powers(base, beta)), c - j)
    }
    x += <usize>c << 2
    y += <usize>c << 2
  }
}

// Of four neighbouring channels, j the first of the first window.
function squares(x: usize, j: i32, size: i32, c: i32): v128 {
  let sum = f32x4.splat(0)
  for (const end = j + size; j < end; ++j) {
    const v = j >= 0 && j + 4 <= c ? v128.load(x + (<usize>j << 2)) : border(x, j, c)
    sum = f32x4.add(sum, f32x4.mul(v, v))
  }
  return sum
}

// Four channels from j on, 0 where there are none.
function border(x: usize, j: i32, c: i32): v128 {
  let v = f32x4.splat(0)
  if (<u32>j < <u32>c) v = f32x4.replace_lane(v, 0, load<f32>(x + (<usize>j << 2)))
  if (<u32>(j + 1) < <u32>c) v = f32x4.replace_lane(v, 1, load<f32>(x + (<usize>j << 2), 4))
  if (<u32>(j + 2) < <u32>c) v = f32x4.replace_lane(v, 2, load<f32>(x + (<usize>j << 2), 8))
  if (<u32>(j + 3) < <u32>c) v = f32x4.replace_lane(v, 3, load<f32>(x + (<usize>j << 2), 12))
  return v
}

// @ts-ignore: decorator
@inline
function threeQuarters(v: v128): v128 {
  const root = f32x4.sqrt(v)
  return f32x4.mul(root, f32x4.sqrt(root))
}

function powers(v: v128, beta: f32): v128 {
  let result = f32x4.splat(pow(f32x4.extract_lane(v, 0), beta))
  result = f32x4.replace_lane(result, 1, pow(f32x4.extract_lane(v, 1), beta))
  result = f32x4.replace_lane(result, 2, pow(f32x4.extract_lane(v, 2), beta))
  return f32x4.replace_lane(result, 3, pow(f32x4.extract_lane(v, 3), beta))
}
