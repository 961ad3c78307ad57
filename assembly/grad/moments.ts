import { loadLanes, madd, storeLanes } from '../simd'

// Statistics of a batch. Maps are pixels × c, the pixels of all images of the batch.

/** Pixels that are summed up in single precision before the sum joins a total. */
const BLOCK = 64

/**
 * stats[j] = mean[j] of x, stats[c + j] = 1 / √(variance[j] + ε)
 *
 * x: pixels × c, stats: 2 × c, mean, variance: c. Batch normalisation in training (Ioffe and Szegedy 2015). Where they are
 * not 0, mean and variance are moved as PyTorch does: r = (1 − momentum)·r + momentum·batch, with the unbiased variance.
 */
export function batch_stats(
  stats: usize, mean: usize, variance: usize, x: usize, pixels: i32, c: i32, epsilon: f32, momentum: f32,
): void {
  const step = <usize>c << 2
  let j = 0
  for (; j + 16 <= c; j += 16) moments16(stats + (<usize>j << 2), x + (<usize>j << 2), pixels, step)
  for (; j < c; j += 4) moments(stats + (<usize>j << 2), x + (<usize>j << 2), pixels, step, min(c - j, 4))
  if (mean != 0) move(mean, stats, c, momentum, 1)
  if (variance != 0) move(variance, stats + step, c, momentum, <f32>pixels / <f32>max(pixels - 1, 1))
  invert(stats + step, stats + step, c, epsilon)
}

// r = (1 − momentum)·r + momentum·factor·v
function move(r: usize, v: usize, c: i32, momentum: f32, factor: f32): void {
  const keep = f32x4.splat(<f32>1 - momentum)
  const share = f32x4.splat(momentum * factor)
  for (; c > 0; c -= 4) {
    storeLanes(r, f32x4.add(f32x4.mul(loadLanes(r, c), keep), f32x4.mul(loadLanes(v, c), share)), c)
    r += 16
    v += 16
  }
}

function invert(s: usize, variance: usize, c: i32, epsilon: f32): void {
  for (; c > 0; c -= 4) {
    const deviation = f32x4.sqrt(f32x4.add(loadLanes(variance, c), f32x4.splat(epsilon)))
    storeLanes(s, f32x4.div(f32x4.splat(1), deviation), c)
    s += 16
    variance += 16
  }
}

/** stats[j] = mean[j], stats[c + j] = 1 / √(variance[j] + ε); stats: 2 × c, mean, variance: c. For a norm that is frozen. */
export function running_stats(stats: usize, mean: usize, variance: usize, c: i32, epsilon: f32): void {
  memory.copy(stats, mean, <usize>c << 2)
  invert(stats + (<usize>c << 2), variance, c, epsilon)
}

// A block is summed as distances d from k, the mean so far: Σd and Σd² stay small however large the mean is, and join totals
// in double precision. Before it: n pixels, m their mean, t the sum of their squared distances from m. After it:
//   s = Σd + n·(m − k), m' = k + s/(n + block), t' = t + n·(m − k)² + Σd² − s²/(n + block)
// The first block comes twice: once as distances from its first pixel, which may lie far out, to learn its mean.

function centre(m: v128, k: v128, sum: v128, n: v128, share: v128): v128 {
  const s = f64x2.add(sum, f64x2.mul(n, f64x2.sub(m, k)))
  return f64x2.add(k, f64x2.mul(s, share))
}

function spread(t: v128, m: v128, k: v128, sum: v128, squares: v128, n: v128, share: v128): v128 {
  const off = f64x2.sub(m, k)
  const s = f64x2.add(sum, f64x2.mul(n, off))
  const about = f64x2.add(f64x2.add(t, squares), f64x2.mul(n, f64x2.mul(off, off)))
  return f64x2.sub(about, f64x2.mul(f64x2.mul(s, s), share))
}

// @ts-ignore: decorator
@inline
function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v)
}

// @ts-ignore: decorator
@inline
function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1))
}

// @ts-ignore: decorator
@inline
function narrow(low: v128, high: v128): v128 {
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2)
}

// Mean and biased variance of count (1 to 4) channels; from pixel to pixel, and from mean to variance, are `step` bytes.
function moments(y: usize, x: usize, pixels: i32, step: usize, count: i32): void {
  const zero = f64x2.splat(0)
  let m0 = zero, m1 = zero, t0 = zero, t1 = zero
  let trial = true
  for (let done = 0; done < pixels; ) {
    const size = min(BLOCK, pixels - done)
    const k = trial ? loadLanes(x, count) : narrow(m0, m1)
    let s = f32x4.splat(0), q = s
    for (let i = size; i > 0; --i) {
      const d = f32x4.sub(loadLanes(x, count), k)
      s = f32x4.add(s, d)
      q = madd(d, d, q)
      x += step
    }
    const n = f64x2.splat(<f64>done)
    const share = f64x2.splat(1.0 / <f64>(done + size))
    t0 = spread(t0, m0, low(k), low(s), low(q), n, share)
    t1 = spread(t1, m1, high(k), high(s), high(q), n, share)
    m0 = centre(m0, low(k), low(s), n, share)
    m1 = centre(m1, high(k), high(s), n, share)
    if (trial) {
      t0 = t1 = zero
      x -= <usize>size * step
      trial = false
    } else {
      done += size
    }
  }
  const share = f64x2.splat(1.0 / <f64>pixels)
  storeLanes(y, narrow(m0, m1), count)
  storeLanes(y + step, narrow(f64x2.mul(t0, share), f64x2.mul(t1, share)), count)
}

// Σd and Σd² of 16 channels, to y and y + step. Two callers, so that it stays a function of its own: within the caller's loop
// nest V8 keeps these sums in memory, and each addition waits for the store before it.
function distances(y: usize, x: usize, k0: v128, k1: v128, k2: v128, k3: v128, pixels: i32, step: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
  let q0 = s0, q1 = s0, q2 = s0, q3 = s0
  for (; pixels > 0; --pixels) {
    const d0 = f32x4.sub(v128.load(x), k0)
    s0 = f32x4.add(s0, d0)
    q0 = madd(d0, d0, q0)
    const d1 = f32x4.sub(v128.load(x, 16), k1)
    s1 = f32x4.add(s1, d1)
    q1 = madd(d1, d1, q1)
    const d2 = f32x4.sub(v128.load(x, 32), k2)
    s2 = f32x4.add(s2, d2)
    q2 = madd(d2, d2, q2)
    const d3 = f32x4.sub(v128.load(x, 48), k3)
    s3 = f32x4.add(s3, d3)
    q3 = madd(d3, d3, q3)
    x += step
  }
  v128.store(y, s0)
  v128.store(y, s1, 16)
  v128.store(y, s2, 32)
  v128.store(y, s3, 48)
  v128.store(y + step, q0)
  v128.store(y + step, q1, 16)
  v128.store(y + step, q2, 32)
  v128.store(y + step, q3, 48)
}

// The means of 16 channels over a first block.
function trial16(y: usize, x: usize, pixels: i32, step: usize): void {
  distances(y, x, v128.load(x), v128.load(x, 16), v128.load(x, 32), v128.load(x, 48), pixels, step)
  for (let end = y + 64; y < end; y += 16) {
    v128.store(y, f32x4.add(v128.load(x), f32x4.div(v128.load(y), f32x4.splat(<f32>pixels))))
    x += 16
  }
}

// The same of 16 channels: what a line of the cache holds, so that the map is read once.
function moments16(y: usize, x: usize, pixels: i32, step: usize): void {
  const zero = f64x2.splat(0)
  let m0 = zero, m1 = zero, m2 = zero, m3 = zero, m4 = zero, m5 = zero, m6 = zero, m7 = zero
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero, t4 = zero, t5 = zero, t6 = zero, t7 = zero
  trial16(y, x, min(BLOCK, pixels), step)
  for (let done = 0; done < pixels; done += BLOCK) {
    const size = min(BLOCK, pixels - done)
    const first = done == 0
    const k0 = first ? v128.load(y) : narrow(m0, m1)
    const k1 = first ? v128.load(y, 16) : narrow(m2, m3)
    const k2 = first ? v128.load(y, 32) : narrow(m4, m5)
    const k3 = first ? v128.load(y, 48) : narrow(m6, m7)
    distances(y, x, k0, k1, k2, k3, size, step)
    const s0 = v128.load(y)
    const s1 = v128.load(y, 16)
    const s2 = v128.load(y, 32)
    const s3 = v128.load(y, 48)
    const q0 = v128.load(y + step)
    const q1 = v128.load(y + step, 16)
    const q2 = v128.load(y + step, 32)
    const q3 = v128.load(y + step, 48)
    const n = f64x2.splat(<f64>done)
    const share = f64x2.splat(1.0 / <f64>(done + size))
    t0 = spread(t0, m0, low(k0), low(s0), low(q0), n, share)
    m0 = centre(m0, low(k0), low(s0), n, share)
    t1 = spread(t1, m1, high(k0), high(s0), high(q0), n, share)
    m1 = centre(m1, high(k0), high(s0), n, share)
    t2 = spread(t2, m2, low(k1), low(s1), low(q1), n, share)
    m2 = centre(m2, low(k1), low(s1), n, share)
    t3 = spread(t3, m3, high(k1), high(s1), high(q1), n, share)
    m3 = centre(m3, high(k1), high(s1), n, share)
    t4 = spread(t4, m4, low(k2), low(s2), low(q2), n, share)
    m4 = centre(m4, low(k2), low(s2), n, share)
    t5 = spread(t5, m5, high(k2), high(s2), high(q2), n, share)
    m5 = centre(m5, high(k2), high(s2), n, share)
    t6 = spread(t6, m6, low(k3), low(s3), low(q3), n, share)
    m6 = centre(m6, low(k3), low(s3), n, share)
    t7 = spread(t7, m7, high(k3), high(s3), high(q3), n, share)
    m7 = centre(m7, high(k3), high(s3), n, share)
    x += <usize>size * step
  }
  const share = f64x2.splat(1.0 / <f64>pixels)
  v128.store(y, narrow(m0, m1))
  v128.store(y, narrow(m2, m3), 16)
  v128.store(y, narrow(m4, m5), 32)
  v128.store(y, narrow(m6, m7), 48)
  v128.store(y + step, narrow(f64x2.mul(t0, share), f64x2.mul(t1, share)))
  v128.store(y + step, narrow(f64x2.mul(t2, share), f64x2.mul(t3, share)), 16)
  v128.store(y + step, narrow(f64x2.mul(t4, share), f64x2.mul(t5, share)), 32)
  v128.store(y + step, narrow(f64x2.mul(t6, share), f64x2.mul(t7, share)), 48)
}
