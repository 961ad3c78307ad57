import { fail } from '../error.js'
import { misfit, real, same, show, size, title } from '../shape.js'
import type { Node, Shape } from '../types.js'
import type { Call, Order, Scope } from './op.js'

/** What the passes fused behind a Conv, Gemm or Add: limits of the result, default none. */
export const limits = (node: Node): [lo: number, hi: number] => [
  real(node, 'lo', -Infinity),
  real(node, 'hi', Infinity),
]

/** The index of the residual, an input added before the limits, that the passes append to a Conv or Gemm. */
export const RESIDUAL = 3

/** The index from which on a Conv has the four vectors of a batch normalisation that the passes folded into it. */
export const NORM = 4

/** Columns of the kernels' weight panels. */
const PANEL = 8

/** Floats of panels of so many output channels. */
export const panelFloats = (oc: number, k: number): number => Math.ceil(oc / PANEL) * PANEL * k

/** Weights `[oc][c][taps]` as panels, each group of output channels beginning a panel of its own. */
export const panels = ({ packed }: Scope, oc: number, groups: number, c: number, taps: number): number => {
  const each = oc / groups
  const floats = panelFloats(each, c * taps)
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

/** A vector with one number for each output channel, with room to load the last panel whole. */
const vector = ({ node, shape, packed }: Scope, i: number, oc: number): number => {
  const v = shape(i)
  if (v && size(v) !== oc) misfit(node, `${i > NORM ? 'batch norm' : 'bias'} has ${size(v)} channels, not ${oc}`)
  return packed(i, oc + PANEL - 1, 1, (to, from) => [['copy', to, from, oc]])
}

/** The bias of a Gemm or Conv. */
export const bias = (scope: Scope, oc: number): number => vector(scope, 2, oc)

/**
 * The bias of a Conv, into which a batch normalisation is folded as well as into the weights of `groups` equal parts: one of
 * its result, or one `before` it, of its c inputs.
 */
export const normalised = (
  scope: Scope,
  oc: number,
  w: number,
  groups: number,
  k: number,
  depthwise: boolean,
  c: number,
): number => {
  const b = bias(scope, oc)
  const count = [0, 1, 2, 3].filter(i => scope.shape(NORM + i)).length
  if (!count) return b
  if (count < 4) fail('GRAPH', `${title(scope.node)}: a batch norm has four vectors, not ${count}`)
  const to = scope.reserve(oc + PANEL - 1)
  const before = scope.node.attrs.before === true
  const vectors = [0, 1, 2, 3].map(i => vector(scope, NORM + i, before ? c : oc))
  const epsilon = real(scope.node, 'epsilon', 1e-5)
  const each = oc / groups
  for (let g = 0; g < groups; g++) {
    const shift = g * each * 4
    scope.finish(
      before ? 'fold_before' : depthwise ? 'fold_taps' : 'fold_panels',
      ...[
        to + shift,
        w + g * panelFloats(each, k) * 4,
        b && b + shift,
        ...vectors.map(v => v + (before ? (g * c * 4) / groups : shift)),
        epsilon,
        each,
        k,
        ...(before ? [c / groups] : []),
      ],
    )
  }
  return to
}

/** A residual, which has the shape and order of the result. */
export const residual = ({ node, shape, read }: Scope, result: Shape, order?: Order): number => {
  const res = shape(RESIDUAL)
  if (res && !same(res, result)) misfit(node, `residual is ${show(res)}, the result ${show(result)}`)
  return read(RESIDUAL, order)
}

/** Floats from one pixel of the result to the next. A residual lies as the result does, which then is no part of another. */
export const pitchOf = ({ shape, pitch }: Scope, oc: number): number => (shape(RESIDUAL) ? oc : pitch(oc))

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
  pitch = oc,
): Call =>
  m === 1
    ? ['gemv', y, res, x, w, b, k, oc, ...limits(node)]
    : ['conv_direct', y, res, x, w, b, 1, 1, m, oc, 0, 0, k * 4, 1, 0, 1, 0, k, pitch * 4, ...limits(node)]
