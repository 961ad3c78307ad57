import { axisOf, ints, misfit, show, size } from '../shape.js'
import type { Node, Shape } from '../types.js'
import type { Op } from './op.js'

const view = (reshape: (x: Shape, node: Node) => Shape): Op => ({
  run: ({ node, view }, x) => view(reshape(x, node)),
})

/** ONNX Identity-14, and Dropout-13 at inference: the input itself. */
const identity = view(x => x)

export const views = {
  Identity: identity,
  Dropout: identity,
  /** ONNX Flatten-13: two dimensions, the split before `axis`. */
  Flatten: view((x, node) => {
    const axis = axisOf(node, x, x.length + 1)
    return [size(x.slice(0, axis)), size(x.slice(axis))]
  }),
  /** ONNX Reshape-14 with a constant shape: 0 copies the input's dimension, -1 is what is left. */
  Reshape: view((x, node) => {
    const known = ints(node, 'shape', [], -1).map((d, i) => (d === 0 ? (x[i] ?? 0) : d))
    const rest = size(x) / size(known.filter(d => d > 0))
    const result = known.map(d => (d < 0 ? rest : d))
    if (size(result) !== size(x) || !Number.isInteger(rest))
      misfit(node, `cannot bring ${show(x)} into ${node.attrs.shape}`)
    return result
  }),
} satisfies Record<string, Op>
