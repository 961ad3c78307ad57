import { loadLanes } from '../simd'
import { tile_4x8, tile_near } from './tile'

// Elements of the window that are copied together: eight tiles of four. More would crowd the first-level cache.
const RUN = 32

// Where pixels are not farther apart than this, in bytes, and outputs are few, copying takes longer than it saves.
const NEAR: usize = 32
const FEW = 16

/**
 * dw[o][ky][s][k] += Σ x[n][i][j][ky][s][k] · dy[n][i][j][o] over n, i, j
 *
 * The gradient of conv_direct by its weights; of one group of channels, when dw, x and dy point at its part.
 * dw: panels [OC/8][KH][SEGS][LEN][8], the lanes beyond OC are left as they are. dy: N×OH×OW pixels, pitch bytes apart.
 * x, already padded, and all dims as for conv_direct. temp: block × (OC rounded up to 8, and 32) floats of scratch, where
 * block is how many pixels go together; 256 is good, less where temp would outgrow the second-level cache.
 *
 * A product of matrices, of which each block is copied first in the order in which the tile reads it: as they lie, the
 * pixels of wide maps are powers of two apart and meet in a few sets of the first-level cache (25 GFLOP/s instead of 42 at
 * 64 channels), and rows of 7 pixels would be loops of 7 turns. Of x only where that pays.
 */
export function conv_grad_weight(
  dw: usize, x: usize, dy: usize, temp: usize, n: i32, oh: i32, ow: i32, oc: i32,
  imageStep: usize, rowStep: usize, pixelStep: usize,
  kh: i32, tapRow: usize, segs: i32, segStep: usize, len: i32, pitch: usize, block: i32,
): void {
  assert(n > 0 && oh > 0 && ow > 0 && oc > 0, 'conv_grad_weight: empty output')
  assert(kh > 0 && segs > 0 && len > 0 && block > 0, 'conv_grad_weight: empty window or block')
  // Images one after the other are one of many rows, and rows one after the other are one row: blocks are parts of it.
  let rows = n * oh
  if (oh == 1) {
    rowStep = imageStep
    oh = n
  } else if (imageStep == <usize>oh * rowStep) {
    oh = rows
  }
  if (oh == rows) {
    if (ow == 1) {
      pixelStep = rowStep
      ow = rows
      oh = rows = 1
    } else if (rowStep == <usize>ow * pixelStep) {
      ow *= rows
      oh = rows = 1
    }
  }
  const height = max(block / ow, 1)
  const width = min(ow, block)
  for (let row = 0; row < rows; row += height) {
    const image = row / oh
    const i = row - image * oh
    const from = x + <usize>image * imageStep + <usize>i * rowStep
    const high = min(height, rows - row)
    for (let j = 0; j < ow; j += width) {
      const wide = min(width, ow - j)
      const pixels = high * wide
      packOutputs(temp, dy + <usize>(row * ow + j) * pitch, pixels, oc, pitch)
      blockGrad(
        dw, from + <usize>j * pixelStep, temp, temp + (<usize>(pixels * ((oc + 7) & -8)) << 2), high, i, oh, wide, oc,
        imageStep - <usize>oh * rowStep, rowStep - <usize>wide * pixelStep, pixelStep, kh, tapRow, segs, segStep, len,
      )
    }
  }
}

// to[o/8][pixel][o%8] = dy[pixel][o], zeros in the lanes beyond oc.
function packOutputs(to: usize, dy: usize, pixels: i32, oc: i32, pitch: usize): void {
  for (; oc > 0; oc -= 8) {
    let from = dy
    for (let p = pixels; p > 0; --p) {
      if (oc >= 8) {
        v128.store(to, v128.load(from))
        v128.store(to, v128.load(from, 16), 16)
      } else {
        v128.store(to, loadLanes(from, oc))
        v128.store(to, oc > 4 ? loadLanes(from + 16, oc - 4) : f32x4.splat(0), 16)
      }
      from += pitch
      to += 32
    }
    dy += 32
  }
}

// One block: high rows of wide pixels, the first is row i of an image. py: as packOutputs makes it. px: pixels × RUN floats.
function blockGrad(
  dw: usize, x: usize, py: usize, px: usize, high: i32, i: i32, oh: i32, wide: i32, oc: i32,
  imageJump: usize, rowJump: usize, pixelStep: usize, kh: i32, tapRow: usize, segs: i32, segStep: usize, len: i32,
): void {
  const pixels = high * wide
  const window = kh * segs * len
  const near = pixelStep <= NEAR && oc <= FEW
  let row = x
  let p = x
  let s = 0
  let k = 0
  for (let first = 0; first < window; first += RUN) {
    const count = min(RUN, window - first)
    let to = px
    for (let t = 0; t < count; t += 4) {
      const p0 = p
      let p1 = p
      let p2 = p
      let p3 = p
      // What the last tile lacks repeats its first element and is not stored.
      for (let r = 0; r < min(count - t, 4); ++r) {
        if (r == 1) p1 = p
        else if (r == 2) p2 = p
        else if (r == 3) p3 = p
        p += 4
        if (++k == len) {
          k = 0
          if (++s == segs) {
            s = 0
            row += tapRow
          }
          p = row + <usize>s * segStep
        }
      }
      if (near) {
        let at = dw + (<usize>t << 5)
        let dy = py
        for (let o = 0; o < oc; o += 8) {
          tile_near(at, p0, p1, p2, p3, dy, high, i, oh, wide, imageJump, rowJump, pixelStep, min(count - t, 4))
          at += <usize>window << 5
          dy += <usize>pixels << 5
        }
      } else if (p1 - p0 == 4 && p2 - p0 == 8 && p3 - p0 == 12) {
        packRun(to, p0, high, i, oh, wide, imageJump, rowJump, pixelStep)
      } else {
        packFour(to, p0, p1, p2, p3, high, i, oh, wide, imageJump, rowJump, pixelStep)
      }
      to += <usize>pixels << 4
    }
    let panel = dw
    let dy = py
    for (let o = near ? oc : 0; o < oc; o += 8) {
      let at = panel
      let from = px
      for (let t = count; t > 0; t -= 4) {
        tile_4x8(at, from, dy, pixels, min(t, 4))
        at += 128
        from += <usize>pixels << 4
      }
      panel += <usize>window << 5
      dy += <usize>pixels << 5
    }
    dw += RUN << 5
  }
}

// to[pixel][0..4) = four floats from each pixel of a block, the first of them at p.
function packRun(
  to: usize, p: usize, high: i32, i: i32, oh: i32, wide: i32, imageJump: usize, rowJump: usize, step: usize,
): void {
  for (; high > 0; --high) {
    const end = to + (<usize>wide << 4)
    for (; to < end; to += 16) {
      v128.store(to, v128.load(p))
      p += step
    }
    p += rowJump
    if (++i == oh) {
      i = 0
      p += imageJump
    }
  }
}

// The same of four floats that lie apart.
function packFour(
  to: usize, p: usize, p1: usize, p2: usize, p3: usize, high: i32, i: i32, oh: i32, wide: i32,
  imageJump: usize, rowJump: usize, step: usize,
): void {
  p1 -= p
  p2 -= p
  p3 -= p
  for (; high > 0; --high) {
    const end = to + (<usize>wide << 4)
    for (; to < end; to += 16) {
      store<i32>(to, load<i32>(p))
      store<i32>(to, load<i32>(p + p1), 4)
      store<i32>(to, load<i32>(p + p2), 8)
      store<i32>(to, load<i32>(p + p3), 12)
      p += step
    }
    p += rowJump
    if (++i == oh) {
      i = 0
      p += imageJump
    }
  }
}
