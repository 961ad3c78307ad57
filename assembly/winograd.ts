// Winograd's minimal filtering F(4×4, 3×3), F(2×2, 3×3) and F(3×3, 5×5) (Lavin & Gray 2016).
import { panel_4x8 } from './gemm'
import { column } from './simd'
import { inputTile2, outputTile2, weights2 } from './winograd2'
import { inputTile4, outputTile4, weights4 } from './winograd4'
import { inputTile5, outputTile5, weights5 } from './winograd5'

// Bytes between the planes of anything transformed, besides what they hold: at distances of a power of two all of them would
// meet in one set of the first-level cache (106 instead of 160 GFLOP/s).
const SKEW: usize = 64

/**
 * y[n][i][j][o] = clamp(bias[o] + res[n][i][j][o] + Σ x[n][i − pt + ky][j − pl + kx][c] · w[o][ky][kx][c]), 3×3, stride 1
 *
 * x: N×H×W×C, zeros around it. y, res: N×OH×OW pixels, pitch bytes apart (res 0: none). w: panels [OC/8][3][3][C][8], each
 * transformed into u when its turn comes; u 0: w is transformed already, by pack_winograd. bias: OC floats (0: none). C and OC
 * are multiples of 4. tile: results of a tile in each direction, 4 or 2, with a kernel of 5×5 taps 3. block: tiles that go together,
 * a multiple of 4.
 * Scratch, in floats, of P = (tile + kernel − 1)² planes: u P×(C×8 + 16), v P×(block×C + 16), m P×(block×8 + 16), temp P×4.
 */
export function conv_winograd(
  y: usize, res: usize, x: usize, w: usize, bias: usize, u: usize, v: usize, m: usize, temp: usize,
  n: i32, h: i32, width: i32, c: i32, oh: i32, ow: i32, oc: i32, pt: i32, pl: i32, kernel: i32, tile: i32, block: i32,
  pitch: usize, lo: f32, hi: f32,
): void {
  assert(c % 4 == 0 && oc % 4 == 0 && block % 4 == 0, 'conv_winograd: channels and block must be multiples of 4')
  assert(fits(kernel, tile), 'conv_winograd: no such tile')
  const th = (oh + tile - 1) / tile
  const tw = (ow + tile - 1) / tile
  const tiles = n * th * tw
  const pixel = <usize>c << 2
  const row = <usize>width * pixel
  const plane = (<usize>(block * c) << 2) + SKEW
  const points = tile + kernel - 1
  const planes = points * points
  const tap = <usize>c << 5
  const panelStep: usize = u != 0 ? <usize>(kernel * kernel) * tap : <usize>planes * (tap + SKEW)
  for (let first = 0; first < tiles; first += block) {
    const count = min(block, tiles - first)
    for (let t = 0; t < count; ++t) {
      const i = (first + t) / tw
      const top = (i % th) * tile - pt
      const left = (first + t - i * tw) * tile - pl
      const from = x + <usize>(i / th) * <usize>h * row + <usize>top * row + <usize>left * pixel
      const to = v + <usize>t * pixel
      if (points == 7) inputTile5(to, plane, from, row, pixel, temp, top, left, h, width, c)
      else if (points == 6) inputTile4(to, plane, from, row, pixel, temp, top, left, h, width, c)
      else inputTile2(to, plane, from, row, pixel, temp, top, left, h, width, c)
    }
    let panel = w
    for (let o = 0; o < oc; o += 8) {
      if (u != 0) weights(u, panel, <usize>kernel * tap, tap, temp, 16, points, 2 * c, 16, c)
      products(m, v, u != 0 ? u : panel, block, count, c, planes)
      panel += panelStep
      const r = res != 0 ? res + (<usize>o << 2) : 0
      const b = bias != 0 ? bias + (<usize>o << 2) : 0
      outputPanel(y + (<usize>o << 2), r, m, b, temp, oh, ow, pitch, th, tw, points, tile, first, count, block, min(oc - o, 8), lo, hi)
    }
  }
}

/**
 * w[o/8] = GgGᵀ of x[o − first] for first ≤ o < first + rows, transformed as conv_winograd does, panels [OC/8][P][C][8] with 16
 * floats between the P = (tile + kernel − 1)² planes
 *
 * Weights from PyTorch's order [OC][C][kernel][kernel], some rows at a time as they arrive; first and rows are multiples of 4.
 */
export function pack_winograd(w: usize, x: usize, first: i32, rows: i32, c: i32, kernel: i32, tile: i32): void {
  assert(first % 4 == 0 && rows % 4 == 0, 'pack_winograd: rows come in fours')
  assert(fits(kernel, tile), 'pack_winograd: no such tile')
  const points = tile + kernel - 1
  const taps = <usize>(kernel * kernel) << 2
  const row = <usize>c * taps
  const tap = (<usize>c << 5) + SKEW
  const tapRow = <usize>points * tap
  for (let o = first; o < first + rows; o += 4) {
    const panel = w + <usize>(o >> 3) * <usize>points * tapRow + (<usize>(o & 4) << 2)
    // The taps go to planes of their own, where the transform finds them and writes over them.
    let to = panel
    for (let i = c; i > 0; --i) {
      for (let ky = 0; ky < kernel; ++ky) {
        for (let kx = 0; kx < kernel; ++kx) {
          v128.store(to + <usize>ky * tapRow + <usize>kx * tap, column(x, row))
          x += 4
        }
      }
      weights(to, to, tapRow, tap, to, tap, points, 1, 0, c)
      to += 32
    }
    x += 3 * row
  }
}

// Whether there are transforms for it.
// @ts-ignore: decorator
@inline
function fits(kernel: i32, tile: i32): bool {
  return (kernel == 3 && (tile == 2 || tile == 4)) || (kernel == 5 && tile == 3)
}

// u[P][c][8] = GgGᵀ of w, count vectors that are step bytes apart.
function weights(
  u: usize, w: usize, row: usize, tap: usize, mid: usize, midTap: usize, points: i32, count: i32, step: usize, c: i32,
): void {
  const uTap = (<usize>c << 5) + SKEW
  if (points == 7) weights5(u, uTap, w, row, tap, mid, midTap, count, step)
  else if (points == 6) weights4(u, uTap, w, row, tap, count, step)
  else weights2(u, uTap, w, row, tap, count, step)
}

// m[k] = v[k]·u[k] for the planes k: count tiles by 8 output channels.
function products(m: usize, v: usize, u: usize, block: i32, count: i32, c: i32, planes: i32): void {
  const pixel = <usize>c << 2
  for (let k = planes; k > 0; --k) {
    panel_4x8(m, v, pixel, u, count, c)
    m += (<usize>block << 5) + SKEW
    v += (<usize>(block * c) << 2) + SKEW
    u += (<usize>c << 5) + SKEW
  }
}

// The results of count tiles from tile first on, in cols (4 or 8) channels.
function outputPanel(
  y: usize, res: usize, m: usize, bias: usize, temp: usize, oh: i32, ow: i32, pixel: usize, th: i32, tw: i32,
  points: i32, tile: i32, first: i32, count: i32, block: i32, cols: i32, lo: f32, hi: f32,
): void {
  const row = <usize>ow * pixel
  const plane = (<usize>block << 5) + SKEW
  for (let t = 0; t < count; ++t) {
    const i = (first + t) / tw
    const j = first + t - i * tw
    const up = i % th
    const at = (<usize>(i / th) * <usize>oh + <usize>(up * tile)) * row + <usize>(j * tile) * pixel
    const r = res != 0 ? res + at : 0
    const rows = min(tile, oh - up * tile)
    const columns = min(tile, ow - j * tile)
    for (let half: usize = 0; half < <usize>cols << 2; half += 16) {
      const b = bias != 0 ? bias + half : 0
      const rh = r != 0 ? r + half : 0
      if (points == 7) outputTile5(y + at + half, rh, m + half, plane, row, pixel, temp, b, rows, columns, lo, hi)
      else if (points == 6) outputTile4(y + at + half, rh, m + half, plane, row, pixel, temp, b, rows, columns, lo, hi)
      else outputTile2(y + at + half, rh, m + half, plane, row, pixel, temp, b, rows, columns, lo, hi)
    }
    m += 32
  }
}
