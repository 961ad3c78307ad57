import { ints, misfit, show, size } from '../shape.js'
import { mapOrder, ordered } from './nest.js'
import { memoryOrder, type Op } from './op.js'

/**
 * Over any dimensions; no axes: over all. The kernel `first` takes the numbers of x, `then` what it made of them along other
 * dimensions, and `last` the result; the place of a number can be told along one axis only.
 */
const reduce = (first: string, then = first, last?: string): Op => ({
  run: (scope, x) => {
    const { node, scratch, call } = scope
    const place = then === ''
    const axes = new Set(place ? ints(node, 'axis', [0], 0) : ints(node, 'axes', [], 0))
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
      // Rows are four columns first: those the kernel takes at once.
      if (needed && inner === 1 && n > 4 && n % 4 === 0 && !place) passes.push([4, n / 4], [1, 4])
      else if (needed) passes.push([inner, n])
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
      call(k ? then : place && node.attrs.last ? `${first}_last` : first, to, from, left / inner, n, inner)
      from = to
    }
    if (last) call(last, y, y, left)
  },
})

export const reductions = {
  // ONNX ReduceMean-18, ReduceSum-13, ReduceMax-20, ReduceMin-20, ReduceProd-18.
  ReduceMean: reduce('reduce_mean'),
  ReduceSum: reduce('reduce_sum'),
  ReduceMax: reduce('reduce_max'),
  ReduceMin: reduce('reduce_min'),
  ReduceProd: reduce('reduce_prod'),
  // ONNX ReduceL1-18, ReduceL2-18, ReduceSumSquare-18.
  ReduceL1: reduce('reduce_magnitudes', 'reduce_sum'),
  ReduceL2: reduce('reduce_squares', 'reduce_sum', 'sqrt'),
  ReduceSumSquare: reduce('reduce_squares', 'reduce_sum'),
  // ONNX ArgMax-13, ArgMin-13; `last` is select_last_index.
  ArgMax: reduce('arg_max', ''),
  ArgMin: reduce('arg_min', ''),
} satisfies Record<string, Op>
