import { A, A_STRIDE, K, madd, OUT, W } from './common'

/** out[6][8] = a[6][k] · w[k][8]. 12 accumulators, 16 live vectors (15 with fused multiply-add). */
export function tile_6x8(out: usize, a: usize, aStride: usize, w: usize, k: i32): void {
  let c0a = f32x4.splat(0)
  let c0b = f32x4.splat(0)
  let c1a = f32x4.splat(0)
  let c1b = f32x4.splat(0)
  let c2a = f32x4.splat(0)
  let c2b = f32x4.splat(0)
  let c3a = f32x4.splat(0)
  let c3b = f32x4.splat(0)
  let c4a = f32x4.splat(0)
  let c4b = f32x4.splat(0)
  let c5a = f32x4.splat(0)
  let c5b = f32x4.splat(0)
  let p0 = a
  let p1 = p0 + aStride
  let p2 = p1 + aStride
  let p3 = p2 + aStride
  let p4 = p3 + aStride
  let p5 = p4 + aStride
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
    const x4 = v128.load32_splat(p4)
    c4a = madd(x4, wa, c4a)
    c4b = madd(x4, wb, c4b)
    const x5 = v128.load32_splat(p5)
    c5a = madd(x5, wa, c5a)
    c5b = madd(x5, wb, c5b)
    p0 += 4
    p1 += 4
    p2 += 4
    p3 += 4
    p4 += 4
    p5 += 4
    w += 32
  }
  v128.store(out, c0a)
  v128.store(out, c0b, 16)
  v128.store(out, c1a, 32)
  v128.store(out, c1b, 48)
  v128.store(out, c2a, 64)
  v128.store(out, c2b, 80)
  v128.store(out, c3a, 96)
  v128.store(out, c3b, 112)
  v128.store(out, c4a, 128)
  v128.store(out, c4b, 144)
  v128.store(out, c5a, 160)
  v128.store(out, c5b, 176)
}

export function run_6x8(reps: i32): void {
  for (let i = 0; i < reps; i++) tile_6x8(OUT, A, A_STRIDE, W, K)
}
