import { integer, map4, real, shapeError, show, size, slide, type Window } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { nhwc } from './layouts.js'
import type { Bound, Call, Op, Packing } from './op.js'

/** What the passes fused behind a Conv or Gemm: limits of the result, default none. */
export const limits = (node: Node): readonly [lo: number, hi: number] => [
  real(node, 'lo', Number.NEGATIVE_INFINITY),
  real(node, 'hi', Number.POSITIVE_INFINITY),
]

/** The index of the residual, an input added before the limits, that the passes append to a Conv or Gemm. */
export const RESIDUAL = 3

/** Rows of 8 output channels, the width of the kernels' panels. */
const panels = (oc: number): number => Math.ceil(oc / 8)

/** A bias as the kernels read it: with room to load the last 8 whole. */
export const biasPacking = (oc: number): Packing => ({
  floats: oc + 7,
  rows: 1,
  pack: (to, from) => [['copy', to, from, oc]],
})

/** Weights `[rows][c][taps]` as panels, each group of output channels beginning a panel of its own. */
export const panelPacking = (oc: number, groups: number, c: number, taps: number): Packing => {
  const each = oc / groups
  const bytes = panels(each) * 8 * c * taps * 4
  return {
    floats: (bytes / 4) * groups,
    rows: oc,
    pack: (to, from, first, count) => {
      const calls: Call[] = []
      for (let o = first; o < first + count; ) {
        const group = Math.floor(o / each)
        const rows = Math.min(first + count, (group + 1) * each) - o
        const at = from + (o - first) * c * taps * 4
        calls.push(['pack_panels', to + group * bytes, at, o - group * each, rows, c, taps])
        o += rows
      }
      return calls
    },
  }
}

/** y[m][oc] = clamp(bias + res + x[m][k]·W), the case in which a row of x is one run of k floats. */
export const matrix = (
  y: number,
  res: number,
  x: number,
  w: number,
  bias: number,
  m: number,
  k: number,
  oc: number,
  node: Node,
): Call =>
  m === 1
    ? ['gemv', y, res, x, w, bias, k, oc, ...limits(node)]
    : ['conv_direct', y, res, x, w, bias, 1, 1, m, oc, 0, 0, k * 4, 1, 0, 1, 0, k, oc * 4, ...limits(node)]

const window = (node: Node, x: Shape, w: Shape): Window => slide(node, x[2]!, x[3]!, [w[2]!, w[3]!])

const padded = (pad: readonly number[]): boolean => pad.some(p => p !== 0)

const shape: Op['shape'] = (node, [x, w, b]) => {
  const [n, c] = map4(node, x!)
  const groups = integer(node, 'groups', 1, 1)
  if (w!.length !== 4) throw shapeError(node, `needs a weight of 4 dimensions, has ${show(w!)}.`)
  const [oc, wc] = w as readonly [number, number]
  if (c !== wc * groups)
    throw shapeError(
      node,
      `weight expects ${wc * groups} channels, input has ${c} (x ${show(x!)}, w ${show(w!)}, groups ${groups}). Is the input NCHW?`,
    )
  if (oc % groups !== 0) throw shapeError(node, `${oc} output channels do not divide into ${groups} groups.`)
  if (b !== undefined && size(b) !== oc)
    throw shapeError(node, `bias has ${size(b)} elements, weight makes ${oc} channels (w ${show(w!)}).`)
  return [n, oc, ...window(node, x!, w!).out]
}

const scratch = ({ node, inputs: [x, w] }: Bound): number => {
  const { pad } = window(node, x!.shape, w!.shape)
  if (!padded(pad)) return 0
  const [n, c, h, width] = map4(node, x!.shape)
  return n * c * (h + pad[0] + pad[2]) * (width + pad[1] + pad[3]) * 4
}

const emit = ({ node, inputs, output, scratch: copy }: Bound): Call[] => {
  const [x, w, b, res] = inputs
  const [n, c, h, width] = map4(node, x!.shape)
  const { kernel, stride, dilation, pad, out } = window(node, x!.shape, w!.shape)
  const [[kh, kw], [oh, ow]] = [kernel, out]
  const oc = output.shape[1]!
  const groups = integer(node, 'groups', 1, 1)
  const calls: Call[] = []
  let from = x!.at
  let [ih, iw] = [h, width]
  if (padded(pad)) {
    ;[ih, iw] = [h + pad[0] + pad[2], width + pad[1] + pad[3]]
    calls.push(['pad', copy, from, n, h, width, c, n, ih, iw, c, 0, pad[0], pad[1], 0, 0])
    from = copy
  }
  const pointwise = kh * kw === 1 && stride[0] * stride[1] === 1
  const whole = kh === ih && kw === iw && dilation[0] * dilation[1] === 1
  if (groups === 1 && (pointwise || whole)) {
    calls.push(matrix(output.at, res?.at ?? 0, from, w!.at, b?.at ?? 0, n * oh * ow, kh * kw * c, oc, node))
    return calls
  }
  const [gc, goc] = [c / groups, oc / groups]
  const row = iw * c * 4
  const oneRun = groups === 1 && dilation[1] === 1
  const [segments, segmentStep, length] = oneRun ? [1, 0, kw * c] : [kw, dilation[1] * c * 4, gc]
  for (let g = 0; g < groups; g++) {
    calls.push([
      ...([
        'conv_direct',
        output.at + g * goc * 4,
        res === undefined ? 0 : res.at + g * goc * 4,
        from + g * gc * 4,
      ] as const),
      ...[w!.at + g * panels(goc) * 8 * kh * kw * gc * 4, b === undefined ? 0 : b.at + g * goc * 4, n, oh, ow, goc],
      ...[ih * row, stride[0] * row, stride[1] * c * 4, kh, dilation[0] * row, segments, segmentStep, length, oc * 4],
      ...limits(node),
    ])
  }
  return calls
}

/** ONNX Conv-11, two-dimensional. x `[N,C,H,W]`, w `[OC,C/groups,KH,KW]`, b `[OC]`; fused: a residual and limits. */
export const conv = {
  arity: [2, 4],
  shape,
  layout: (node, inputs, output) => {
    const {
      inputs: [x],
      output: y,
    } = nhwc(node, inputs, output)
    return { inputs: [x, undefined, undefined, y], output: y }
  },
  macs: (_node, [, w], output) => size(output) * (size(w!) / w![0]!),
  inPlace: [RESIDUAL],
  packing: (node, index, [, w]) => {
    const [oc, c, kh, kw] = w!.shape as readonly [number, number, number, number]
    if (index === 1) return panelPacking(oc, integer(node, 'groups', 1, 1), c, kh * kw)
    return index === 2 ? biasPacking(oc) : undefined
  },
  scratch,
  emit,
} satisfies Op
