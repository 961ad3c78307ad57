import { loadLanes, storeLanes } from './simd'

/**
 * y[i][c][r] = x[i][r][c]
 *
 * x: n × rows × cols, y: n × cols × rows. NCHW to NHWC is rows = C, cols = H·W; the way back swaps the two.
 */
export function transpose(y: usize, x: usize, n: i32, rows: i32, cols: i32): void {
  const xStep = (<usize>cols) << 2
  const yStep = (<usize>rows) << 2
  for (let i = 0; i < n; ++i) {
    let r = 0
    for (; r + 4 <= rows; r += 4) {
      transposeBand(y + ((<usize>r) << 2), x + <usize>r * xStep, cols, xStep, yStep)
    }
    for (; r < rows; ++r) {
      let from = x + <usize>r * xStep
      let to = y + ((<usize>r) << 2)
      for (let c = 0; c < cols; ++c) {
        store<f32>(to, load<f32>(from))
        from += 4
        to += yStep
      }
    }
    x += <usize>rows * xStep
    y += <usize>rows * xStep
  }
}

// Four rows of x become four columns of y, four by four in registers.
function transposeBand(y: usize, x: usize, cols: i32, xStep: usize, yStep: usize): void {
  const x1 = x + xStep
  const x2 = x1 + xStep
  const x3 = x2 + xStep
  let c = 0
  for (; c + 4 <= cols; c += 4) {
    const at = (<usize>c) << 2
    const r0 = v128.load(x + at)
    const r1 = v128.load(x1 + at)
    const r2 = v128.load(x2 + at)
    const r3 = v128.load(x3 + at)
    const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
    const b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
    const d = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
    const e = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
    v128.store(y, v128.shuffle<f64>(a, d, 0, 2))
    v128.store(y + yStep, v128.shuffle<f64>(a, d, 1, 3))
    v128.store(y + 2 * yStep, v128.shuffle<f64>(b, e, 0, 2))
    v128.store(y + 3 * yStep, v128.shuffle<f64>(b, e, 1, 3))
    y += yStep << 2
  }
  for (; c < cols; ++c) {
    const at = (<usize>c) << 2
    store<f32>(y, load<f32>(x + at))
    store<f32>(y, load<f32>(x1 + at), 4)
    store<f32>(y, load<f32>(x2 + at), 8)
    store<f32>(y, load<f32>(x3 + at), 12)
    y += yStep
  }
}

// n floats of one value.
function fill(y: usize, n: i32, value: v128): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, value, n)
    y += 16
  }
}

/**
 * y[i][j][k][l] = x[i − p0][j − p1][k − p2][l − p3] inside x, value outside
 *
 * x: n0×n1×n2×n3, y: m0×m1×m2×m3. A negative p crops; y may end before x does, which crops too.
 */
export function pad(
  y: usize,
  x: usize,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  m0: i32,
  m1: i32,
  m2: i32,
  m3: i32,
  p0: i32,
  p1: i32,
  p2: i32,
  p3: i32,
  value: f32,
): void {
  const v = f32x4.splat(value)
  // Of a row of y: blank floats before x's part, x's part, blank floats behind it.
  const before = min(max(p3, 0), m3)
  const inside = max(min(n3 + p3, m3) - before, 0)
  const after = m3 - before - inside
  const skip = max(-p3, 0)
  for (let i = 0; i < m0; ++i) {
    for (let j = 0; j < m1; ++j) {
      for (let k = 0; k < m2; ++k) {
        const a = i - p0
        const b = j - p1
        const c = k - p2
        if (a < 0 || a >= n0 || b < 0 || b >= n1 || c < 0 || c >= n2 || inside == 0) {
          fill(y, m3, v)
        } else {
          fill(y, before, v)
          const at = y + ((<usize>before) << 2)
          memory.copy(at, x + ((<usize>(((a * n1 + b) * n2 + c) * n3 + skip)) << 2), (<usize>inside) << 2)
          fill(at + ((<usize>inside) << 2), after, v)
        }
        y += (<usize>m3) << 2
      }
    }
  }
}

/**
 * y[i·y0 + j·y1 + k·y2 + l·y3] = x[i·x0 + j·x1 + k·x2 + l·x3], i < n0, j < n1, k < n2, l < n3
 *
 * The steps are in floats and may be negative: slices, concatenations, permutations, all orders.
 */
export function move(
  y: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  y0: i32, y1: i32, y2: i32, y3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  for (let i = 0; i < n0; ++i) {
    for (let j = 0; j < n1; ++j) {
      for (let k = 0; k < n2; ++k) {
        const to = y + (<usize>(i * y0 + j * y1 + k * y2) << 2)
        const from = x + (<usize>(i * x0 + j * x1 + k * x2) << 2)
        if (y3 == 1 && x3 == 1) {
          moveRow(to, from, n3)
        } else {
          moveSteps(to, from, n3, <usize>y3 << 2, <usize>x3 << 2)
        }
      }
    }
  }
}

function moveRow(y: usize, x: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    storeLanes(y, loadLanes(x, n), n)
    x += 16
    y += 16
  }
}

function moveSteps(y: usize, x: usize, n: i32, yStep: usize, xStep: usize): void {
  for (; n > 0; --n) {
    store<i32>(y, load<i32>(x))
    x += xStep
    y += yStep
  }
}
