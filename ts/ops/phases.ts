// A convolution with a stride s is one without over the stride's phases: rows s·i + dy and columns s·j + dx of the padded map are
// channels (dy·s + dx)·C to (dy·s + dx + 1)·C − 1 of the pixel (i, j), and the weights alike. Of that there is a Winograd's way.
import { same } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { decide } from './conv.js'
import { forward, type Ops } from './forward.js'
import type { Call, Op, Pack, Scope } from './op.js'
import { hasWays, waysOf } from './ways.js'
import { mapOf, padded, slide } from './window.js'

// By way of the table: what this module shares with the start is then what more.ts shares with it, one part of a bundle instead of two.
const { Conv: conv } = forward as { Conv: Op }

/**
 * For a Conv of weight w on x as it is planned: Winograd's tiles in phases, and the part of the direct kernel's time that they take;
 * `undefined` where there is no such way or it is no shorter.
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
  const fits = same([...stride, kw, wc, ...dilation, (channels | oc) % 4], [s, s, kh, c, 1, 1, 0])
  // As compile() loads this module: what else a network has does not change the kernels of its smaller strides.
  if (!fits || s < 3 || !hasWays(k, k) || node.attrs.before) return
  const { tile, cost } = waysOf(n, channels, oc, ...out, k, false)[0]!
  const part = cost / (kh * kw * c * Math.ceil(oc / 8) * 8 * n * out[0] * out[1])
  return tile && part < 1 ? { part, tile } : undefined
}

/** Weights [oc][c][kernel][kernel] into panels [oc/8][k][k][s][s][c][8], k = ⌈kernel/s⌉, which hold zeros: a call for each phase of a row. */
const pack =
  (c: number, kernel: number, s: number, k: number): Pack =>
  (to, from, first, count) => {
    const tap = s * s * c * 8
    return Array.from({ length: count * s * s }, (_, i): Call => {
      const [row, dy, dx] = [Math.floor(i / s / s), Math.floor(i / s) % s, i % s]
      const o = first + row
      return [
        'move',
        to + 4 * (Math.floor(o / 8) * k * k * tap + (dy * s + dx) * c * 8 + (o % 8)),
        from + 4 * (row * c * kernel * kernel + dy * kernel + dx),
        ...[1, Math.ceil((kernel - dy) / s), Math.ceil((kernel - dx) / s), c],
        ...[0, k * tap, tap, 8, 0, s * kernel, s, kernel * kernel],
      ]
    })
  }

const run = (scope: Scope, shape: Shape, weight: Shape): void => {
  const { node, planned, fast, read, call, packed } = scope
  const map = mapOf(scope)
  const [n, c, h, w] = map
  const { window, oc } = decide(node, shape, weight, planned, fast)
  if (!phasesOf(node, planned, weight)) {
    conv.run(scope, shape, weight)
    return
  }
  const kernel = weight[2]!
  const { stride, pad, out } = window
  const [s] = stride
  const k = Math.ceil(kernel / s)
  const [ph, pw] = [out[0] + k - 1, out[1] + k - 1]
  const from = padded(scope, read(0, [c, h, w]), map, [pad[0], pad[1], ph * s - h - pad[0], pw * s - w - pad[1]])
  const run = s * c
  const row = pw * run
  const channels = s * run
  const to = scope.scratch(n * ph * s * row)
  call('move', to, from, n * ph, s, pw, run, s * row, run, channels, 1, s * row, row, run, 1)
  conv.run(
    {
      ...scope,
      node: { ...node, attrs: { ...node.attrs, stride: [1, 1], pad: [0, 0, 0, 0] } },
      planned: [planned[0]!, channels, ph, pw],
      fast: false,
      shape: i => (i ? scope.shape(i) : [n, channels, ph, pw]),
      read: (i, order) => (i ? read(i, order) : to),
      packed: (i, floats, rows, own) => packed(i, floats, rows, i === 1 ? pack(c, kernel, s, k) : own),
      macs: () => scope.macs(n * oc * c * kernel * kernel * out[0] * out[1]),
    },
    [n, channels, ph, pw],
    [oc, channels, k, k],
  )
}

/** Conv where Winograd's way in phases is the shorter one for those with a stride. */
export const phases: Ops = { ...forward, Conv: { ...conv, run } }
