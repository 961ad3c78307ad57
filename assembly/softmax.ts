import { log2 } from './scalar'
import { exp, gather, loadLanes, storeLanes } from './simd'

/**
 * y[i][j][k] = e^(x[i][j][k] − max) / Σ_j e^(x[i][j][k] − max), max over j
 *
 * x, y: outer × n × inner. y may be x. A −∞ gives 0; four neighbours of the inner dimension go together.
 */
export function softmax(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  const step = (<usize>inner) << 2
  for (let i = 0; i < outer; ++i) {
    if (inner == 1) {
      softmaxRow(y, x, n)
    } else {
      for (let k = 0; k < inner; k += 4) {
        softmaxColumns(y + ((<usize>k) << 2), x + ((<usize>k) << 2), n, step, inner - k)
      }
    }
    x += <usize>n * step
    y += <usize>n * step
  }
}

function softmaxRow(y: usize, x: usize, n: i32): void {
  let top = -Infinity as f32
  for (let j = 0; j < n; ++j) top = max(top, load<f32>(x + ((<usize>j) << 2)))
  const shift = f32x4.splat(top)
  let sum: f32 = 0
  for (let j = 0; j < n; j += 4) {
    const at = (<usize>j) << 2
    const e = exp(f32x4.sub(loadLanes(x + at, n - j), shift))
    storeLanes(y + at, e, n - j)
    sum += f32x4.extract_lane(e, 0)
    if (n - j > 1) sum += f32x4.extract_lane(e, 1)
    if (n - j > 2) sum += f32x4.extract_lane(e, 2)
    if (n - j > 3) sum += f32x4.extract_lane(e, 3)
  }
  const scale = f32x4.splat(<f32>1 / sum)
  for (let j = 0; j < n; j += 4) {
    const at = y + ((<usize>j) << 2)
    storeLanes(at, f32x4.mul(loadLanes(at, n - j), scale), n - j)
  }
}

function softmaxColumns(y: usize, x: usize, n: i32, step: usize, count: i32): void {
  let top = f32x4.splat(-Infinity)
  for (let j = 0; j < n; ++j) top = f32x4.max(top, loadLanes(x + <usize>j * step, count))
  let sum = f32x4.splat(0)
  for (let j = 0; j < n; ++j) {
    const at = <usize>j * step
    const e = exp(f32x4.sub(loadLanes(x + at, count), top))
    storeLanes(y + at, e, count)
    sum = f32x4.add(sum, e)
  }
  const scale = f32x4.div(f32x4.splat(1), sum)
  for (let j = 0; j < n; ++j) {
    const at = y + <usize>j * step
    storeLanes(at, f32x4.mul(loadLanes(at, count), scale), count)
  }
}

/**
 * y[i][j][k] = x[i][j][k] − max − log Σ_j e^(x[i][j][k] − max), max over j
 *
 * x, y: outer × n × inner. y may be x.
 */
export function log_softmax(y: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  const step = (<usize>inner) << 2
  for (let i = 0; i < outer; ++i) {
    for (let k = 0; k < inner; ++k) {
      const at = (<usize>k) << 2
      logSoftmaxRow(y + at, x + at, n, step)
    }
    x += <usize>n * step
    y += <usize>n * step
  }
}

function logSoftmaxRow(y: usize, x: usize, n: i32, step: usize): void {
  let top = -Infinity as f32
  for (let j = 0; j < n; ++j) top = max(top, load<f32>(x + <usize>j * step))
  const shift = f32x4.splat(top)
  let sum: f64 = 0
  for (let j = 0; j < n; j += 4) {
    const e = exp(f32x4.sub(gather(x + <usize>j * step, step, n - j), shift))
    sum += f32x4.extract_lane(e, 0)
    if (n - j > 1) sum += f32x4.extract_lane(e, 1)
    if (n - j > 2) sum += f32x4.extract_lane(e, 2)
    if (n - j > 3) sum += f32x4.extract_lane(e, 3)
  }
  const log = log2(sum) * 0.6931471805599453
  for (let j = 0; j < n; ++j) {
    const at = <usize>j * step
    store<f32>(y + at, <f32>(<f64>load<f32>(x + at) - top - log))
  }
}
