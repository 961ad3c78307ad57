import { tile_4x8, tile_4xN } from './gemm'

/**
 * y[n][i][j][o] = clamp(bias[o] + res[n][i][j][o] + Σ x[n][i·stride + ky][j·stride + kx][c] · w[o][ky][kx][c])
 *
 * Direct convolution as an implicit GEMM: rows are output pixels, columns 8 output channels, k the window.
 * y, res: N×OH×OW pixels, pitch bytes apart (res 0: none). x: already padded. w: panels [OC/8][KH][KW][C][8], the last
 * one filled up with zeros. bias: OC floats and 7 more that may be anything (0: none).
 * imageStep, rowStep, pixelStep: bytes of x between images, output rows and output columns (stride included).
 * The window is kh rows, tapRow bytes apart, of segs segments, segStep bytes apart, of len contiguous floats: an
 * undilated window's row is one segment of KW·C floats; with dilation or groups it is KW segments of C.
 */
export function conv_direct(
  y: usize,
  res: usize,
  x: usize,
  w: usize,
  bias: usize,
  n: i32,
  oh: i32,
  ow: i32,
  oc: i32,
  imageStep: usize,
  rowStep: usize,
  pixelStep: usize,
  kh: i32,
  tapRow: usize,
  segs: i32,
  segStep: usize,
  len: i32,
  pitch: usize,
  lo: f32,
  hi: f32,
): void {
  assert(n > 0 && oh > 0 && ow > 0 && oc > 0, 'conv_direct: empty output')
  assert(kh > 0 && segs > 0 && len > 0, 'conv_direct: empty window')
  const panel = (<usize>(kh * segs * len)) << 5
  const pixels = n * oh * ow
  for (let o = 0; o < oc; o += 8) {
    const cols = min(oc - o, 8)
    let image = x
    let row = x
    let p = x
    let i = 0
    let j = 0
    let yo = y + ((<usize>o) << 2)
    let ro = res != 0 ? res + ((<usize>o) << 2) : 0
    for (let m = pixels; m > 0; m -= 4) {
      const rows = min(m, 4)
      const p0 = p
      let p1 = p
      let p2 = p
      let p3 = p
      if (j + 4 < ow) {
        // Four pixels of one row.
        p1 = p + pixelStep
        p2 = p1 + pixelStep
        p3 = p2 + pixelStep
        p = p3 + pixelStep
        j += 4
      } else {
        // Rows that the last tile lacks repeat its first pixel and are not stored.
        for (let r = 0; r < rows; ++r) {
          if (r == 1) p1 = p
          else if (r == 2) p2 = p
          else if (r == 3) p3 = p
          p += pixelStep
          if (++j == ow) {
            j = 0
            row += rowStep
            if (++i == oh) {
              i = 0
              image += imageStep
              row = image
            }
            p = row
          }
        }
      }
      if (cols == 8) tile_4x8(yo, ro, p0, p1, p2, p3, w, bias, kh, tapRow, segs, segStep, len, rows, pitch, lo, hi)
      else tile_4xN(yo, ro, p0, p1, p2, p3, w, bias, kh, tapRow, segs, segStep, len, rows, pitch, lo, hi, cols)
      yo += pitch << 2
      if (ro != 0) ro += pitch << 2
    }
    w += panel
    if (bias != 0) bias += 32
  }
}
