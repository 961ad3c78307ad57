// Operators that only move numbers: one kernel with steps on both sides does them all, from any order to any.
import { axisOf, ints, misfit, same, show } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { mapOrder, nest, ordered, steps } from './nest.js'
import { type Call, memoryOrder, nhwc, type Op } from './op.js'

/** The call that moves a box of numbers, its loops in the order in which they lie at `to`. */
const box = (
  node: Node,
  places: readonly number[],
  to: number,
  from: number,
  ...[lengths, outer, inner]: readonly [Shape, Shape, Shape]
): Call => {
  const along = (list: Shape) => places.map(i => list[i]!)
  return ['move', to, from, ...nest(node, along(lengths), along(outer), along(inner))]
}

/** ONNX Concat-13. The result lies as NHWC if one of the inputs does. Inputs that can be are written in their places, not moved. */
export const concat = {
  arity: [1, Infinity],
  run: (scope, ...shapes) => {
    const { node, order, read, call } = scope
    const x = shapes[0]!
    const axis = axisOf(node, x)
    for (const s of shapes)
      if (
        !same(
          s.map((d, i) => (i === axis ? x[i]! : d)),
          x,
        )
      )
        misfit(node, `${shapes.map(show).join(' and ')} do not fit along axis ${axis}`)
    const result = x.with(
      axis,
      shapes.reduce((sum, s) => sum + s[axis]!, 0),
    )
    const to = ordered(result, shapes.map((_, i) => mapOrder(scope, i)).find(Boolean))
    let at = scope.output(result, to)
    // Joined within rows, inputs may have been written in their places, and the result in its place in another.
    const pitch = steps(result, to)[axis] === 1 && scope.pitch(result[axis]!)
    const outer = steps(pitch ? result.with(axis, pitch) : result, to)
    for (const [i, s] of shapes.entries()) {
      const own = order(i)
      // A flattened map is taken as the map it was.
      const map = own && s.length === 2 && [s[0]!, ...own]
      const lengths = map || s
      const stride = map ? [outer[0]!, ...steps(own, undefined)] : outer
      if (!pitch || !scope.part(i, s[axis]!, ordered(s, to), at))
        call(...box(node, memoryOrder(lengths, to), at, read(i, own), lengths, stride, steps(lengths, own)))
      at += s[axis]! * outer[axis]! * 4
    }
  },
} satisfies Op

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
