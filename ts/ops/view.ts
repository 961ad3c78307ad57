import { integer, integers, shapeError, show, size } from '../shape.js'
import { anyOrder, viewLayout } from './layouts.js'
import type { Op } from './op.js'

const view = { arity: [1, 1], view: true, layout: viewLayout, emit: () => [] } as const

/** ONNX Flatten-13: two dimensions, the split before `axis`. */
export const flatten = {
  ...view,
  shape: (node, [x]) => {
    const axis = integer(node, 'axis', 1, 0)
    if (axis > x!.length) throw shapeError(node, `axis ${axis} is beyond the input's dimensions (${show(x!)}).`)
    return [size(x!.slice(0, axis)), size(x!.slice(axis))]
  },
} satisfies Op

/** ONNX Reshape-14 with a constant shape: 0 copies the input's dimension, -1 is what is left. */
export const reshape = {
  ...view,
  shape: (node, [x]) => {
    const target = integers(node, 'shape', [], -1)
    const known = target.map((d, i) => (d === 0 ? (x![i] ?? 0) : d))
    const rest = size(known.filter(d => d !== -1))
    const result = known.map(d => (d === -1 ? size(x!) / rest : d))
    if (size(result) !== size(x!) || !result.every(Number.isInteger))
      throw shapeError(node, `cannot bring ${show(x!)} (${size(x!)} elements) into the shape ${target.join('×')}.`)
    return result
  },
} satisfies Op

/** ONNX Identity-14, and Dropout-13 at inference: the input itself. */
export const identity = { ...view, layout: anyOrder, shape: (_node, [x]) => x! } satisfies Op
