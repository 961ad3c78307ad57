import { pow } from '../scalar'
import { loadLanes, mulAdd, storeLanes } from '../simd'

/**
 * dx[i][k] = u[k] − 2·α·β/size·x[i][k]·Σ_j u[j]·x[i][j]/b[j], j the windows that k lies in: y = x/b^β, u = dy[i]/b^β
 *
 * dx, dy, x: pixels × c; the windows are those of lrn. dx is not dy: rows of it that are not done yet hold what lies under Σ.
 */
export function lrn_grad(
  dx: usize, dy: usize, x: usize, pixels: i32, c: i32, size: i32, alpha: f32, beta: f32, bias: f32,
): void {
  const row = <usize>c << 2
  const factor = f32x4.splat(<f32>-2 * alpha * beta / <f32>size)
  for (; pixels > 1; --pixels) {
    quotients(dx, dx + row, dy, x, c, size, alpha, beta, bias)
    for (let k = 0; k < c; k += 4) {
      const at = <usize>k << 2
      const sum = window(dx + row, k - (size >> 1), size, c)
      const v = f32x4.mul(loadLanes(x + at, c - k), factor)
      storeLanes(dx + at, mulAdd(v, sum, loadLanes(dx + at, c - k)), c - k)
    }
    dx += row
    dy += row
    x += row
  }
  // No row is left for the last pixel.
  for (let k = 0; k < c; k += 4) {
    const at = <usize>k << 2
    let sum = f32x4.splat(0)
    for (let j = k - (size >> 1), end = j + size; j < end; ++j) {
      const b = base(x, j, c, size, alpha, bias)
      const u = f32x4.div(lanes(dy, j, c), powers(b, beta))
      sum = f32x4.add(sum, f32x4.div(f32x4.mul(u, lanes(x, j, c)), b))
    }
    const u = f32x4.div(loadLanes(dy + at, c - k), powers(base(x, k, c, size, alpha, bias), beta))
    storeLanes(dx + at, mulAdd(f32x4.mul(loadLanes(x + at, c - k), factor), sum, u), c - k)
  }
}

// u = dy/b^β, t = u·x/b, of one pixel.
function quotients(
  u: usize, t: usize, dy: usize, x: usize, c: i32, size: i32, alpha: f32, beta: f32, bias: f32,
): void {
  for (let j = 0; j < c; j += 4) {
    const at = <usize>j << 2
    const b = base(x, j, c, size, alpha, bias)
    const q = f32x4.div(loadLanes(dy + at, c - j), powers(b, beta))
    storeLanes(u + at, q, c - j)
    storeLanes(t + at, f32x4.div(f32x4.mul(q, loadLanes(x + at, c - j)), b), c - j)
  }
}

// Of four neighbouring channels from j on: bias + α/size·Σ x².
function base(x: usize, j: i32, c: i32, size: i32, alpha: f32, bias: f32): v128 {
  let sum = f32x4.splat(0)
  j -= (size - 1) >> 1
  for (const end = j + size; j < end; ++j) {
    const v = lanes(x, j, c)
    sum = f32x4.add(sum, f32x4.mul(v, v))
  }
  return mulAdd(sum, f32x4.splat(alpha / <f32>size), f32x4.splat(bias))
}

// Of four neighbouring channels, j the first of the first window: Σ t.
function window(t: usize, j: i32, size: i32, c: i32): v128 {
  let sum = f32x4.splat(0)
  for (const end = j + size; j < end; ++j) sum = f32x4.add(sum, lanes(t, j, c))
  return sum
}

// Four channels from j on, 0 where there are none.
// @ts-ignore: decorator
@inline
function lanes(x: usize, j: i32, c: i32): v128 {
  return j >= 0 && j + 4 <= c ? v128.load(x + (<usize>j << 2)) : border(x, j, c)
}

function border(x: usize, j: i32, c: i32): v128 {
  let v = f32x4.splat(0)
  if (<u32>j < <u32>c) v = f32x4.replace_lane(v, 0, load<f32>(x + (<usize>j << 2)))
  if (<u32>(j + 1) < <u32>c) v = f32x4.replace_lane(v, 1, load<f32>(x + (<usize>j << 2), 4))
  if (<u32>(j + 2) < <u32>c) v = f32x4.replace_lane(v, 2, load<f32>(x + (<usize>j << 2), 8))
  if (<u32>(j + 3) < <u32>c) v = f32x4.replace_lane(v, 3, load<f32>(x + (<usize>j << 2), 12))
  return v
}

function powers(v: v128, beta: f32): v128 {
  if (beta == 0.75) {
    const root = f32x4.sqrt(v)
    return f32x4.mul(root, f32x4.sqrt(root))
  }
  let result = f32x4.splat(pow(f32x4.extract_lane(v, 0), beta))
  result = f32x4.replace_lane(result, 1, pow(f32x4.extract_lane(v, 1), beta))
  result = f32x4.replace_lane(result, 2, pow(f32x4.extract_lane(v, 2), beta))
  return f32x4.replace_lane(result, 3, pow(f32x4.extract_lane(v, 3), beta))
}
