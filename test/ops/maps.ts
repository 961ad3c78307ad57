// What the tests of whole graphs share: weights by name, and a way to run nodes over maps of 6 channels.
import type { Attr, Node, Shape } from '../../ts/types.js'
import { agree, filled, node, type Runs, weight } from '../graphs.js'
import { map, type Tensor } from '../ref/tensor.js'

export const weights: Record<string, Tensor> = {
  k1: weight([6, 6, 1, 1], 1),
  k3: weight([6, 6, 3, 3], 2),
  k9: weight([9, 6, 3, 3], 3),
  k2: weight([6, 6, 2, 2], 4),
  b6: filled([6], 5),
  b9: filled([9], 6),
  c6: filled([6, 1, 1], 7),
  d6: filled([1, 6, 1, 1], 8),
  s: filled([], 9),
  row: filled([7], 10),
  g: weight([5, 210], 11),
  square: weight([5, 5], 12),
  b5: filled([5], 13),
  r5: filled([1, 5], 14),
  wide: filled([1, 210, 1, 1], 15),
  kwide: weight([3, 210, 1, 1], 16),
}

export const same3: Record<string, Attr> = { kernel: [3, 3], pad: [1, 1, 1, 1] }
export const point: Record<string, Attr> = { kernel: [1, 1] }

/** Nodes over x, 6 maps of 5×7, for one image and for more than the tile has rows. */
export const maps = async (nodes: readonly Node[], outputs: readonly string[] = ['y'], x: Shape = [6, 5, 7]) => {
  for (const batch of [1, 3]) await agree({ inputs: { x }, outputs, nodes, weights }, { batch })
}

/** A graph of one node: y = op(x, tensors). */
export const one = (
  op: string,
  x: Shape,
  attrs: Record<string, Attr> = {},
  tensors: readonly Tensor[] = [],
  runs: Runs = {},
) => {
  const named = Object.fromEntries(tensors.map((tensor, i) => [`w${i}`, tensor]))
  const nodes = [node(op, ['x', ...Object.keys(named)], 'y', attrs)]
  return agree({ inputs: { x }, outputs: ['y'], nodes, weights: named }, runs)
}

/** Attributes that single precision holds, as those of ONNX are. */
export const single = (values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, v]) => [name, Math.fround(v)]))

/** Numbers of at least 1/4. */
export const positive = (x: Tensor): Tensor => map(x, v => Math.fround(Math.abs(v) + 0.25))

/** Behind a convolution, where the map lies as NHWC. */
export const behind = async (op: string, attrs: Record<string, Attr> = {}, more: readonly string[] = []) => {
  const conv = node('Conv', ['x', 'k3', 'b6'], 'c', same3)
  await maps([conv, node(op, ['c', ...more], 'y', attrs)])
  await maps([conv, node('Tanh', ['c'], 't'), node(op, ['t', ...more], 'y', attrs)], ['y', 't'])
}
