import { ints, misfit, real, show } from '../shape.js'
import { memoryOrder, nhwc, type Op } from './op.js'

/** ONNX Pad-18, mode constant. `pads`: all begins, then all ends; negative ones crop. */
export const pad = {
  run: ({ node, order, read, output, call }, x) => {
    const pads = ints(node, 'pads', [], -(2 ** 31))
    const result = x.map((d, i) => d + pads[i]! + pads[i + x.length]!)
    if (x.length > 4 || pads.length !== 2 * x.length || result.some(d => d < 1))
      misfit(node, `cannot pad ${show(x)} by ${pads}: 2 pads for each of at most 4 dimensions`)
    const from = x.length === 4 ? order(0) : undefined
    const places = memoryOrder(x, from)
    const four = (values: readonly number[], filler: number) => [
      ...Array(4 - x.length).fill(filler),
      ...places.map(i => values[i]!),
    ]
    const y = output(result, from && nhwc(result))
    call('pad', y, read(0, from), ...four(x, 1), ...four(result, 1), ...four(pads, 0), real(node, 'value', 0))
  },
} satisfies Op
