import { A, A_STRIDE, K, madd, OUT, W } from './common'

/** out[8][4] = a[8][k] · w[k][4]. 8 accumulators, 8 row pointers. */
export function tile_8x4(out: usize, a: usize, aStride: usize, w: usize, k: i32): void {
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let c2 = f32x4.splat(0)
  let c3 = f32x4.splat(0)
  let c4 = f32x4.splat(0)
  let c5 = f32x4.splat(0)
  let c6 = f32x4.splat(0)
  let c7 = f32x4.splat(0)
  let p0 = a
  let p1 = p0 + aStride
  let p2 = p1 + aStride
  let p3 = p2 + aStride
  let p4 = p3 + aStride
  let p5 = p4 + aStride
  let p6 = p5 + aStride
  let p7 = p6 + aStride
  const end = w + ((<usize>k) << 4)
  while (w < end) {
    const wa = v128.load(w)
    const x0 = v128.load32_splat(p0)
    c0 = madd(x0, wa, c0)
    const x1 = v128.load32_splat(p1)
    c1 = madd(x1, wa, c1)
    const x2 = v128.load32_splat(p2)
    c2 = madd(x2, wa, c2)
    const x3 = v128.load32_splat(p3)
    c3 = madd(x3, wa, c3)
    const x4 = v128.load32_splat(p4)
    c4 = madd(x4, wa, c4)
    const x5 = v128.load32_splat(p5)
    c5 = madd(x5, wa, c5)
    const x6 = v128.load32_splat(p6)
    c6 = madd(x6, wa, c6)
    const x7 = v128.load32_splat(p7)
    c7 = madd(x7, wa, c7)
    p0 += 4
    p1 += 4
    p2 += 4
    p3 += 4
    p4 += 4
    p5 += 4
    p6 += 4
    p7 += 4
    w += 16
  }
  v128.store(out, c0)
  v128.store(out, c1, 16)
  v128.store(out, c2, 32)
  v128.store(out, c3, 48)
  v128.store(out, c4, 64)
  v128.store(out, c5, 80)
  v128.store(out, c6, 96)
  v128.store(out, c7, 112)
}

export function run_8x4(reps: i32): void {
  for (let i = 0; i < reps; i++) tile_8x4(OUT, A, A_STRIDE, W, K)
}
