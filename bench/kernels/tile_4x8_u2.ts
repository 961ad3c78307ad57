import { A, A_STRIDE, K, madd, OUT, W } from './common'

/** out[4][8] = a[4][k] · w[k][8]. Two steps per turn of the loop. */
export function tile_4x8_u2(out: usize, a: usize, aStride: usize, w: usize, k: i32): void {
  let c0a = f32x4.splat(0)
  let c0b = f32x4.splat(0)
  let c1a = f32x4.splat(0)
  let c1b = f32x4.splat(0)
  let c2a = f32x4.splat(0)
  let c2b = f32x4.splat(0)
  let c3a = f32x4.splat(0)
  let c3b = f32x4.splat(0)
  let p0 = a
  let p1 = p0 + aStride
  let p2 = p1 + aStride
  let p3 = p2 + aStride
  const end = w + ((<usize>k) << 5)
  while (w < end) {
    const wa = v128.load(w)
    const wb = v128.load(w, 16)
    const x0 = v128.load32_splat(p0)
    c0a = madd(x0, wa, c0a)
    c0b = madd(x0, wb, c0b)
    const x1 = v128.load32_splat(p1)
    c1a = madd(x1, wa, c1a)
    c1b = madd(x1, wb, c1b)
    const x2 = v128.load32_splat(p2)
    c2a = madd(x2, wa, c2a)
    c2b = madd(x2, wb, c2b)
    const x3 = v128.load32_splat(p3)
    c3a = madd(x3, wa, c3a)
    c3b = madd(x3, wb, c3b)
    // Leaving in the middle serves an odd k, and keeps the compiler from mixing the two steps, which spills.
    if (w + 32 >= end) break
    const w1a = v128.load(w, 32)
    const w1b = v128.load(w, 48)
    const x0n = v128.load32_splat(p0, 4)
    c0a = madd(x0n, w1a, c0a)
    c0b = madd(x0n, w1b, c0b)
    const x1n = v128.load32_splat(p1, 4)
    c1a = madd(x1n, w1a, c1a)
    c1b = madd(x1n, w1b, c1b)
    const x2n = v128.load32_splat(p2, 4)
    c2a = madd(x2n, w1a, c2a)
    c2b = madd(x2n, w1b, c2b)
    const x3n = v128.load32_splat(p3, 4)
    c3a = madd(x3n, w1a, c3a)
    c3b = madd(x3n, w1b, c3b)
    p0 += 8
    p1 += 8
    p2 += 8
    p3 += 8
    w += 64
  }
  v128.store(out, c0a)
  v128.store(out, c0b, 16)
  v128.store(out, c1a, 32)
  v128.store(out, c1b, 48)
  v128.store(out, c2a, 64)
  v128.store(out, c2b, 80)
  v128.store(out, c3a, 96)
  v128.store(out, c3b, 112)
}

export function run_4x8_u2(reps: i32): void {
  for (let i = 0; i < reps; i++) tile_4x8_u2(OUT, A, A_STRIDE, W, K)
}
