// What the tests of whole graphs share: weights by name, and a way to run nodes over maps of 6 channels.
import type { Attr, Node, Shape } from '../../ts/types.js'
import { agree, filled, weight } from '../graphs.js'
import type { Tensor } from '../ref/tensor.js'

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
