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
export const relu: Op = unary('clamp', 0, Infinity)
export const tanh: Op = unary('tanh')
export const sigmoid: Op = unary('sigmoid')

/** Steps in floats along each dimension, in the order of the shape; 0 where a value is stretched. */
const steps = (shape: Shape, order: Order): number[] => {
  const result: number[] = []
  let step = 1
  for (const i of memoryOrder(shape, order).toReversed()) {
    result[i] = shape[i] === 1 ? 0 : step
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
    const both = `${show(shape(0)!)} and ${show(shape(1)!)}`
    const rank = Math.max(shape(0)!.length, shape(1)!.length)
    const full = (i: number): Shape => [...Array(rank - shape(i)!.length).fill(1), ...shape(i)!]
    const [a, b] = [full(0), full(1)]
    const sum = a.map((p, i) => {
      const q = b[i]!
      return q === 1 || p === q ? p : p === 1 ? q : misfit(node, `${both} do not broadcast`)
    })
    // Maps meet in any order, their steps tell; a flattened map has lost its dimensions.
    const kept = (i: number) => (shape(i)!.length === 4 && rank === 4 ? order(i) : undefined)
    const [first, second] = [kept(0), kept(1)]
    const result = first || second ? nhwc(sum) : undefined
    const [p, q] = [steps(a, first), steps(b, second)]
    const axes: Axis[] = []
    for (const i of memoryOrder(sum, result)) {
      let length = sum[i]!
      if (length === 1) continue
      const [n, outerP, outerQ] = axes.at(-1) ?? [1, -1, -1]
      // Neighbouring axes are one where both operands step on evenly.
      if (outerP === p[i]! * length && outerQ === q[i]! * length) {
        axes.pop()
        length *= n
      }
      axes.push([length, p[i]!, q[i]!])
    }
    if (axes.length > 4) misfit(node, `${both} broadcast over ${axes.length} separate dimensions, 4 at most`)
    while (axes.length < 4) axes.unshift([1, 0, 0])
    const y = output(sum, result, [0, 1])
    call(
      'add',
      y,
      read(0, first),
      read(1, second),
      ...([0, 1, 2] as const).flatMap(k => axes.map(axis => axis[k])),
      ...limits(node),
    )
  },
} satisfies Op
