import { int, ints, misfit } from '../shape.js'
import type { Node } from '../types.js'
import { nest } from './nest.js'
import { type Call, nhwc, type Op, type Scope } from './op.js'
import { limits, normalised, panelFloats, pitchOf, RESIDUAL, residual } from './panels.js'
import { checkWeight, mapOf, numbers, type Pair, padded, type Window } from './window.js'

/** The window of a transposed convolution; the padding before it as conv_transposed counts it. */
export interface Spread extends Window {
  readonly offset: Pair
}

/**
 * The window of a transposed convolution: out = stride·(in − 1) + outputPad + dilation·(kernel − 1) + 1 − pads (ONNX
 * ConvTranspose-11), that is the input's size of a convolution with these numbers, whose gradient it is. `pad` are the zeros
 * that conv_transposed wants around its input, `offset` is the padding before as it then counts.
 */
export const spread = (node: Node, size: Pair, kernel: Pair): Spread => {
  const [stride, dilation, given] = numbers(node, kernel)
  const more = ints(node, 'outputPad', [0, 0], 0)
  const axis = (i: 0 | 1) => {
    const [length, last, pad] = [size[i], dilation[i] * (kernel[i] - 1), given[i]!]
    const out = stride[i] * (length - 1) + last + 1 + more[i]! - pad - given[i + 2]!
    if (out < 1) misfit(node, `pads ${given} leave nothing of the output`)
    // A single input meets each output by one tap at most: with the window's reach for its stride, no phase has others.
    const step = length > 1 ? stride[i] : Math.max(stride[i], last + 1)
    const before = Math.max(Math.floor((last - pad) / step), 0)
    const after = Math.max(Math.floor((out - 1 + pad) / step) + 1 - length, 0)
    return [step, before, after, out, pad + before * step] as const
  }
  const [sh, top, bottom, oh, pt] = axis(0)
  const [sw, left, right, ow, pl] = axis(1)
  return { stride: [sh, sw], dilation, pad: [top, left, bottom, right], out: [oh, ow], offset: [pt, pl] }
}

/** Weights `[c·groups][oc/groups][kh][kw]` as panels for conv_transposed, with the taps in the order in which it meets them. */
const phasePanels = (
  { node, packed }: Scope,
  oc: number,
  groups: number,
  c: number,
  kh: number,
  kw: number,
  { stride, dilation, offset }: Spread,
): number => {
  const taps = kh * kw
  const each = oc / groups
  const floats = panelFloats(each, c * taps)
  /** What is left of an output that the tap makes, by the stride. */
  const phase = (i: 0 | 1, k: number) => (((k * dilation[i] - offset[i]) % stride[i]) + stride[i]) % stride[i]
  const place = (t: number) => (phase(0, Math.floor(t / kw)) * stride[1] + phase(1, t % kw)) * taps - t
  const order = [...Array(taps).keys()].sort((a, b) => place(a) - place(b))
  return packed(1, floats * groups, c * groups, (to, from, first, count) => {
    const calls: Call[] = []
    for (let i = first; i < first + count; ) {
      const g = Math.floor(i / c)
      const channels = Math.min(first + count, (g + 1) * c) - i
      for (let o = 0; o < each; o += 8) {
        const loops = nest(node, [channels, Math.min(each - o, 8)], [8, 1], [each * taps, taps])
        const panel = to + (g * floats + o * taps * c + (i % c) * 8) * 4
        const rows = from + ((i - first) * each + o) * taps * 4
        for (const [k, t] of order.entries()) calls.push(['move', panel + k * c * 32, rows + t * 4, ...loops])
      }
      i += channels
    }
    return calls
  })
}

/**
 * ONNX ConvTranspose-22, two-dimensional. x `[N,C,H,W]`, w `[C,OC/groups,KH,KW]`, b `[OC]`; fused: as Conv's.
 */
export const convTranspose = {
  arity: [2, 8],
  run: (scope, shape, weight) => {
    const { node, call } = scope
    const map = mapOf(scope)
    const [n, c, h, w] = map
    const groups = int(node, 'groups', 1, 1)
    checkWeight(node, shape, weight, weight[0]!, groups)
    const [, goc, kh, kw] = weight as readonly [number, number, number, number]
    const [wc, oc] = [c / groups, goc * groups]
    const window = spread(node, [h, w], [kh, kw])
    const { stride, dilation, pad, out, offset } = window
    scope.macs(n * oc * wc * kh * kw * h * w)
    const result = [n, oc, ...out]
    const y = scope.output(result, nhwc(result), [RESIDUAL])
    const res = residual(scope, result, nhwc(result))
    const at = phasePanels(scope, oc, groups, wc, kh, kw, window)
    const b = normalised(scope, oc, at, groups, wc * kh * kw, false, c)
    const x = padded(scope, scope.read(0, [c, h, w]), map, pad)
    const [ih, iw] = [h + pad[0] + pad[2], w + pad[1] + pad[3]]
    const dims = [ih, iw, c, wc, ...out, goc, pitchOf(scope, oc), kh, kw, ...stride, ...offset, ...dilation]
    for (let g = 0; g < groups; g++) {
      const shift = g * goc * 4
      const panel = at + g * panelFloats(goc, wc * kh * kw) * 4
      call(
        'conv_transposed',
        ...[y + shift, res && res + shift, x + g * wc * 4, panel, b && b + shift, n],
        ...dims,
        ...limits(node),
      )
    }
  },
} satisfies Op
