import { ConvletError } from '../error.js'
import { integers, real, shapeError, show, title } from '../shape.js'
import { memoryOrder } from './layouts.js'
import type { Op } from './op.js'

/** ONNX Pad-18, mode constant. `pads`: all begins, then all ends; negative ones crop. */
export const pad = {
  arity: [1, 1],
  shape: (node, [x]) => {
    const pads = integers(node, 'pads', [], -(2 ** 31))
    const rank = x!.length
    if (pads.length !== 2 * rank)
      throw shapeError(
        node,
        `has ${pads.length} pads for an input of ${rank} dimensions (${show(x!)}), needs ${2 * rank}.`,
      )
    if (rank > 4)
      throw new ConvletError(
        'UNSUPPORTED',
        `${title(node)}: pads ${rank} dimensions (${show(x!)}), at most 4 are supported.`,
      )
    const result = x!.map((d, i) => d + pads[i]! + pads[i + rank]!)
    if (result.some(d => d < 1)) throw shapeError(node, `crops ${show(x!)} to nothing (pads ${pads.join(' ')}).`)
    return result
  },
  layout: (_node, [x], output) => {
    if (x!.layout === undefined || output.length !== 4) return { inputs: [undefined], output: undefined }
    const [, c, h, w] = output as readonly [number, number, number, number]
    return { inputs: [x!.layout], output: [c, h, w] }
  },
  emit: ({ node, inputs: [x], output }) => {
    const four = (values: readonly number[], filler: number) => [...Array(4 - values.length).fill(filler), ...values]
    const order = memoryOrder(x!.shape, x!.layout)
    const pads = integers(node, 'pads', [], -(2 ** 31))
    const from = order.map(i => x!.shape[i]!)
    const to = order.map(i => output.shape[i]!)
    const before = order.map(i => pads[i]!)
    return [['pad', output.at, x!.at, ...four(from, 1), ...four(to, 1), ...four(before, 0), real(node, 'value', 0)]]
  },
} satisfies Op
