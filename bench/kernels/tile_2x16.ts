import { A, A_STRIDE, K, madd, OUT, W } from './common'

/** out[2][16] = a[2][k] · w[k][16]. 8 accumulators, 14 live vectors. */
export function tile_2x16(out: usize, a: usize, aStride: usize, w: usize, k: i32): void {
  let c0a = f32x4.splat(0)
  let c0b = f32x4.splat(0)
  let c0c = f32x4.splat(0)
  let c0d = f32x4.splat(0)
  let c1a = f32x4.splat(0)
  let c1b = f32x4.splat(0)
  let c1c = f32x4.splat(0)
  let c1d = f32x4.splat(0)
  let p0 = a
  let p1 = p0 + aStride
  const end = w + ((<usize>k) << 6)
  while (w < end) {
    const wa = v128.load(w)
    const wb = v128.load(w, 16)
    const wc = v128.load(w, 32)
    const wd = v128.load(w, 48)
    const x0 = v128.load32_splat(p0)
    c0a = madd(x0, wa, c0a)
    c0b = madd(x0, wb, c0b)
    c0c = madd(x0, wc, c0c)
    c0d = madd(x0, wd, c0d)
    const x1 = v128.load32_splat(p1)
    c1a = madd(x1, wa, c1a)
    c1b = madd(x1, wb, c1b)
    c1c = madd(x1, wc, c1c)
    c1d = madd(x1, wd, c1d)
    p0 += 4
    p1 += 4
    w += 64
  }
  v128.store(out, c0a)
  v128.store(out, c0b, 16)
  v128.store(out, c0c, 32)
  v128.store(out, c0d, 48)
  v128.store(out, c1a, 64)
  v128.store(out, c1b, 80)
  v128.store(out, c1c, 96)
  v128.store(out, c1d, 112)
}

export function run_2x16(reps: i32): void {
  for (let i = 0; i < reps; i++) tile_2x16(OUT, A, A_STRIDE, W, K)
}
