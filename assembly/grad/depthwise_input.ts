import { madd } from '../simd'

/**
 * dx[n][p][q][c] = res[n][p][q][c] + Σ dy[n][i][j][c] · w[ky][kx][c] over p + pt = i·sh + ky·dh, q + pl = j·sw + kx·dw
 *
 * The gradient of conv_depthwise by its input: each input gathers from the outputs that saw it. dx, res: N×H×W×C (res 0: none);
 * dy: N×OH×OW×C; w: [KH][KW][C]. C is at least 4; the last four channels may overlap the four before them, so dx may be res
 * only where C is a multiple of 4.
 */
export function depthwise_grad_input(
  dx: usize, res: usize, dy: usize, w: usize, n: i32, h: i32, width: i32, c: i32, oh: i32, ow: i32,
  kh: i32, kw: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dwid: i32,
): void {
  assert(c >= 4, 'depthwise_grad_input: fewer than 4 channels')
  const pixel = <usize>c << 2
  const row = <usize>width * pixel
  const dyRow = <usize>ow * pixel
  const weightRow = <usize>kw * pixel
  for (let image = 0; image < n; ++image) {
    for (let p = 0; p < h; ++p) {
      // The taps that meet this row: every apart-th from ky on, of outputs that are between rows apart, upwards.
      const apart = sh / common(sh, dh)
      const between = (apart * dh) / sh
      const ky = phaseTap(p + pt, sh, dh, apart)
      const i = (p + pt - ky * dh) / sh
      const high = metTaps(kh, ky, apart)
      const first = max(0, (i - oh + between) / between)
      const last = i < 0 ? 0 : min(high, i / between + 1)
      const from = dy + <usize>(i - first * between) * dyRow
      const weights = w + <usize>(ky + first * apart) * weightRow
      rowGrad(
        dx, res, from, weights, width, c, ow, kw, sw, pl, dwid, last - first, <usize>between * dyRow,
        <usize>apart * weightRow,
      )
      dx += row
      if (res != 0) res += row
    }
    dy += <usize>oh * dyRow
  }
}

// Greatest common divisor.
function common(a: i32, b: i32): i32 {
  while (b != 0) {
    const rest = a % b
    a = b
    b = rest
  }
  return a
}

// The first of the apart taps that an output can have met at this position, apart where none can.
function phaseTap(position: i32, stride: i32, dilation: i32, apart: i32): i32 {
  let k = 0
  while (k < apart && (position - k * dilation) % stride != 0) ++k
  return k
}

// How many taps there are from k on.
// @ts-ignore: decorator
@inline
function metTaps(taps: i32, k: i32, apart: i32): i32 {
  return k < apart && k < taps ? (taps - k + apart - 1) / apart : 0
}

// One row of dx: of all columns that have the same taps, those that all of them meet go by fours.
function rowGrad(
  dx: usize, res: usize, dy: usize, w: usize, width: i32, c: i32, ow: i32, kw: i32, sw: i32, pl: i32, dwid: i32,
  rows: i32, rowStep: usize, weightRow: usize,
): void {
  const pixel = <usize>c << 2
  const apart = sw / common(sw, dwid)
  const between = (apart * dwid) / sw
  const dyTap = <usize>between * pixel
  const weightTap = <usize>apart * pixel
  for (let rx = 0; rx < min(sw, width); ++rx) {
    const kx = phaseTap(rx + pl, sw, dwid, apart)
    const taps = metTaps(kw, kx, apart)
    let j = (rx + pl - kx * dwid) / sw
    for (let q = rx; q < width; ) {
      const to = dx + <usize>q * pixel
      const r = res != 0 ? res + <usize>q * pixel : 0
      if (taps > 0 && j >= (taps - 1) * between && j + 4 <= ow && q + 3 * sw < width) {
        gatherFour(
          to, r, dy + <usize>j * pixel, w + <usize>kx * pixel, c, rows, taps, rowStep, dyTap, weightRow, weightTap,
          <usize>sw * pixel,
        )
        q += 4 * sw
        j += 4
      } else {
        const first = max(0, (j - ow + between) / between)
        const last = j < 0 ? 0 : min(taps, j / between + 1)
        gatherOne(
          to, r, dy + <usize>(j - first * between) * pixel, w + <usize>(kx + first * apart) * pixel, c, rows,
          last - first, rowStep, dyTap, weightRow, weightTap,
        )
        q += sw
        j += 1
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function start(res: usize): v128 {
  return res != 0 ? v128.load(res) : f32x4.splat(0)
}

function gatherOne(
  dx: usize, res: usize, dy: usize, w: usize, c: i32, rows: i32, taps: i32, rowStep: usize, tapStep: usize,
  weightRow: usize, weightTap: usize,
): void {
  for (let o = 0; o < c; o += 4) {
    const at = <usize>min(o, c - 4) << 2
    let v = res != 0 ? v128.load(res + at) : f32x4.splat(0)
    let p = dy + at
    let q = w + at
    for (let ky = rows; ky > 0; --ky) {
      let a = p
      let b = q
      for (let kx = taps; kx > 0; --kx) {
        v = madd(v128.load(a), v128.load(b), v)
        a -= tapStep
        b += weightTap
      }
      p -= rowStep
      q += weightRow
    }
    v128.store(dx + at, v)
  }
}

// Four columns of dx, step bytes apart, that see the same taps: the weights are read once for all.
function gatherFour(
  dx: usize, res: usize, dy: usize, w: usize, c: i32, rows: i32, taps: i32, rowStep: usize, tapStep: usize,
  weightRow: usize, weightTap: usize, step: usize,
): void {
  const pixel = <usize>c << 2
  for (let o = 0; o < c; o += 4) {
    const at = <usize>min(o, c - 4) << 2
    const r = res != 0 ? res + at : 0
    const second = res != 0 ? step : 0
    let v0 = start(r)
    let v1 = start(r + second)
    let v2 = start(r + 2 * second)
    let v3 = start(r + 3 * second)
    let p = dy + at
    let q = w + at
    for (let ky = rows; ky > 0; --ky) {
      let a = p
      let b = q
      for (let kx = taps; kx > 0; --kx) {
        const t = v128.load(b)
        v0 = madd(v128.load(a), t, v0)
        v1 = madd(v128.load(a + pixel), t, v1)
        v2 = madd(v128.load(a + 2 * pixel), t, v2)
        v3 = madd(v128.load(a + 3 * pixel), t, v3)
        a -= tapStep
        b += weightTap
      }
      p -= rowStep
      q += weightRow
    }
    v128.store(dx + at, v0)
    v128.store(dx + at + step, v1)
    v128.store(dx + at + 2 * step, v2)
    v128.store(dx + at + 3 * step, v3)
  }
}
