import { int, misfit, real, same, show, size } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { type Call, nhwc, type Op, type Order, type Scope } from './op.js'
import { mapOf, slide } from './window.js'

/** What the passes fused behind a Conv, Gemm or Add: limits of the result, default none. */
export const limits = (node: Node): [lo: number, hi: number] => [
  real(node, 'lo', -Infinity),
  real(node, 'hi', Infinity),
]

/** The index of the residual, an input added before the limits, that the passes append to a Conv or Gemm. */
export const RESIDUAL = 3

/** Columns of the kernels' weight panels. */
const PANEL = 8

/** Weights `[oc][c][taps]` as panels, each group of output channels beginning a panel of its own. */
export const panels = ({ packed }: Scope, oc: number, groups: number, c: number, taps: number): number => {
  const each = oc / groups
  const floats = Math.ceil(each / PANEL) * PANEL * c * taps
  return packed(1, floats * groups, oc, (to, from, first, count) => {
    const calls: Call[] = []
    for (let o = first; o < first + count; ) {
      const group = Math.floor(o / each)
      const rows = Math.min(first + count, (group + 1) * each) - o
      const at = from + (o - first) * c * taps * 4
      calls.push(['pack_panels', to + group * floats * 4, at, o - group * each, rows, c, taps])
      o += rows
    }
    return calls
  })
}

/** A bias as the kernels read it, with room to load the last panel whole. */
export const bias = ({ node, shape, packed }: Scope, oc: number): number => {
  const b = shape(2)
  if (b && size(b) !== oc) misfit(node, `bias has ${size(b)} channels, w makes ${oc}`)
  return packed(2, oc + PANEL - 1, 1, (to, from) => [['copy', to, from, oc]])
}

/** A residual, which has the shape and order of the result. */
export const residual = ({ node, shape, read }: Scope, result: Shape, order?: Order): number => {
  const res = shape(RESIDUAL)
  if (res && !same(res, result)) misfit(node, `residual is ${show(res)}, the result ${show(result)}`)
  return read(RESIDUAL, order)
}

/** y[m][oc] = clamp(bias + res + x[m][k]·W), the case in which a row of x is one run of k floats. */
export const matrix = (
  y: number,
  res: number,
  x: number,
  w: number,
  b: number,
  m: number,
  k: number,
  oc: number,
  node: Node,
): Call =>
  m === 1
    ? ['gemv', y, res, x, w, b, k, oc, ...limits(node)]
    : ['conv_direct', y, res, x, w, b, 1, 1, m, oc, 0, 0, k * 4, 1, 0, 1, 0, k, oc * 4, ...limits(node)]

const run = (scope: Scope): void => {
  const { node, shape, read, call } = scope
  const [n, c, h, w] = mapOf(scope)
  const weight = shape(1)!
  const [oc, wc, kh, kw] = weight as readonly [number, number, number, number]
  const groups = int(node, 'groups', 1, 1)
  if (weight.length !== 4) misfit(node, `weight must have 4 dimensions, is ${show(weight)}`)
  if (c !== wc * groups)
    misfit(
      node,
      `weight expects ${wc * groups} channels, input has ${c} (x ${show(shape(0)!)}, w ${show(weight)}). Is the input NCHW?`,
    )
  if (oc % groups) misfit(node, `${oc} channels do not divide into ${groups} groups`)
  const { stride, dilation, pad, out } = slide(node, [h, w], [kh, kw])
  const [oh, ow] = out
  scope.macs(n * oc * oh * ow * wc * kh * kw)

  const result = [n, oc, oh, ow]
  const y = scope.output(result, nhwc(result), [RESIDUAL])
  const res = residual(scope, result, nhwc(result))
  const at = panels(scope, oc, groups, wc, kh * kw)
  const b = bias(scope, oc)
  let x = read(0, [c, h, w])
  const [ih, iw] = [h + pad[0] + pad[2], w + pad[1] + pad[3]]
  if (ih > h || iw > w) {
    const copy = scope.scratch(n * ih * iw * c)
    call('pad', copy, x, n, h, w, c, n, ih, iw, c, 0, pad[0], pad[1], 0, 0)
    x = copy
  }
  // A window that covers the whole input, or one pixel at a time, is a run of floats: a matrix product.
  const whole = kh === ih && kw === iw && dilation[0] * dilation[1] === 1
  if (groups === 1 && (whole || kh * kw * stride[0] * stride[1] === 1)) {
    call(...matrix(y, res, x, at, b, n * oh * ow, kh * kw * c, oc, node))
    return
  }
  const goc = oc / groups
  const row = iw * c * 4
  const [segments, segmentStep, length] = groups * dilation[1] === 1 ? [1, 0, kw * c] : [kw, dilation[1] * c * 4, wc]
  for (let g = 0; g < groups; g++) {
    const shift = g * goc * 4
    call(
      ...(['conv_direct', y + shift, res && res + shift, x + g * wc * 4] as const),
      ...[at + Math.ceil(goc / PANEL) * PANEL * g * kh * kw * wc * 4, b && b + shift, n, oh, ow, goc],
      ...[ih * row, stride[0] * row, stride[1] * c * 4, kh, dilation[0] * row, segments, segmentStep, length, oc * 4],
      ...limits(node),
    )
  }
}

/** ONNX Conv-11, two-dimensional. x `[N,C,H,W]`, w `[OC,C/groups,KH,KW]`, b `[OC]`; fused: a residual and limits. */
export const conv = { arity: [2, 4], run } satisfies Op
