import { axisOf } from '../shape.js'
import { lines } from './nest.js'
import type { Op } from './op.js'

const along = (kernel: string): Op => ({
  run: ({ node, order, read, output, call }, x) => {
    const axis = axisOf(node, x)
    // Over a flattened map's features the order among them does not matter, over its images it does not either.
    call(kernel, output(x, order(0), [0]), read(0, order(0)), ...lines(x, order(0), axis))
  },
})

/** ONNX Softmax-13 and LogSoftmax-13: over one axis. */
export const softmaxes = {
  Softmax: along('softmax'),
  LogSoftmax: along('log_softmax'),
} satisfies Record<string, Op>
