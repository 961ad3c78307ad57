// A fully connected layer on one image reads every weight once: what counts is how fast they come.
import { storeRow } from './gemm'
import { madd, mulAdd } from './simd'

/**
 * y[0..cols) = clamp(bias[0..cols) + res[0..cols) + Σ_k x[k]·w[k][0..cols))
 *
 * One row against one panel: four independent chains of k, since one would wait for its own additions.
 */
function tile_1x8(
  y: usize, res: usize, x: usize, w: usize, bias: usize, k: i32, cols: i32, lo: f32, hi: f32,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  if (bias != 0) {
    a0 = v128.load(bias)
    a1 = v128.load(bias, 16)
  }
  let b0 = f32x4.splat(0)
  let b1 = b0
  let c0 = b0
  let c1 = b0
  let d0 = b0
  let d1 = b0
  for (; k >= 4; k -= 4) {
    let v = v128.load32_splat(x)
    a0 = mulAdd(v, v128.load(w), a0)
    a1 = mulAdd(v, v128.load(w, 16), a1)
    v = v128.load32_splat(x, 4)
    b0 = mulAdd(v, v128.load(w, 32), b0)
    b1 = mulAdd(v, v128.load(w, 48), b1)
    v = v128.load32_splat(x, 8)
    c0 = mulAdd(v, v128.load(w, 64), c0)
    c1 = mulAdd(v, v128.load(w, 80), c1)
    v = v128.load32_splat(x, 12)
    d0 = mulAdd(v, v128.load(w, 96), d0)
    d1 = mulAdd(v, v128.load(w, 112), d1)
    x += 16
    w += 128
  }
  for (; k > 0; --k) {
    const v = v128.load32_splat(x)
    a0 = mulAdd(v, v128.load(w), a0)
    a1 = mulAdd(v, v128.load(w, 16), a1)
    x += 4
    w += 32
  }
  a0 = f32x4.add(f32x4.add(a0, b0), f32x4.add(c0, d0))
  a1 = f32x4.add(f32x4.add(a1, b1), f32x4.add(c1, d1))
  storeRow(y, res, a0, a1, cols, f32x4.splat(lo), f32x4.splat(hi))
}

/**
 * The same for four panels, panelStep bytes apart, whose results (and res and bias) are step bytes apart.
 *
 * Four streams of weights instead of one keep more of the memory busy: 27 against 17 GB/s of 234 MB (AlexNet's). From the
 * second-level cache 58 against 38: x is read once for four panels, and each sum is a chain of its own.
 */
function tile_1x32(
  y: usize, res: usize, x: usize, w: usize, bias: usize, step: usize, panelStep: usize, k: i32, lo: f32, hi: f32,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  if (bias != 0) {
    a0 = v128.load(bias)
    a1 = v128.load(bias, 16)
    bias += step
    b0 = v128.load(bias)
    b1 = v128.load(bias, 16)
    bias += step
    c0 = v128.load(bias)
    c1 = v128.load(bias, 16)
    bias += step
    d0 = v128.load(bias)
    d1 = v128.load(bias, 16)
  }
  let w1 = w + panelStep
  let w2 = w1 + panelStep
  let w3 = w2 + panelStep
  const end = w + (<usize>k << 5)
  while (w < end) {
    const v = v128.load32_splat(x)
    a0 = madd(v, v128.load(w), a0)
    a1 = madd(v, v128.load(w, 16), a1)
    b0 = madd(v, v128.load(w1), b0)
    b1 = madd(v, v128.load(w1, 16), b1)
    // Never so, but a place to leave: V8 moves all loads between two such places to the first, and there are no registers for
    // eight weights beside eight sums: one of them would wait for the memory in every step (38 GB/s instead of 74).
    if (w2 == 0) break
    c0 = madd(v, v128.load(w2), c0)
    c1 = madd(v, v128.load(w2, 16), c1)
    d0 = madd(v, v128.load(w3), d0)
    d1 = madd(v, v128.load(w3, 16), d1)
    x += 4
    w += 32
    w1 += 32
    w2 += 32
    w3 += 32
  }
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  const resStep = res != 0 ? step : 0
  storeRow(y, res, a0, a1, 8, low, high)
  y += step
  res += resStep
  storeRow(y, res, b0, b1, 8, low, high)
  y += step
  res += resStep
  storeRow(y, res, c0, c1, 8, low, high)
  storeRow(y + step, res + resStep, d0, d1, 8, low, high)
}

/**
 * y[o] = clamp(bias[o] + res[o] + Σ_k x[k]·w[o][k])
 *
 * A fully connected layer on one image, or a convolution with a single output pixel.
 * w: panels [OC/8][K][8], the last one filled up with zeros. bias: OC floats and 7 more that may be anything (0: none).
 */
export function gemv(y: usize, res: usize, x: usize, w: usize, bias: usize, k: i32, oc: i32, lo: f32, hi: f32): void {
  assert(k > 0 && oc > 0, 'gemv: empty layer')
  const panel = (<usize>k) << 5
  // The four streams are a quarter of the layer each: none ends before the layer does.
  const quarter = oc >> 5
  const step = <usize>quarter << 5
  for (let i = quarter; i > 0; --i) {
    tile_1x32(y, res, x, w, bias, step, panel * quarter, k, lo, hi)
    w += panel
    if (bias != 0) bias += 32
    y += 32
    if (res != 0) res += 32
  }
  w += 3 * panel * quarter
  if (bias != 0) bias += 3 * step
  y += 3 * step
  if (res != 0) res += 3 * step
  for (let o = quarter << 5; o < oc; o += 8) {
    tile_1x8(y, res, x, w, bias, k, min(oc - o, 8), lo, hi)
    w += panel
    if (bias != 0) bias += 32
    y += 32
    if (res != 0) res += 32
  }
}
