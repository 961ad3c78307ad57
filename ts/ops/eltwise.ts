import { misfit, show, size } from '../shape.js'
import type { Shape } from '../types.js'
import { limits } from './conv.js'
import { memoryOrder, nhwc, type Op, type Order } from './op.js'

const unary = (kernel: string, ...constants: number[]): Op => ({
  arity: [1, 1],
  run: ({ shape, order, read, output, call }) => {
    const x = shape(0)!
    call(kernel, output(x, order(0), [0]), read(0, order(0)), size(x), ...constants)
  },
})

/** ONNX Relu-14, Tanh-13, Sigmoid-13. */
export const relu: Op = unary('clamp', 0, Number.POSITIVE_INFINITY)
export const tanh: Op = unary('tanh')
export const sigmoid: Op = unary('sigmoid')

/** Steps in floats along each dimension of the result, in the order of its shape; 0 where a value is stretched. */
const steps = (shape: Shape, order: Order, rank: number): number[] => {
  const result: number[] = Array(rank).fill(0)
  let step = 1
  for (const i of memoryOrder(shape, order).toReversed()) {
    if (shape[i]! > 1) result[i + rank - shape.length] = step
    step *= shape[i]!
  }
  return result
}

/** An axis of a loop nest: its length and the step of each operand along it. */
type Axis = readonly [length: number, a: number, b: number]

/** ONNX Add-14 with numpy broadcasting; fused: limits. */
export const add = {
  arity: [2, 2],
  run: ({ node, shape, order, read, output, call }) => {
    const [a, b] = [shape(0)!, shape(1)!]
    const rank = Math.max(a.length, b.length)
    const sum = Array.from({ length: rank }, (_, i) => {
      const [p, q] = [a.at(i - rank) ?? 1, b.at(i - rank) ?? 1]
      if (i < rank - a.length) return q
      if (i < rank - b.length || q === 1) return p
      return p === 1 || p === q ? q : misfit(node, `${show(a)} and ${show(b)} do not broadcast`)
    })
    // Maps meet in any order, their steps tell; a flattened map has lost its dimensions.
    const kept = (i: number) => (shape(i)!.length === 4 ? order(i) : undefined)
    const [first, second] = [kept(0), kept(1)]
    const result = first || second ? nhwc(sum) : undefined
    const [p, q] = [steps(a, first, rank), steps(b, second, rank)]
    const axes: Axis[] = []
    for (const i of memoryOrder(sum, result)) {
      const length = sum[i]!
      if (length === 1) continue
      const [n, outerP, outerQ] = axes.at(-1) ?? [1, -1, -1]
      // Neighbouring axes are one where both operands step on evenly.
      const joined = outerP === p[i]! * length && outerQ === q[i]! * length
      if (joined) axes.pop()
      axes.push([joined ? n * length : length, p[i]!, q[i]!])
    }
    if (axes.length > 4)
      misfit(node, `${show(a)} and ${show(b)} broadcast over ${axes.length} separate dimensions, 4 at most`)
    while (axes.length < 4) axes.unshift([1, 0, 0])
    const column = (k: 0 | 1 | 2) => axes.map(axis => axis[k])
    const y = output(sum, result, [0, 1])
    call('add', y, read(0, first), read(1, second), ...column(0), ...column(1), ...column(2), ...limits(node))
  },
} satisfies Op
