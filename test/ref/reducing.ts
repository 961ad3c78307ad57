// Reductions as the interpreter of graphs runs them.
import type { Node } from '../../ts/types.js'
import { TINY } from '../bounds.js'
import { list, type Op, real } from './approx.js'
import { place, placeBound, reduce, reductionBounds, reductions } from './reduce.js'
import { map } from './tensor.js'

type Values = readonly number[]

/** One number of several along some axes, and how far it may be off. */
const along =
  (
    axes: (node: Node) => Values,
    f: (node: Node, values: Values) => number,
    bound: (values: Values, errors: Values, found: number) => number,
  ): Op =>
  (node, [x]) => {
    const places = map(x!.value, (_, i) => i)
    const gathered = (g: (values: Values, errors: Values) => number) =>
      reduce(places, axes(node), node.attrs.keepDims !== false, at =>
        g(
          at.map(i => x!.value.data[i]!),
          at.map(i => x!.error.data[i]!),
        ),
      )
    const value = gathered(values => f(node, values))
    const error = gathered((values, errors) => bound(values, errors, f(node, values)) + values.length * TINY)
    return { value, error, terms: 0 }
  }

const placing = (sign: number): Op =>
  along(
    node => [real(node, 'axis')],
    (node, values) => place(values, sign, node.attrs.last === true),
    placeBound(sign),
  )

const named = Object.entries(reductions).map(([op, f]): [string, Op] => [
  op,
  along(
    node => list(node, 'axes'),
    (_node, values) => f(values),
    reductionBounds[op as keyof typeof reductions],
  ),
])

export const reducing: Readonly<Record<string, Op>> = {
  ...Object.fromEntries(named),
  ArgMax: placing(1),
  ArgMin: placing(-1),
}
