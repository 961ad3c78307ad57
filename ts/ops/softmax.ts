import { int, misfit, show, size } from '../shape.js'
import { memoryOrder, type Op } from './op.js'

const along = (kernel: string): Op => ({
  run: (scope, x) => {
    const axis = int(scope.node, 'axis', -1, 0)
    if (axis >= x.length) misfit(scope.node, `axis ${axis} is beyond ${show(x)}`)
    // Over a flattened map's features the order among them does not matter, over its images it does not either.
    const order = scope.order(0)
    const lengths = memoryOrder(x, order).map(i => x[i]!)
    const place = memoryOrder(x, order).indexOf(axis)
    const y = scope.output(x, order, [0])
    scope.call(kernel, y, scope.read(0, order), size(lengths.slice(0, place)), x[axis]!, size(lengths.slice(place + 1)))
  },
})

/** ONNX Softmax-13 and LogSoftmax-13: over one axis. */
export const softmaxes = {
  Softmax: along('softmax'),
  LogSoftmax: along('log_softmax'),
} satisfies Record<string, Op>
