import { tile_4x8 } from '../gemm'
import { loadLanes, storeLanes } from '../simd'
import { firstTap, lastTap } from '../window'

/**
 * dx[n][p][q][c] = sum[n][p][q][c] + Σ dy[n][i][j][o] · w[o][ky][kx][c] over p = i + ky − pt, q = j + kx − pl
 *
 * The gradient of a convolution with stride 1 by its input, row by row: t[n][j][kx][c], the products with the rows of dy that a
 * row of dx meets, and then each pixel's sum over kx. No product is with the zeros around dy, half of those of LeNet's second
 * layer, and the tile's columns are KW·C, which fill it where C alone would not: 393 µs instead of 886 there.
 * dx, sum: N×H×W×C (sum 0: none; it may be dx). dy: N×OH×OW×OC. w: panels [KW·C/8][KH][OC][8], the rows of the window from the
 * last to the first. temp: block × OW × (KW·C rounded up to 8) floats and 4 more, where block is how many images go together.
 */
export function conv_grad_input(
  dx: usize, sum: usize, dy: usize, w: usize, temp: usize, n: i32, h: i32, width: i32, c: i32, oh: i32, ow: i32, oc: i32,
  kh: i32, kw: i32, pt: i32, pl: i32, block: i32,
): void {
  assert(n > 0 && h > 0 && width > 0 && c > 0, 'conv_grad_input: empty input')
  assert(oh > 0 && ow > 0 && oc > 0 && block > 0, 'conv_grad_input: empty output or block')
  const row = <usize>(width * c) << 2
  const dyRow = <usize>(ow * oc) << 2
  const tap = <usize>oc << 5
  for (; n > 0; n -= block) {
    const images = min(n, block)
    for (let p = 0; p < h; ++p) {
      const top = p + pt - kh + 1
      const first = firstTap(top, 1)
      const high = lastTap(top, 1, kh, oh) - first
      const from = dy + <usize>(top + first) * dyRow
      if (high > 0) products(temp, from, w + <usize>first * tap, images, oh, ow, oc, high, kw * c, <usize>kh * tap)
      sumTaps(dx, sum, temp, images, h, width, c, high > 0 ? kw : 0, ow, <usize>((kw * c + 7) & -8) << 2, pl)
      dx += row
      if (sum != 0) sum += row
    }
    const rest = <usize>((images - 1) * h) * row
    dx += rest
    if (sum != 0) sum += rest
    dy += <usize>(images * oh) * dyRow
  }
}

// t[n][j][k] = Σ dy[n][i][j][o] · w[k/8][i][o][k%8] over i < high; w: panel bytes from one panel to the next.
function products(
  t: usize, dy: usize, w: usize, images: i32, oh: i32, ow: i32, oc: i32, high: i32, columns: i32, panel: usize,
): void {
  const pitch = <usize>((columns + 7) & -8) << 2
  const pixel = <usize>oc << 2
  const row = <usize>ow * pixel
  for (; columns > 0; columns -= 8) {
    let to = t
    let p = dy
    let j = 0
    for (let m = images * ow; m > 0; m -= 4) {
      const rows = min(m, 4)
      const p0 = p
      let p1 = p
      let p2 = p
      let p3 = p
      // Rows that the last tile lacks repeat its first pixel and are not stored.
      for (let r = 0; r < rows; ++r) {
        if (r == 1) p1 = p
        else if (r == 2) p2 = p
        else if (r == 3) p3 = p
        p += pixel
        if (++j == ow) {
          j = 0
          p += <usize>(oh - 1) * row
        }
      }
      tile_4x8(to, 0, p0, p1, p2, p3, w, 0, high, row, 1, 0, oc, rows, pitch, -Infinity, Infinity)
      to += pitch << 2
    }
    t += 32
    w += panel
  }
}

// One row of dx, of all images: dx[n][q][c] = sum[n][q][c] + Σ t[n][j][kx][c] over q = j + kx − pl; t: pitch bytes between pixels.
function sumTaps(
  dx: usize, sum: usize, t: usize, images: i32, h: i32, width: i32, c: i32, kw: i32, ow: i32, pitch: usize, pl: i32,
): void {
  const pixel = <usize>c << 2
  const image = <usize>(h * width) * pixel
  for (let q = 0; q < width; ++q) {
    const left = q + pl - kw + 1
    const first = firstTap(left, 1)
    const at = t + <usize>(left + first) * pitch + <usize>(kw - 1 - first) * pixel
    sumPixel(dx, sum, at, lastTap(left, 1, kw, ow) - first, pitch - pixel, c, images, image, <usize>ow * pitch)
    dx += pixel
    if (sum != 0) sum += pixel
  }
}

// A pixel of all images.
function sumPixel(
  dx: usize, sum: usize, t: usize, taps: i32, tapStep: usize, c: i32, images: i32, image: usize, tImage: usize,
): void {
  for (; images > 0; --images) {
    for (let o = 0; o < c; o += 4) {
      const shift = <usize>o << 2
      let v = sum != 0 ? loadLanes(sum + shift, c - o) : f32x4.splat(0)
      let p = t + shift
      for (let k = taps; k > 0; --k) {
        v = f32x4.add(v, v128.load(p))
        p += tapStep
      }
      storeLanes(dx + shift, v, c - o)
    }
    dx += image
    if (sum != 0) sum += image
    t += tImage
  }
}
