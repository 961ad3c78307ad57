import { tile_4x8, tile_4xN } from './gemm'

/**
 * y[n][i][j][o] = clamp(bias[o] + res[n][i][j][o] + Σ x[n][p][q][k] · w[k][o][ky][kx]), i + pt = p·sh + ky·dh, j + pl = q·sw + kx·dw
 *
 * Transposed convolution, which is also the gradient of a convolution by its input. y, res: N×OH×OW pixels, pitch floats
 * apart (res 0: none). x: N×H×W pixels, c floats apart, of which len take part; the caller has put zeros around it, and
 * counts them in pt and pl, so that no p or q is outside. bias: as for conv_direct.
 *
 * The outputs whose row and column leave the same remainders ry and rx by the strides see the same taps, and their inputs lie
 * side by side: such a phase is a convolution with stride 1, in which no product is by a zero between the inputs.
 * w: panels [OC/8][K][LEN][8], K the taps by ry, then rx, in each phase from the last to the first: as they meet the inputs.
 */
export function conv_transposed(
  y: usize, res: usize, x: usize, w: usize, bias: usize, n: i32, h: i32, width: i32, c: i32, len: i32,
  oh: i32, ow: i32, oc: i32, pitch: i32, kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
  lo: f32, hi: f32,
): void {
  assert(n > 0 && oh > 0 && ow > 0 && oc > 0, 'conv_transposed: empty output')
  const tap = <usize>len << 5
  const pixel = <usize>c << 2
  const row = <usize>width * pixel
  const yPixel = <usize>pitch << 2
  const yStep = <usize>sw * yPixel
  for (let o = 0; o < oc; o += 8) {
    let panel = w
    for (let ry = 0; ry < min(sh, oh); ++ry) {
      let high = 0
      let ky = 0
      let apart = 0
      for (let k = 0; k < kh; ++k) {
        if ((ry + pt - k * dh) % sh == 0) {
          apart = k - ky
          ky = k
          high += 1
        }
      }
      const tapRow = <usize>((apart * dh) / sh) * row
      const above = x + <usize>((ry + pt - ky * dh) / sh) * row
      let at = panel
      for (let rx = 0; rx < min(sw, ow); ++rx) {
        let segs = 0
        let kx = 0
        for (let k = 0; k < kw; ++k) {
          if ((rx + pl - k * dw) % sw == 0) {
            apart = k - kx
            kx = k
            segs += 1
          }
        }
        let run = len
        const taps = high * segs
        const between = (apart * dw) / sw
        if (segs > 0 && len == c && (between == 1 || segs == 1)) {
          run *= segs
          segs = 1
        }
        const first = above + <usize>((rx + pl - kx * dw) / sw) * pixel
        for (let image = 0; image < n; ++image) {
          for (let i = ry; i < oh; i += sh) {
            let p = first + <usize>(image * h + (i - ry) / sh) * row
            const shift = <usize>((image * oh + i) * ow + rx) * yPixel
            let to = y + shift
            let ro = res != 0 ? res + shift : 0
            for (let m = (ow - rx + sw - 1) / sw; m > 0; m -= 4) {
              const rows = min(m, 4)
              // Rows that the last tile lacks repeat its first pixel and are not stored.
              const p1 = rows > 1 ? p + pixel : p
              const p2 = rows > 2 ? p1 + pixel : p
              const p3 = rows > 3 ? p2 + pixel : p
              const segStep = <usize>between * pixel
              if (oc - o >= 8) {
                tile_4x8(to, ro, p, p1, p2, p3, at, bias, high, tapRow, segs, segStep, run, rows, yStep, lo, hi)
              } else {
                tile_4xN(to, ro, p, p1, p2, p3, at, bias, high, tapRow, segs, segStep, run, rows, yStep, lo, hi, oc - o)
              }
              p += pixel << 2
              to += yStep << 2
              if (ro != 0) ro += yStep << 2
            }
          }
        }
        at += <usize>taps * tap
      }
      panel += <usize>(high * kw) * tap
    }
    w += <usize>(kh * kw) * tap
    y += 32
    if (res != 0) res += 32
    if (bias != 0) bias += 32
  }
}
