import { A, A_STRIDE, K, madd, OUT, W } from './common'

/** out[3][12] = a[3][k] · w[k][12]. 9 accumulators, 14 live vectors. */
export function tile_3x12(out: usize, a: usize, aStride: usize, w: usize, k: i32): void {
  let c0a = f32x4.splat(0)
  let c0b = f32x4.splat(0)
  let c0c = f32x4.splat(0)
  let c1a = f32x4.splat(0)
  let c1b = f32x4.splat(0)
  let c1c = f32x4.splat(0)
  let c2a = f32x4.splat(0)
  let c2b = f32x4.splat(0)
  let c2c = f32x4.splat(0)
  let p0 = a
  let p1 = p0 + aStride
  let p2 = p1 + aStride
  const end = w + <usize>k * 48
  while (w < end) {
    const wa = v128.load(w)
    const wb = v128.load(w, 16)
    const wc = v128.load(w, 32)
    const x0 = v128.load32_splat(p0)
    c0a = madd(x0, wa, c0a)
    c0b = madd(x0, wb, c0b)
    c0c = madd(x0, wc, c0c)
    const x1 = v128.load32_splat(p1)
    c1a = madd(x1, wa, c1a)
    c1b = madd(x1, wb, c1b)
    c1c = madd(x1, wc, c1c)
    const x2 = v128.load32_splat(p2)
    c2a = madd(x2, wa, c2a)
    c2b = madd(x2, wb, c2b)
    c2c = madd(x2, wc, c2c)
    p0 += 4
    p1 += 4
    p2 += 4
    w += 48
  }
  v128.store(out, c0a)
  v128.store(out, c0b, 16)
  v128.store(out, c0c, 32)
  v128.store(out, c1a, 48)
  v128.store(out, c1b, 64)
  v128.store(out, c1c, 80)
  v128.store(out, c2a, 96)
  v128.store(out, c2b, 112)
  v128.store(out, c2c, 128)
}

export function run_3x12(reps: i32): void {
  for (let i = 0; i < reps; i++) tile_3x12(OUT, A, A_STRIDE, W, K)
}
