// A fully connected layer on one image reads every weight once: what counts is how fast they come.
import { storeRow } from './gemm'
import { madd } from './simd'

// y[0..cols) = clamp(v + res), cols at most 8; nothing where the layer has ended. Apart, since the stores cost the loop registers.
function put(y: usize, res: usize, v0: v128, v1: v128, cols: i32, lo: f32, hi: f32): void {
  if (cols > 0) storeRow(y, res, v0, v1, min(cols, 8), f32x4.splat(lo), f32x4.splat(hi))
}

/**
 * y[o] = clamp(bias[o] + res[o] + Σ_k x[k]·w[k][o]) for four panels of 8 outputs, a quarter of the layer (in outputs) apart
 *
 * w: panelStep bytes between the panels. left: outputs from the first panel to the layer's end; panels behind it repeat the one before
 * and are not stored.
 *
 * Four streams of weights instead of one keep more of the memory busy: 27 against 17 GB/s of 234 MB (AlexNet's). From the
 * second-level cache 58 against 38: x is read once for four panels, and each sum is a chain of its own.
 */
function tile_1x32(
  y: usize, res: usize, x: usize, w: usize, bias: usize, k: i32, quarter: i32, panelStep: usize, left: i32, lo: f32, hi: f32,
): void {
  const step = <usize>quarter << 2
  const left1 = left - quarter
  const left2 = left1 - quarter
  const left3 = left2 - quarter
  let w1 = left1 > 0 ? w + panelStep : w
  let w2 = left2 > 0 ? w1 + panelStep : w1
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
    if (left1 > 0) bias += step
    b0 = v128.load(bias)
    b1 = v128.load(bias, 16)
    if (left2 > 0) bias += step
    c0 = v128.load(bias)
    c1 = v128.load(bias, 16)
    if (left3 > 0) bias += step
    d0 = v128.load(bias)
    d1 = v128.load(bias, 16)
  }
  let w3 = left3 > 0 ? w2 + panelStep : w2
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
  put(y, res, a0, a1, left, lo, hi)
  const resStep = res != 0 ? step : 0
  y += step
  res += resStep
  put(y, res, b0, b1, left1, lo, hi)
  y += step
  res += resStep
  put(y, res, c0, c1, left2, lo, hi)
  put(y + step, res + resStep, d0, d1, left3, lo, hi)
}

/**
 * y[o] = clamp(bias[o] + res[o] + Σ_k x[k]·w[o][k])
 *
 * A fully connected layer on one image, or a convolution with a single output pixel. Sums are made in the order of conv_direct: one
 * image gives what it gives among others.
 * w: panels [OC/8][K][8], the last one filled up with zeros. bias: OC floats and 7 more that may be anything (0: none).
 */
export function gemv(y: usize, res: usize, x: usize, w: usize, bias: usize, k: i32, oc: i32, lo: f32, hi: f32): void {
  assert(k > 0 && oc > 0, 'gemv: empty layer')
  const panel = (<usize>k) << 5
  // A quarter of the layer for each stream, in whole panels: none has to jump before the layer ends.
  const quarter = ((oc + 31) >> 5) << 3
  const panelStep = panel * <usize>(quarter >> 3)
  for (let o = 0; o < quarter; o += 8) {
    tile_1x32(y, res, x, w, bias, k, quarter, panelStep, oc - o, lo, hi)
    w += panel
    if (bias != 0) bias += 32
    y += 32
    if (res != 0) res += 32
  }
}
