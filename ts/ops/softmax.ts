import { integer, shapeError, show, size } from '../shape.js'
import { anyOrder, memoryOrder } from './layouts.js'
import type { Op } from './op.js'

/** ONNX Softmax-13: over one axis. */
export const softmax = {
  arity: [1, 1],
  shape: (node, [x]) => {
    const axis = integer(node, 'axis', -1, 0)
    if (axis >= x!.length) throw shapeError(node, `axis ${axis} is not one of ${show(x!)}.`)
    return x!
  },
  // Over a flattened map's features the order among them does not matter, over its images it does not either.
  layout: anyOrder,
  inPlace: [0],
  emit: ({ node, inputs: [x], output: { at, shape, layout } }) => {
    const order = memoryOrder(shape, layout)
    const place = order.indexOf(integer(node, 'axis', -1, 0))
    const outer = size(order.slice(0, place).map(i => shape[i]!))
    const inner = size(order.slice(place + 1).map(i => shape[i]!))
    return [['softmax', at, x!.at, outer, shape[order[place]!]!, inner]]
  },
} satisfies Op
