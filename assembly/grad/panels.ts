/**
 * to[c/8][T − 1 − t][o][c%8] = from[o/8][t][c][o%8]
 *
 * Panels of weights OC×C×T as panels of the transposed, flipped ones: with them conv_direct and conv_winograd make dx of dy
 * where the stride is 1. Lanes beyond C are 0. One group of a grouped convolution at a time: each begins a panel of its own.
 */
export function flip_panels(to: usize, from: usize, oc: i32, taps: i32, c: i32): void {
  for (let t = 0; t < taps; ++t) flipTap(to, from, oc, taps, c, t, taps - 1 - t)
}

/**
 * to[c/8][k][o][c%8] = from[o/8][ky][kx][c][o%8], where k counts the taps in the order of conv_transposed
 *
 * The same for conv_transposed, which makes dx of dy for any stride sh×sw and dilation dh×dw; pt and pl as it is given them.
 * Its order: by phase, that is by what row (ky·dh − pt) and column (kx·dw − pl) leave divided by the stride, then from the
 * last tap to the first.
 */
export function phase_panels(
  to: usize, from: usize, oc: i32, kh: i32, kw: i32, c: i32, sh: i32, sw: i32, pt: i32, pl: i32, dh: i32, dw: i32,
): void {
  let k = 0
  for (let ry = 0; ry < sh; ++ry) {
    for (let rx = 0; rx < sw; ++rx) {
      for (let ky = kh - 1; ky >= 0; --ky) {
        if ((ry + pt - ky * dh) % sh != 0) continue
        for (let kx = kw - 1; kx >= 0; --kx) {
          if ((rx + pl - kx * dw) % sw != 0) continue
          flipTap(to, from, oc, kh * kw, c, ky * kw + kx, k)
          k += 1
        }
      }
    }
  }
}

// Tap t of from, transposed, as tap k of to.
function flipTap(to: usize, from: usize, oc: i32, taps: i32, c: i32, t: i32, k: i32): void {
  const tapTo = <usize>oc << 5
  const tapFrom = <usize>c << 5
  to += <usize>k * tapTo
  from += <usize>t * tapFrom
  for (let i = 0; i < c; i += 8) {
    let source = from + (<usize>i << 5)
    let target = to
    for (let o = 0; o < oc; o += 4) {
      flipFour(target, source, c - i, oc - o)
      flipFour(target + 16, source + 128, c - i - 4, oc - o)
      target += 128
      source += (o & 4) == 0 ? 16 : <usize>taps * tapFrom - 16
    }
    to += <usize>taps * tapTo
  }
}

// Four rows of a panel transposed; those from count on are 0. Writes four rows, or as many as there are.
// @ts-ignore: decorator
@inline
function flipFour(to: usize, from: usize, count: i32, rows: i32): void {
  const zero = f32x4.splat(0)
  const r0 = count > 0 ? v128.load(from) : zero
  const r1 = count > 1 ? v128.load(from, 32) : zero
  const r2 = count > 2 ? v128.load(from, 64) : zero
  const r3 = count > 3 ? v128.load(from, 96) : zero
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
  const b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
  const d = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
  const e = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
  v128.store(to, v128.shuffle<f64>(a, d, 0, 2))
  if (rows < 2) return
  v128.store(to, v128.shuffle<f64>(a, d, 1, 3), 32)
  if (rows < 3) return
  v128.store(to, v128.shuffle<f64>(b, e, 0, 2), 64)
  if (rows < 4) return
  v128.store(to, v128.shuffle<f64>(b, e, 1, 3), 96)
}

/**
 * to[o − first][c][t] = from[o/8][t][c][o%8] for first ≤ o < first + rows
 *
 * The way back of pack_panels: weights, or what mirrors them, in PyTorch's order [OC][C][taps], some rows at a time.
 */
export function unpack_panels(to: usize, from: usize, first: i32, rows: i32, c: i32, taps: i32): void {
  const row = <usize>(taps * c) << 2
  const end = first + rows
  for (let o = first; o < end; ) {
    const panel = from + <usize>(o >> 3) * (row << 3) + (<usize>(o & 7) << 2)
    const count = min(4 - (o & 3), end - o)
    unpackRows(to, panel, row, c, taps, count)
    o += count
    to += <usize>count * row
  }
}

// One to four output channels that lie side by side in a panel.
function unpackRows(to: usize, from: usize, row: usize, c: i32, taps: i32, count: i32): void {
  const tapStep = <usize>c << 5
  for (let i = 0; i < c; ++i) {
    let at = from
    for (let t = 0; t < taps; ++t) {
      store<i32>(to, load<i32>(at))
      if (count > 1) store<i32>(to + row, load<i32>(at, 4))
      if (count > 2) store<i32>(to + 2 * row, load<i32>(at, 8))
      if (count > 3) store<i32>(to + 3 * row, load<i32>(at, 12))
      at += tapStep
      to += 4
    }
    from += 32
  }
}
