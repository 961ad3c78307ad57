import { inputTile4, inside } from '../winograd4'
import { tile_4x8 } from './tile'

// Bytes between planes, as in ../winograd.ts.
const SKEW: usize = 64

/**
 * dw[o][ky][kx][c] += Σ x[n][i − pt + ky][j − pl + kx][c] · dy[n][i][j][o] over n, i, j: 3×3, stride 1
 *
 * Winograd's F(4×4, 3×3) transposed: dw = Gᵀ(Σ BᵀxB ⊙ A·dy·Aᵀ)G over the tiles, 36 multiplications where the definition has
 * 144. x: N×H×W×C, zeros around it; dy: N×OH×OW×OC; dw: panels [OC/8][3][3][C][8]. C and OC are multiples of 4. block: tiles of
 * 4×4 outputs that go together. Scratch, in floats: u 36×(C×8 + 16), v 36×(block×C + 16), d 36×(block×(OC rounded up to
 * 8) + 16), temp 144.
 */
export function winograd_grad_weight(
  dw: usize, x: usize, dy: usize, u: usize, v: usize, d: usize, temp: usize,
  n: i32, h: i32, width: i32, c: i32, oh: i32, ow: i32, oc: i32, pt: i32, pl: i32, block: i32,
): void {
  assert(c % 4 == 0 && oc % 4 == 0 && block > 0, 'winograd_grad_weight: channels must be multiples of 4')
  const th = (oh + 3) >> 2
  const tw = (ow + 3) >> 2
  const tiles = n * th * tw
  const panels = (oc + 7) >> 3
  const pixel = <usize>c << 2
  const row = <usize>width * pixel
  const dyPixel = <usize>oc << 2
  const dyRow = <usize>ow * dyPixel
  for (let first = 0; first < tiles; first += block) {
    const count = min(block, tiles - first)
    const fours = <usize>count << 4
    const plane = <usize>count * pixel + SKEW
    const dPlane = (<usize>(count * panels) << 5) + SKEW
    for (let t = 0; t < count; ++t) {
      const i = (first + t) / tw
      const image = i / th
      const up = (i - image * th) * 4
      const left = (first + t - i * tw) * 4
      const from = x + <usize>(image * h + up - pt) * row + <usize>(left - pl) * pixel
      let to = v + (<usize>t << 4)
      for (let k: usize = 0; k < pixel; k += 16) {
        inputTile4(to, plane, from + k, row, pixel, temp, up - pt, left - pl, h, width, 4)
        to += fours
      }
      const grad = dy + <usize>(image * oh + up) * dyRow + <usize>left * dyPixel
      to = d + (<usize>t << 5)
      for (let o = 0; o < panels << 3; o += 8) {
        outputGrad(to, dPlane, grad + (<usize>o << 2), dyRow, dyPixel, temp, oh - up, ow - left)
        // The lanes beyond OC are a tile without a row.
        const high = o + 4 < oc ? oh - up : 0
        outputGrad(to + 16, dPlane, grad + (<usize>o << 2) + 16, dyRow, dyPixel, temp, high, ow - left)
        to += fours << 1
      }
    }
    let panel = dw
    let at = d
    for (let o = 0; o < panels; ++o) {
      products(u, v, at, plane, dPlane, count, c)
      weightsGrad(panel, u, c, temp)
      panel += <usize>(9 * c) << 5
      at += fours << 1
    }
  }
}

// u[k][c][8] = Σ v[k][tile][c] · d[k][tile][8] over count tiles, for the 36 planes k.
function products(u: usize, v: usize, d: usize, plane: usize, dPlane: usize, count: i32, c: i32): void {
  memory.fill(u, 0, 36 * ((<usize>c << 5) + SKEW))
  for (let k = 0; k < 36; ++k) {
    let to = u
    let from = v
    for (let i = c; i > 0; i -= 4) {
      tile_4x8(to, from, d, count, 4)
      to += 128
      from += <usize>count << 4
    }
    u += (<usize>c << 5) + SKEW
    v += plane
    d += dPlane
  }
}

// The six points of Ad, four values of an output tile, step bytes apart.
// @ts-ignore: decorator
@inline
function outputLine(y: usize, step: usize, d0: v128, d1: v128, d2: v128, d3: v128): void {
  const even = f32x4.add(d0, d2)
  const odd = f32x4.add(d1, d3)
  const four = f32x4.splat(4)
  const even2 = f32x4.add(d0, f32x4.mul(four, d2))
  const odd1 = f32x4.add(d1, f32x4.mul(four, d3))
  const odd2 = f32x4.add(odd1, odd1)
  v128.store(y, d0)
  v128.store(y + step, f32x4.add(even, odd))
  v128.store(y + 2 * step, f32x4.sub(even, odd))
  v128.store(y + 3 * step, f32x4.add(even2, odd2))
  v128.store(y + 4 * step, f32x4.sub(even2, odd2))
  v128.store(y + 5 * step, d3)
}

// d = A·dy·Aᵀ of four channels of one tile, of which rows × columns lie inside the map.
function outputGrad(
  d: usize, plane: usize, dy: usize, row: usize, pixel: usize, temp: usize, rows: i32, columns: i32,
): void {
  for (let j = 0; j < 4; ++j) {
    const high = j < columns ? rows : 0
    outputLine(
      temp + (<usize>j << 4), 64, inside(dy, high > 0), inside(dy + row, high > 1), inside(dy + 2 * row, high > 2),
      inside(dy + 3 * row, high > 3),
    )
    dy += pixel
  }
  for (let i = 0; i < 6; ++i) {
    outputLine(d, plane, v128.load(temp), v128.load(temp, 16), v128.load(temp, 32), v128.load(temp, 48))
    temp += 64
    d += 6 * plane
  }
}

// Point p of Gᵀu, six values to three.
// @ts-ignore: decorator
@inline
function weightPoint(p: i32, u0: v128, u1: v128, u2: v128, u3: v128, u4: v128, u5: v128): v128 {
  const sixth = f32x4.splat(1.0 / 6)
  if (p == 1) {
    const half = f32x4.mul(f32x4.splat(0.5), f32x4.sub(u3, u4))
    return f32x4.mul(sixth, f32x4.add(f32x4.sub(u2, u1), half))
  }
  const a = f32x4.add(u1, u2)
  const b = f32x4.add(u3, u4)
  if (p == 2) return f32x4.add(f32x4.mul(sixth, f32x4.sub(b, a)), u5)
  const quarter = f32x4.splat(0.25)
  return f32x4.add(f32x4.mul(quarter, u0), f32x4.mul(sixth, f32x4.sub(f32x4.mul(quarter, b), a)))
}

// @ts-ignore: decorator
@inline
function weightColumn(p: i32, u: usize, step: usize): v128 {
  return weightPoint(
    p, v128.load(u), v128.load(u + step), v128.load(u + 2 * step), v128.load(u + 3 * step), v128.load(u + 4 * step),
    v128.load(u + 5 * step),
  )
}

// @ts-ignore: decorator
@inline
function addTo(dw: usize, v: v128): void {
  v128.store(dw, f32x4.add(v128.load(dw), v))
}

// dw[ky][kx][c][8] += GᵀuG of u[36][c][8].
function weightsGrad(dw: usize, u: usize, c: i32, temp: usize): void {
  const tap = <usize>c << 5
  const plane = tap + SKEW
  for (let i = 2 * c; i > 0; --i) {
    for (let j: usize = 0; j < 6; ++j) {
      const column = u + j * plane
      const t = temp + (j << 4)
      v128.store(t, weightColumn(0, column, 6 * plane))
      v128.store(t, weightColumn(1, column, 6 * plane), 96)
      v128.store(t, weightColumn(2, column, 6 * plane), 192)
    }
    for (let ky: usize = 0; ky < 3; ++ky) {
      const t = temp + ky * 96
      const to = dw + 3 * ky * tap
      addTo(to, weightColumn(0, t, 16))
      addTo(to + tap, weightColumn(1, t, 16))
      addTo(to + 2 * tap, weightColumn(2, t, 16))
    }
    u += 16
    dw += 16
  }
}
