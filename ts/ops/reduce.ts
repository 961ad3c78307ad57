import { ints, misfit, show, size } from '../shape.js'
import { mapOrder, ordered } from './nest.js'
import { memoryOrder, type Op } from './op.js'

/** ONNX ReduceMean-18. No axes: all of them. */
export const reduceMean = {
  run: (scope, x) => {
    const { node, scratch, call } = scope
    const axes = new Set(ints(node, 'axes', [], 0))
    if ([...axes].some(i => i >= x.length)) misfit(node, `axes ${[...axes]} are beyond ${show(x)}`)
    const gone = (i: number) => !axes.size || axes.has(i)
    const keep = node.attrs.keepDims !== false
    // Without its other dimensions, a map must lie in their order.
    const order = keep || gone(1) || (gone(2) && gone(3)) ? mapOrder(scope) : undefined
    const kept = x.map((d, i) => (gone(i) ? 1 : d))
    const y = keep ? scope.output(kept, ordered(kept, order)) : scope.output(x.filter((_, i) => !gone(i)))
    // One pass for each run of dimensions that lie side by side, the innermost first: what is within, and how long it is.
    const passes: (readonly [inner: number, n: number])[] = []
    let [inner, n] = [1, 1]
    const pass = (needed: boolean) => {
      if (needed) passes.push([inner, n])
      n = 1
    }
    for (const i of memoryOrder(x, order).toReversed()) {
      if (gone(i)) n *= x[i]!
      else {
        pass(n > 1)
        inner *= x[i]!
      }
    }
    pass(n > 1 || !passes.length)
    let from = scope.read(0, order)
    let left = size(x)
    for (const [k, [inner, n]] of passes.entries()) {
      left /= n
      const to = k + 1 < passes.length ? scratch(left) : y
      call('reduce_mean', to, from, left / inner, n, inner)
      from = to
    }
  },
} satisfies Op
