// Weights on their way to the kernels.
import { column } from './simd'

/**
 * w[o/8][t][c][o%8] = x[o − first][c][t] for first ≤ o < first + rows
 *
 * Weights from PyTorch's order [OC][C][taps] into panels of 8 output channels, a few rows at a time as they arrive.
 * A fully connected layer behind a flattened map C×H×W is the case taps = H·W: the map's NHWC order costs nothing.
 */
export function pack_panels(w: usize, x: usize, first: i32, rows: i32, c: i32, taps: i32): void {
  const row = <usize>(taps * c) << 2
  const end = first + rows
  for (let o = first; o < end; ) {
    const panel = w + <usize>(o >> 3) * (row << 3)
    if ((o & 7) == 0 && o + 8 <= end) {
      packEight(panel, x, row, c, taps)
      o += 8
      x += row << 3
    } else {
      const lane = <usize>(o & 7) << 2
      packOne(panel + lane, x, c, taps)
      o += 1
      x += row
    }
  }
}

// One output channel: every eighth float of a panel.
function packOne(w: usize, x: usize, c: i32, taps: i32): void {
  const tapStep = <usize>c << 5
  for (let i = 0; i < c; ++i) {
    let to = w + (<usize>i << 5)
    for (let t = 0; t < taps; ++t) {
      store<f32>(to, load<f32>(x))
      to += tapStep
      x += 4
    }
  }
}

// Eight output channels: a whole panel, which is written in runs (ResNet-18: 3× faster than one by one).
function packEight(w: usize, x: usize, row: usize, c: i32, taps: i32): void {
  const tapStep = <usize>c << 5
  for (let i = 0; i < c; ++i) {
    let to = w + (<usize>i << 5)
    for (let t = 0; t < taps; ++t) {
      v128.store(to, column(x, row))
      v128.store(to, column(x + (row << 2), row), 16)
      to += tapStep
      x += 4
    }
  }
}

/** y[i] = x[i], n floats. */
export function copy(y: usize, x: usize, n: i32): void {
  memory.copy(y, x, (<usize>n) << 2)
}
