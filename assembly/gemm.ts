// The micro-kernels everything heavy stands on. Weights come as panels of 8 output channels, read strictly linearly.
import { clamp, loadLanes, madd, storeLanes } from './simd'

// y[0..cols) = clamp(v + res), cols < 8.
// @ts-ignore: decorator
@inline
function storePart(y: usize, res: usize, v0: v128, v1: v128, cols: i32, lo: v128, hi: v128): void {
  if (res != 0) v0 = f32x4.add(v0, loadLanes(res, cols))
  storeLanes(y, clamp(v0, lo, hi), cols)
  if (cols > 4) {
    if (res != 0) v1 = f32x4.add(v1, loadLanes(res + 16, cols - 4))
    storeLanes(y + 16, clamp(v1, lo, hi), cols - 4)
  }
}

/** y[0..cols) = clamp(v + res), cols ≤ 8; res 0: none. */
// @ts-ignore: decorator
@inline
export function storeRow(y: usize, res: usize, v0: v128, v1: v128, cols: i32, lo: v128, hi: v128): void {
  if (cols == 8) {
    if (res != 0) {
      v0 = f32x4.add(v0, v128.load(res))
      v1 = f32x4.add(v1, v128.load(res, 16))
    }
    v128.store(y, clamp(v0, lo, hi))
    v128.store(y, clamp(v1, lo, hi), 16)
  } else {
    storePart(y, res, v0, v1, cols, lo, hi)
  }
}

/**
 * y[r][0..cols) = clamp(bias[0..cols) + res[r][0..cols) + Σ_k x[r][k]·w[k][0..cols)) for r < rows ≤ 4
 *
 * x0..x3: the rows' first element. k runs over kh × segs segments of len floats, rowStep and segStep bytes apart.
 * w: kh·segs·len × 8 floats. y and res: pitch bytes between rows. res or bias 0: none. part: cols < 8.
 */
// @ts-ignore: decorator
@inline
function fourRows(
  y: usize, res: usize, x0: usize, x1: usize, x2: usize, x3: usize, w: usize, bias: usize,
  kh: i32, rowStep: usize, segs: i32, segStep: usize, len: i32,
  rows: i32, cols: i32, part: bool, pitch: usize, lo: f32, hi: f32,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  if (bias != 0) {
    a0 = v128.load(bias)
    a1 = v128.load(bias, 16)
  }
  let b0 = a0
  let b1 = a1
  let c0 = a0
  let c1 = a1
  let d0 = a0
  let d1 = a1
  // Outside the innermost loop rows 1 to 3 are distances from row 0, inside it they are pointers of their own: the first
  // keeps the outer loops' registers few, the second spares an addition per load (48 against 46 GFLOP/s).
  x1 -= x0
  x2 -= x0
  x3 -= x0
  for (; kh > 0; --kh) {
    let segment = x0
    for (let s = segs; s > 0; --s) {
      let p0 = segment
      let p1 = segment + x1
      let p2 = segment + x2
      let p3 = segment + x3
      const end = w + (<usize>len << 5)
      while (w < end) {
        const w0 = v128.load(w)
        const w1 = v128.load(w, 16)
        let v = v128.load32_splat(p0)
        a0 = madd(v, w0, a0)
        a1 = madd(v, w1, a1)
        v = v128.load32_splat(p1)
        b0 = madd(v, w0, b0)
        b1 = madd(v, w1, b1)
        v = v128.load32_splat(p2)
        c0 = madd(v, w0, c0)
        c1 = madd(v, w1, c1)
        v = v128.load32_splat(p3)
        d0 = madd(v, w0, d0)
        d1 = madd(v, w1, d1)
        // Two steps a turn; leaving in the middle serves an odd len, and keeps the optimiser from mixing the steps: then all
        // their operands live at once and the accumulators spill (30 GFLOP/s instead of 48).
        if (w + 32 >= end) break
        const w2 = v128.load(w, 32)
        const w3 = v128.load(w, 48)
        v = v128.load32_splat(p0, 4)
        a0 = madd(v, w2, a0)
        a1 = madd(v, w3, a1)
        v = v128.load32_splat(p1, 4)
        b0 = madd(v, w2, b0)
        b1 = madd(v, w3, b1)
        v = v128.load32_splat(p2, 4)
        c0 = madd(v, w2, c0)
        c1 = madd(v, w3, c1)
        v = v128.load32_splat(p3, 4)
        d0 = madd(v, w2, d0)
        d1 = madd(v, w3, d1)
        p0 += 8
        p1 += 8
        p2 += 8
        p3 += 8
        w += 64
      }
      w = end
      segment += segStep
    }
    x0 += rowStep
  }
  const low = f32x4.splat(lo)
  const high = f32x4.splat(hi)
  const resPitch = res != 0 ? pitch : 0
  if (part) {
    // Stores of lanes are long: one copy, the rows handed through it (1.3 KB less; slower only below some 50 values of k).
    for (; rows > 0; --rows) {
      storePart(y, res, a0, a1, cols, low, high)
      y += pitch
      res += resPitch
      a0 = b0
      a1 = b1
      b0 = c0
      b1 = c1
      c0 = d0
      c1 = d1
    }
    return
  }
  storeRow(y, res, a0, a1, cols, low, high)
  if (rows < 2) return
  y += pitch
  res += resPitch
  storeRow(y, res, b0, b1, cols, low, high)
  if (rows < 3) return
  y += pitch
  res += resPitch
  storeRow(y, res, c0, c1, cols, low, high)
  if (rows < 4) return
  storeRow(y + pitch, res + resPitch, d0, d1, cols, low, high)
}

// Not inlined on purpose: V8 gives a function its registers as a whole, and in a caller's loop nest the eight accumulators
// spill. Four by eight is what sixteen vector registers hold; bench/kernel.mjs has the other shapes.

/** fourRows for all 8 columns of a panel. */
export function tile_4x8(
  y: usize, res: usize, x0: usize, x1: usize, x2: usize, x3: usize, w: usize, bias: usize,
  kh: i32, rowStep: usize, segs: i32, segStep: usize, len: i32, rows: i32, pitch: usize, lo: f32, hi: f32,
): void {
  fourRows(y, res, x0, x1, x2, x3, w, bias, kh, rowStep, segs, segStep, len, rows, 8, false, pitch, lo, hi)
}

/** fourRows for the first cols < 8 columns: apart, since its stores would cost the full tile registers. */
export function tile_4xN(
  y: usize, res: usize, x0: usize, x1: usize, x2: usize, x3: usize, w: usize, bias: usize,
  kh: i32, rowStep: usize, segs: i32, segStep: usize, len: i32, rows: i32, pitch: usize, lo: f32, hi: f32, cols: i32,
): void {
  fourRows(y, res, x0, x1, x2, x3, w, bias, kh, rowStep, segs, segStep, len, rows, cols, true, pitch, lo, hi)
}

/** y[r][0..8) = Σ_k x[r][k]·w[k][0..8), r < rows. x: pitch bytes between rows; y: 8 floats each, room for whole fours of them. */
export function panel_4x8(y: usize, x: usize, pitch: usize, w: usize, rows: i32, k: i32): void {
  const end = w + (<usize>k << 5)
  for (let r = rows; r > 0; r -= 4) {
    block_4x8(y, x, pitch, w, end)
    y += 128
    x += pitch << 2
  }
}

// Four rows against a panel: fourRows without what is around its innermost loop. By tile_4x8, which takes 17 arguments,
// Winograd's layers of 64 and 128 channels are 4 to 5 % slower.
function block_4x8(y: usize, p0: usize, pitch: usize, w: usize, end: usize): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  let p1 = p0 + pitch
  let p2 = p1 + pitch
  let p3 = p2 + pitch
  while (w < end) {
    const w0 = v128.load(w)
    const w1 = v128.load(w, 16)
    let v = v128.load32_splat(p0)
    a0 = madd(v, w0, a0)
    a1 = madd(v, w1, a1)
    v = v128.load32_splat(p1)
    b0 = madd(v, w0, b0)
    b1 = madd(v, w1, b1)
    v = v128.load32_splat(p2)
    c0 = madd(v, w0, c0)
    c1 = madd(v, w1, c1)
    v = v128.load32_splat(p3)
    d0 = madd(v, w0, d0)
    d1 = madd(v, w1, d1)
    if (w + 32 >= end) break
    const w2 = v128.load(w, 32)
    const w3 = v128.load(w, 48)
    v = v128.load32_splat(p0, 4)
    a0 = madd(v, w2, a0)
    a1 = madd(v, w3, a1)
    v = v128.load32_splat(p1, 4)
    b0 = madd(v, w2, b0)
    b1 = madd(v, w3, b1)
    v = v128.load32_splat(p2, 4)
    c0 = madd(v, w2, c0)
    c1 = madd(v, w3, c1)
    v = v128.load32_splat(p3, 4)
    d0 = madd(v, w2, d0)
    d1 = madd(v, w3, d1)
    p0 += 8
    p1 += 8
    p2 += 8
    p3 += 8
    w += 64
  }
  v128.store(y, a0)
  v128.store(y, a1, 16)
  v128.store(y, b0, 32)
  v128.store(y, b1, 48)
  v128.store(y, c0, 64)
  v128.store(y, c1, 80)
  v128.store(y, d0, 96)
  v128.store(y, d1, 112)
}
