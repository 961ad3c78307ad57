import { A, A_STRIDE, K, madd, OUT, W } from './common'

/** out[4][4] = a[4][k] · w[k][4]. 4 accumulators: too few to hide the latency of an addition. */
export function tile_4x4(out: usize, a: usize, aStride: usize, w: usize, k: i32): void {
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let c2 = f32x4.splat(0)
  let c3 = f32x4.splat(0)
  let p0 = a
  let p1 = p0 + aStride
  let p2 = p1 + aStride
  let p3 = p2 + aStride
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
    p0 += 4
    p1 += 4
    p2 += 4
    p3 += 4
    w += 16
  }
  v128.store(out, c0)
  v128.store(out, c1, 16)
  v128.store(out, c2, 32)
  v128.store(out, c3, 48)
}

export function run_4x4(reps: i32): void {
  for (let i = 0; i < reps; i++) tile_4x4(OUT, A, A_STRIDE, W, K)
}
