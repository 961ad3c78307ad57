import { misfit, show, size } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { type Call, memoryOrder, nhwc, type Order, type Scope } from './op.js'

/** Steps in floats along each dimension, in the order of the shape. */
export const steps = (shape: Shape, order: Order): number[] => {
  const result: number[] = []
  let step = 1
  for (const i of memoryOrder(shape, order).toReversed()) {
    result[i] = step
    step *= shape[i]!
  }
  return result
}

/** The shape that two have together by numpy's broadcasting, and those two, filled up in front with ones. */
export const broadcast = (node: Node, shapes: readonly Shape[]): readonly [result: Shape, a: Shape, b: Shape] => {
  const rank = Math.max(...shapes.map(s => s.length))
  const [a, b] = shapes.map(s => [...Array(rank - s.length).fill(1), ...s]) as [number[], number[]]
  const result = a.map((p, i) => {
    const q = b[i]!
    return q === 1 || p === q ? p : p === 1 ? q : misfit(node, `${shapes.map(show).join(' and ')} do not broadcast`)
  })
  return [result, a, b]
}

/** How often a line along an axis begins anew, how long it is, and the floats from one of its numbers to the next. */
export const lines = (
  shape: Shape,
  order: Order,
  axis: number,
): readonly [outer: number, length: number, inner: number] => {
  const [length, inner] = [shape[axis]!, steps(shape, order)[axis]!]
  return [size(shape) / length / inner, length, inner]
}

/** The order of input `i` if it is a map; a flattened map has lost its dimensions. */
export const mapOrder = ({ shape, order }: Scope, i = 0): Order => (shape(i)!.length === 4 ? order(i) : undefined)

/** The order of a map that lies like one of order `like`. */
export const ordered = (shape: Shape, like: Order): Order => like && nhwc(shape)

/**
 * A nest of four loops over these lengths, from the outermost to the innermost: the lengths, then the steps of each operand.
 * Neighbouring dimensions are one where all operands step on evenly.
 */
export const nest = (node: Node, lengths: Shape, ...operands: readonly Shape[]): number[] => {
  const loops: number[][] = []
  for (const [i, n] of lengths.entries()) {
    if (n === 1) continue
    const loop = [n, ...operands.map(steps => steps[i]!)]
    const outer = loops.at(-1)
    if (outer?.every((step, k) => !k || step === loop[k]! * n)) loop[0]! *= loops.pop()![0]!
    loops.push(loop)
  }
  if (loops.length > 4) misfit(node, `goes over ${loops.length} separate dimensions, 4 at most`)
  while (loops.length < 4) loops.unshift([1, ...operands.map(() => 0)])
  return loops[0]!.flatMap((_, k) => loops.map(loop => loop[k]!))
}

/** The call that moves a box of numbers, its loops in the order in which they lie at `to`. */
export const box = (
  node: Node,
  places: readonly number[],
  to: number,
  from: number,
  ...[lengths, outer, inner]: readonly [Shape, Shape, Shape]
): Call => {
  const along = (list: Shape) => places.map(i => list[i]!)
  return ['move', to, from, ...nest(node, along(lengths), along(outer), along(inner))]
}
