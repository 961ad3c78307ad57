import { loadLanes, madd, storeLanes, sumLanes } from '../simd'

/**
 * dx[i][j] = x[i][j] > 0 ? dy[i][j] : slope[j]·dy[i][j], dslope[j] += Σ_i x[i][j] > 0 ? 0 : x[i][j]·dy[i][j]
 *
 * dx, dy, x: pixels × c, slope, dslope: c; dslope is 0 for none. dx may be dy. One slope for all: c = 1, pixels their number.
 */
export function prelu_grad(
  dx: usize, dslope: usize, dy: usize, x: usize, slope: usize, pixels: i32, c: i32,
): void {
  if (c == 1) {
    single(dx, dslope, dy, x, v128.load32_splat(slope), pixels)
    return
  }
  const step = <usize>c << 2
  // Strips that the first-level cache holds; their sums are short, and so are those of the strips.
  const rows = min(max(8192 / c, 4), 256)
  for (; pixels > 0; pixels -= rows) {
    const size = min(rows, pixels)
    for (let j = 0; j < c; j += 4) {
      const at = <usize>j << 2
      const count = min(c - j, 4)
      const sum = part(dx + at, dy + at, x + at, loadLanes(slope + at, count), size, step, count)
      if (dslope != 0) storeLanes(dslope + at, f32x4.add(loadLanes(dslope + at, count), sum), count)
    }
    dx += <usize>rows * step
    dy += <usize>rows * step
    x += <usize>rows * step
  }
}

// Four pixels side by side are as good as four channels.
function single(dx: usize, dslope: usize, dy: usize, x: usize, slope: v128, n: i32): void {
  for (; n > 0; n -= 1024) {
    const rest = n < 1024 ? n & 3 : 0
    const bytes = <usize>(min(n, 1024) - rest) << 2
    let sum = part(dx, dy, x, slope, <i32>(bytes >> 4), 16, 4)
    if (rest > 0) sum = f32x4.add(sum, part(dx + bytes, dy + bytes, x + bytes, slope, 1, 0, rest))
    if (dslope != 0) store<f32>(dslope, load<f32>(dslope) + sumLanes(sum))
    dx += bytes
    dy += bytes
    x += bytes
  }
}

// Lanes beyond count are 0, in the sum too.
function part(dx: usize, dy: usize, x: usize, slope: v128, pixels: i32, step: usize, count: i32): v128 {
  const zero = f32x4.splat(0)
  let sum = zero
  for (; pixels > 0; --pixels) {
    const d = loadLanes(dy, count)
    const v = loadLanes(x, count)
    const positive = f32x4.gt(v, zero)
    storeLanes(dx, v128.bitselect(d, f32x4.mul(d, slope), positive), count)
    sum = madd(v128.andnot(v, positive), d, sum)
    dx += step
    dy += step
    x += step
  }
  return sum
}
