import { axisOf, misfit, same, show } from '../shape.js'
import { box, mapOrder, ordered, steps } from './nest.js'
import { memoryOrder, type Op } from './op.js'

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
