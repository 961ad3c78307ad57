import { ConvletError } from '../error.js'
import { broadcast, size, title } from '../shape.js'
import type { Node } from '../types.js'
import { limits } from './conv.js'
import { anyOrder, memoryOrder } from './layouts.js'
import type { Op, Operand } from './op.js'

const unary = (kernel: string, ...constants: number[]) =>
  ({
    arity: [1, 1],
    shape: (_node, [x]) => x!,
    layout: anyOrder,
    inPlace: [0],
    emit: ({ inputs: [x], output }) => [[kernel, output.at, x!.at, size(output.shape), ...constants]],
  }) satisfies Op

/** ONNX Relu-14, Tanh-13, Sigmoid-13. */
export const relu = unary('clamp', 0, Number.POSITIVE_INFINITY) satisfies Op
export const tanh = unary('tanh') satisfies Op
export const sigmoid = unary('sigmoid') satisfies Op

/** Steps in floats of x along each dimension of `rank`, in the order of the shape; 0 where x is stretched. */
const steps = (x: Operand, rank: number): number[] => {
  const shape = [...Array(rank - x.shape.length).fill(1), ...x.shape] as number[]
  const order = memoryOrder(x.shape, x.layout).map(i => i + rank - x.shape.length)
  const result: number[] = Array(rank).fill(0)
  let step = 1
  for (const i of order.toReversed()) {
    if (shape[i] !== 1) result[i] = step
    step *= shape[i]!
  }
  return result
}

/** An axis of the loop nest: its length and the step of each operand along it. */
type Axis = readonly [length: number, a: number, b: number]

/** The loop nest of a broadcast in the output's memory order, neighbouring axes joined where both operands allow. */
export const loops = (node: Node, a: Operand, b: Operand, output: Operand): readonly [Axis, Axis, Axis, Axis] => {
  const rank = output.shape.length
  const [p, q] = [steps(a, rank), steps(b, rank)]
  const axes: Axis[] = []
  for (const i of memoryOrder(output.shape, output.layout)) {
    const length = output.shape[i]!
    if (length === 1) continue
    const outer = axes.at(-1)
    if (outer !== undefined && outer[1] === p[i]! * length && outer[2] === q[i]! * length)
      axes[axes.length - 1] = [outer[0] * length, p[i]!, q[i]!]
    else axes.push([length, p[i]!, q[i]!])
  }
  if (axes.length > 4)
    throw new ConvletError(
      'UNSUPPORTED',
      `${title(node)}: broadcasts over ${axes.length} separate dimensions, at most 4 are supported.`,
    )
  while (axes.length < 4) axes.unshift([1, 0, 0])
  return axes as unknown as readonly [Axis, Axis, Axis, Axis]
}

/** ONNX Add-14 with numpy broadcasting; fused: limits. */
export const add = {
  arity: [2, 2],
  shape: (node, [a, b]) => broadcast(node, a!, b!),
  layout: (_node, inputs, output) => {
    // Maps of 4 dimensions meet in any order, the steps tell; a flattened one has lost its dimensions.
    const mapped = inputs.some(x => x!.layout !== undefined)
    if (mapped && output.length === 4 && inputs.every(x => x!.layout === undefined || x!.shape.length === 4)) {
      const [, c, h, w] = output as readonly [number, number, number, number]
      return { inputs: inputs.map(x => x!.layout), output: [c, h, w] }
    }
    return { inputs: [undefined, undefined], output: undefined }
  },
  inPlace: [0, 1],
  emit: ({ node, inputs: [a, b], output }) => {
    const axes = loops(node, a!, b!, output)
    const [n, p, q] = [0, 1, 2].map(i => axes.map(axis => axis[i]!)) as [number[], number[], number[]]
    return [['add', output.at, a!.at, b!.at, ...n, ...p, ...q, ...limits(node)]]
  },
} satisfies Op
