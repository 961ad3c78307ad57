import { loadLanes, storeLanes, sumLanes } from './simd'

/**
 * y[i][k] = Σ_j x[i][j][k] / n
 *
 * x: outer × n × inner, y: outer × inner.
 */
export function reduce_mean(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  const step = (<usize>inner) << 2
  const scale = <f32>1 / <f32>n
  for (let i = 0; i < outer; ++i) {
    if (inner == 1) {
      store<f32>(y, sumRow(x, n) * scale)
    } else {
      for (let k = 0; k < inner; k += 4) {
        const at = (<usize>k) << 2
        storeLanes(y + at, f32x4.mul(sumColumns(x + at, n, step, inner - k), f32x4.splat(scale)), inner - k)
      }
    }
    x += <usize>n * step
    y += step
  }
}

// Lanes beyond the row are 0 and do no harm.
function sumRow(x: usize, n: i32): f32 {
  let sum = f32x4.splat(0)
  for (; n > 0; n -= 4) {
    sum = f32x4.add(sum, loadLanes(x, n))
    x += 16
  }
  return sumLanes(sum)
}

function sumColumns(x: usize, n: i32, step: usize, count: i32): v128 {
  let sum = f32x4.splat(0)
  for (; n > 0; --n) {
    sum = f32x4.add(sum, loadLanes(x, count))
    x += step
  }
  return sum
}
