import { clamp, loadLanes, madd, mulAdd, storeLanes } from '../simd'

// Batch normalisation in training (Ioffe and Szegedy 2015). Maps are pixels × c, the pixels of all images of the batch; stats
// is 2 × c: the means, then 1/√(variance + ε). The kernels wait for memory: they go through a map once, in strips of pixels
// that fit the first-level cache, and within a strip from channel to channel, so that what belongs to a channel stays in
// registers.

// @ts-ignore: decorator
@inline
function strip(c: i32, floats: i32, most: i32): i32 {
  return min(max(floats / c, 4), most)
}

/**
 * y[i][j] = clamp((x[i][j] − mean[j])·invstd[j]·scale[j] + shift[j])
 *
 * x, y: pixels × c, stats: 2 × c, scale, shift: c. y may be x.
 */
export function batch_norm(
  y: usize, x: usize, stats: usize, scale: usize, shift: usize, pixels: i32, c: i32, lo: f32, hi: f32,
): void {
  const step = <usize>c << 2
  const rows = strip(c, 4096, 64)
  for (; pixels > 0; pixels -= rows) {
    const size = min(rows, pixels)
    for (let j = 0; j < c; j += 4) {
      const at = <usize>j << 2
      const count = min(c - j, 4)
      const mean = loadLanes(stats + at, count)
      const factor = f32x4.mul(loadLanes(stats + step + at, count), loadLanes(scale + at, count))
      norm(y + at, x + at, mean, factor, loadLanes(shift + at, count), size, step, f32x4.splat(lo), f32x4.splat(hi), count)
    }
    x += <usize>rows * step
    y += <usize>rows * step
  }
}

function norm(
  y: usize, x: usize, mean: v128, factor: v128, shift: v128, pixels: i32, step: usize, lo: v128, hi: v128, count: i32,
): void {
  if (count == 4) {
    for (; pixels > 0; --pixels) {
      v128.store(y, clamp(mulAdd(f32x4.sub(v128.load(x), mean), factor, shift), lo, hi))
      x += step
      y += step
    }
  } else {
    for (; pixels > 0; --pixels) {
      storeLanes(y, clamp(mulAdd(f32x4.sub(loadLanes(x, count), mean), factor, shift), lo, hi), count)
      x += step
      y += step
    }
  }
}

/**
 * sums[j] = Σ_i dy[i][j], sums[c + j] = Σ_i dy[i][j]·(x[i][j] − mean[j])·invstd[j]; dshift += sums[0…], dscale += sums[c…]
 *
 * dy, x: pixels × c, sums, stats: 2 × c, dscale, dshift: c, or 0 for none.
 */
export function batch_norm_sums(
  sums: usize, dscale: usize, dshift: usize, dy: usize, x: usize, stats: usize, pixels: i32, c: i32,
): void {
  const step = <usize>c << 2
  memory.fill(sums, 0, step << 1)
  const rows = strip(c, 8192, 256)
  for (; pixels > 0; pixels -= rows) {
    const size = min(rows, pixels)
    let j = 0
    for (; j + 8 <= c; j += 8) {
      const at = <usize>j << 2
      sumEight(sums + at, dy + at, x + at, stats + at, size, step)
    }
    for (; j < c; j += 4) {
      const at = <usize>j << 2
      sumPart(sums + at, dy + at, x + at, stats + at, size, step, min(c - j, 4))
    }
    dy += <usize>rows * step
    x += <usize>rows * step
  }
  multiply(sums + step, stats + step, c)
  if (dscale != 0) accumulate(dscale, sums + step, c)
  if (dshift != 0) accumulate(dshift, sums, c)
}

// Eight channels: the sums of four would wait for one another.
function sumEight(sums: usize, dy: usize, x: usize, stats: usize, pixels: i32, step: usize): void {
  const mean0 = v128.load(stats)
  const mean1 = v128.load(stats, 16)
  let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0
  for (; pixels > 0; --pixels) {
    const d0 = v128.load(dy)
    const d1 = v128.load(dy, 16)
    s0 = f32x4.add(s0, d0)
    s1 = f32x4.add(s1, d1)
    q0 = madd(d0, f32x4.sub(v128.load(x), mean0), q0)
    q1 = madd(d1, f32x4.sub(v128.load(x, 16), mean1), q1)
    dy += step
    x += step
  }
  v128.store(sums, f32x4.add(v128.load(sums), s0))
  v128.store(sums, f32x4.add(v128.load(sums, 16), s1), 16)
  sums += step
  v128.store(sums, f32x4.add(v128.load(sums), q0))
  v128.store(sums, f32x4.add(v128.load(sums, 16), q1), 16)
}

function sumPart(sums: usize, dy: usize, x: usize, stats: usize, pixels: i32, step: usize, count: i32): void {
  const mean = loadLanes(stats, count)
  let s = f32x4.splat(0), q = s
  for (; pixels > 0; --pixels) {
    const d = loadLanes(dy, count)
    s = f32x4.add(s, d)
    q = madd(d, f32x4.sub(loadLanes(x, count), mean), q)
    dy += step
    x += step
  }
  storeLanes(sums, f32x4.add(loadLanes(sums, count), s), count)
  storeLanes(sums + step, f32x4.add(loadLanes(sums + step, count), q), count)
}

function multiply(y: usize, x: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, f32x4.mul(loadLanes(y, n), loadLanes(x, n)), n)
    x += 16
    y += 16
  }
}

function accumulate(y: usize, x: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, f32x4.add(loadLanes(y, n), loadLanes(x, n)), n)
    x += 16
    y += 16
  }
}

/**
 * dx[i][j] = scale[j]·invstd[j]·(dy[i][j] − (sums[j] + x̂[i][j]·sums[c + j]) / pixels), x̂ = (x − mean[j])·invstd[j]
 *
 * dx, dy, x: pixels × c, stats, sums: 2 × c, scale: c. dx may be dy. Without sums (0) the statistics are frozen:
 * dx = scale·invstd·dy, and x is not read.
 */
export function batch_norm_grad(
  dx: usize, dy: usize, x: usize, stats: usize, sums: usize, scale: usize, pixels: i32, c: i32,
): void {
  const step = <usize>c << 2
  const share = f32x4.splat(<f32>1 / <f32>pixels)
  const rows = strip(c, 4096, 64)
  for (; pixels > 0; pixels -= rows) {
    const size = min(rows, pixels)
    for (let j = 0; j < c; j += 4) {
      const at = <usize>j << 2
      const count = min(c - j, 4)
      const invstd = loadLanes(stats + step + at, count)
      const factor = f32x4.mul(loadLanes(scale + at, count), invstd)
      if (sums == 0) {
        frozen(dx + at, dy + at, factor, size, step, count)
      } else {
        const mean = loadLanes(stats + at, count)
        const part = f32x4.mul(loadLanes(sums + at, count), share)
        const lean = f32x4.mul(f32x4.mul(loadLanes(sums + step + at, count), share), invstd)
        normGrad(dx + at, dy + at, x + at, mean, part, lean, factor, size, step, count)
      }
    }
    dx += <usize>rows * step
    dy += <usize>rows * step
    x += <usize>rows * step
  }
}

function normGrad(
  dx: usize, dy: usize, x: usize, mean: v128, part: v128, lean: v128, factor: v128, pixels: i32, step: usize, count: i32,
): void {
  if (count == 4) {
    for (; pixels > 0; --pixels) {
      const d = f32x4.sub(v128.load(dy), part)
      v128.store(dx, f32x4.mul(f32x4.sub(d, f32x4.mul(f32x4.sub(v128.load(x), mean), lean)), factor))
      dx += step
      dy += step
      x += step
    }
  } else {
    for (; pixels > 0; --pixels) {
      const d = f32x4.sub(loadLanes(dy, count), part)
      storeLanes(dx, f32x4.mul(f32x4.sub(d, f32x4.mul(f32x4.sub(loadLanes(x, count), mean), lean)), factor), count)
      dx += step
      dy += step
      x += step
    }
  }
}

function frozen(dx: usize, dy: usize, factor: v128, pixels: i32, step: usize, count: i32): void {
  for (; pixels > 0; --pixels) {
    storeLanes(dx, f32x4.mul(loadLanes(dy, count), factor), count)
    dx += step
    dy += step
  }
}
