// Operators that only move numbers: one kernel with steps on both sides does them all, from any order to any.
import { ints, misfit, same, show } from '../shape.js'
import { box, mapOrder, ordered, steps } from './nest.js'
import { memoryOrder, nhwc, type Op } from './op.js'

/** ONNX Transpose-13. The result lies as NHWC if that leaves the innermost dimension the innermost. */
export const transpose = {
  run: (scope, x) => {
    const { node, read, call } = scope
    const perm = ints(node, 'perm', [], 0)
    if (
      !same(
        perm.toSorted((a, b) => a - b),
        [...x.keys()],
      )
    )
      misfit(node, `perm ${perm} is no order of ${show(x)}`)
    const from = mapOrder(scope)
    const result = perm.map(i => x[i]!)
    const to = perm.length === 4 && perm[1] === memoryOrder(x, from).at(-1) ? nhwc(result) : undefined
    const inner = steps(x, from)
    const y = scope.output(result, to)
    const turned = perm.map(i => inner[i]!)
    call(...box(node, memoryOrder(result, to), y, read(0, from), result, steps(result, to), turned))
  },
} satisfies Op

/** ONNX Slice-13 with constant bounds. */
export const slice = {
  run: (scope, x) => {
    const { node, read, call } = scope
    const list = (name: string, fallback: readonly number[]) => ints(node, name, fallback, -(2 ** 31))
    const starts = list('starts', [])
    const ends = list('ends', starts)
    const axes = list('axes', [...starts.keys()])
    const strides = list(
      'steps',
      starts.map(() => 1),
    )
    const from = mapOrder(scope)
    const inner = steps(x, from)
    const result = [...x]
    const cutAxes = new Set<number>()
    let skip = 0
    for (const [k, given] of axes.entries()) {
      const axis = given < 0 ? given + x.length : given
      const length = x[axis]!
      const step = strides[k]!
      // Backwards, the end before the first is -1.
      const cut = (v: number, low: number) => Math.min(Math.max(v < 0 ? v + length : v, low), length + low)
      const back = step < 0 ? -1 : 0
      const start = Math.max(cut(starts[k]!, back), 0)
      result[axis] = Math.ceil((cut(ends[k]!, back) - start) / step)
      // What is cut twice would be cut beyond its end.
      if (!(result[axis] > 0) || cutAxes.size === cutAxes.add(axis).size)
        misfit(node, `nothing of ${show(x)} is from ${starts[k]} to ${ends[k]} by ${step} on axis ${given}`)
      skip += start * inner[axis]!
      inner[axis]! *= step
    }
    if (same(result, x) && !strides.some(step => step < 0)) return scope.view(x)
    const to = ordered(result, from)
    const y = scope.output(result, to)
    call(...box(node, memoryOrder(x, from), y, read(0, from) + skip * 4, result, steps(result, to), inner))
  },
} satisfies Op
