// A convolution with a stride s is one without over the stride's phases: rows s·i + dy and columns s·j + dx of the padded map are
// channels (dy·s + dx)·C to (dy·s + dx + 1)·C − 1 of the pixel (i, j), and the weights alike. Of that there is a Winograd's way.
import { same } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { decide } from './conv.js'
import { forward, type Ops } from './forward.js'
import type { Call, Op, Pack, Scope } from './op.js'
import { hasWays, waysOf } from './ways.js'
import { mapOf, padded, slide } from './window.js'

const { Conv: conv } = forward as { Conv: Op }

/** Multiply-adds in the time in which a number of the map is brought to its phase. */
const MOVED = 10

/**
 * For a Conv of weight w on x as it is planned: the part of the direct kernel's time that Winograd's way in phases takes, and its
 * tiles; `undefined` where there is none or it is no shorter.
 */
export const phasesOf = (
  node: Node,
  x: Shape,
  w: Shape,
): { readonly part: number; readonly tile: number } | undefined => {
  const [n, c, ...map] = x as readonly [number, number, number, number]
  const [oc, wc, kh, kw] = w as readonly [number, number, number, number]
  const { stride, dilation, out } = slide(node, map, [kh, kw])
  const [s] = stride
  const k = Math.ceil(kh / s)
  const channels = s * s * c
  const fits = same([stride[1], kw, wc, ...dilation, (channels | oc) % 4], [s, kh, c, 1, 1, 0])
  if (!fits || s < 2 || !hasWays(k, k) || node.attrs.before) return
  const [{ tile, cost }] = waysOf(n, channels, oc, ...out, k, false) as [ReturnType<typeof waysOf>[0]]
  const moves = MOVED * n * channels * (out[0] + k - 1) * (out[1] + k - 1)
  const part = (cost + moves) / (kh * kw * c * Math.ceil(oc / 8) * 8 * n * out[0] * out[1])
  return tile && part < 1 ? { part, tile } : undefined
}

/** Weights [oc][c][k][k] into panels [oc/8][⌈k/s⌉][⌈k/s⌉][s][s][c][8], which hold zeros. */
const pack =
  (c: number, k: number, s: number): Pack =>
  (to, from, first, count) => {
    const each = c * k * k
    const tap = s * s * c * 8
    const row = Math.ceil(k / s) * tap
    const calls: Call[] = []
    // A panel's rows at a time.
    for (let o = first; o < first + count; ) {
      const next = Math.min(o - (o % 8) + 8, first + count)
      for (let phase = 0; phase < s * s; phase++) {
        const [dy, dx] = [Math.floor(phase / s), phase % s]
        const at = to + 4 * (Math.floor(o / 8) * Math.ceil(k / s) * row + phase * c * 8 + (o % 8))
        calls.push([
          'move',
          ...[at, from + 4 * ((o - first) * each + dy * k + dx)],
          ...[Math.ceil((k - dy) / s), Math.ceil((k - dx) / s), c, next - o],
          ...[row, tap, 8, 1, s * k, s, k * k, each],
        ])
      }
      o = next
    }
    return calls
  }

const run = (scope: Scope, shape: Shape, weight: Shape): void => {
  const { node, planned, fast, read, call, scratch, packed } = scope
  const map = mapOf(scope)
  const [n, c, h, w] = map
  const { window, oc } = decide(node, shape, weight, planned, fast)
  const found = phasesOf(node, planned, weight)
  if (!found) {
    conv.run(scope, shape, weight)
    return
  }
  const [, , kernel] = weight as readonly [number, number, number, number]
  const { stride, pad, out } = window
  const [s] = stride
  const [top, left] = pad
  const k = Math.ceil(kernel / s)
  const channels = s * s * c
  const [ph, pw] = [out[0] + k - 1, out[1] + k - 1]
  const from = padded(scope, read(0, [c, h, w]), map, [top, left, ph * s - h - top, pw * s - w - left])
  const to = scratch(n * ph * pw * channels)
  const row = pw * s * c
  call('move', to, from, n * ph, s, pw, s * c, s * row, s * c, channels, 1, s * row, row, s * c, 1)
  conv.run(
    {
      ...scope,
      node: { ...node, attrs: { ...node.attrs, stride: [1, 1], pad: [0, 0, 0, 0] } },
      planned: [planned[0]!, channels, ph, pw],
      fast: false,
      shape: i => (i ? scope.shape(i) : [n, channels, ph, pw]),
      read: (i, order) => (i ? read(i, order) : to),
      packed: (i, floats, rows, own) => packed(i, floats, rows, i === 1 ? pack(c, kernel, s) : own),
      macs: () => scope.macs(n * oc * c * kernel * kernel * out[0] * out[1]),
    },
    [n, channels, ph, pw],
    [oc, channels, k, k],
  )
}

/** Conv where Winograd's way in phases is the shorter one for those with a stride. */
export const phases: Ops = { ...forward, Conv: { ...conv, run } }
