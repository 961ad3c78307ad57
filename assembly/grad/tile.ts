// The micro-kernel of the weights' gradients: gemm.ts with pixels for k.
import { madd } from '../simd'

// @ts-ignore: decorator
@inline
function addRow(dw: usize, v0: v128, v1: v128): void {
  v128.store(dw, f32x4.add(v128.load(dw), v0))
  v128.store(dw, f32x4.add(v128.load(dw, 16), v1), 16)
}

// @ts-ignore: decorator
@inline
function addRows(
  dw: usize, a0: v128, a1: v128, b0: v128, b1: v128, c0: v128, c1: v128, d0: v128, d1: v128, rows: i32,
): void {
  addRow(dw, a0, a1)
  if (rows < 2) return
  addRow(dw + 32, b0, b1)
  if (rows < 3) return
  addRow(dw + 64, c0, c1)
  if (rows < 4) return
  addRow(dw + 96, d0, d1)
}

/**
 * dw[k][0..8) += Σ_p x[p][k]·dy[p][0..8), k < rows ≤ 4, p < pixels
 *
 * x: pixels × 4, dy: pixels × 8. The sums begin at 0, and so a million pixels in blocks have the rounding errors of a few
 * thousand additions, not of a million.
 */
export function tile_4x8(dw: usize, x: usize, dy: usize, pixels: i32, rows: i32): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  const end = x + (<usize>pixels << 4)
  while (x < end) {
    const g0 = v128.load(dy)
    const g1 = v128.load(dy, 16)
    let v = v128.load32_splat(x)
    a0 = madd(v, g0, a0)
    a1 = madd(v, g1, a1)
    v = v128.load32_splat(x, 4)
    b0 = madd(v, g0, b0)
    b1 = madd(v, g1, b1)
    v = v128.load32_splat(x, 8)
    c0 = madd(v, g0, c0)
    c1 = madd(v, g1, c1)
    v = v128.load32_splat(x, 12)
    d0 = madd(v, g0, d0)
    d1 = madd(v, g1, d1)
    // Two pixels a turn, with an exit in the middle as in gemm.ts.
    if (x + 16 >= end) break
    const g2 = v128.load(dy, 32)
    const g3 = v128.load(dy, 48)
    v = v128.load32_splat(x, 16)
    a0 = madd(v, g2, a0)
    a1 = madd(v, g3, a1)
    v = v128.load32_splat(x, 20)
    b0 = madd(v, g2, b0)
    b1 = madd(v, g3, b1)
    v = v128.load32_splat(x, 24)
    c0 = madd(v, g2, c0)
    c1 = madd(v, g3, c1)
    v = v128.load32_splat(x, 28)
    d0 = madd(v, g2, d0)
    d1 = madd(v, g3, d1)
    x += 32
    dy += 64
  }
  addRows(dw, a0, a1, b0, b1, c0, c1, d0, d1, rows)
}

/**
 * The same where x lies as it is: high rows of wide pixels, the first is row i of an image of oh; x0..x3: where the four elements
 * meet the first of them. step: bytes between pixels, rowJump and imageJump: what there is beyond those.
 */
export function tile_near(
  dw: usize, x0: usize, x1: usize, x2: usize, x3: usize, dy: usize, high: i32, i: i32, oh: i32, wide: i32,
  imageJump: usize, rowJump: usize, step: usize, rows: i32,
): void {
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  for (; high > 0; --high) {
    const end = dy + (<usize>wide << 5)
    while (dy < end) {
      const g0 = v128.load(dy)
      const g1 = v128.load(dy, 16)
      let v = v128.load32_splat(x0)
      a0 = madd(v, g0, a0)
      a1 = madd(v, g1, a1)
      v = v128.load32_splat(x1)
      b0 = madd(v, g0, b0)
      b1 = madd(v, g1, b1)
      v = v128.load32_splat(x2)
      c0 = madd(v, g0, c0)
      c1 = madd(v, g1, c1)
      v = v128.load32_splat(x3)
      d0 = madd(v, g0, d0)
      d1 = madd(v, g1, d1)
      x0 += step
      x1 += step
      x2 += step
      x3 += step
      dy += 32
    }
    let jump = rowJump
    if (++i == oh) {
      i = 0
      jump += imageJump
    }
    x0 += jump
    x1 += jump
    x2 += jump
    x3 += jump
  }
  addRows(dw, a0, a1, b0, b1, c0, c1, d0, d1, rows)
}
