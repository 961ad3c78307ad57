import { ConvletError } from './error.js'
import { forward } from './ops/forward.js'
import type { Op } from './ops/op.js'
import { shapeError, show, size, title } from './shape.js'
import type { Graph, Node, Shape, TensorInfo } from './types.js'

export const opOf = (node: Node): Op => forward[node.op]!

/** Every operator of the graph that convlet does not run, in one error. */
const checkOps = (graph: Graph): void => {
  const counts = new Map<string, number>()
  for (const { op } of graph.nodes) if (!Object.hasOwn(forward, op)) counts.set(op, (counts.get(op) ?? 0) + 1)
  if (counts.size === 0) return
  const list = Array.from(counts, ([op, count]) => `${op} (${count}×)`).join(', ')
  throw new ConvletError('UNSUPPORTED', `the graph uses operators that this convlet does not run: ${list}.`)
}

const checkArity = (node: Node): void => {
  const [least, most] = opOf(node).arity
  const missing = node.inputs.slice(0, least).indexOf('')
  if (node.inputs.length < least || node.inputs.length > most || missing >= 0 || node.outputs.length !== 1)
    throw new ConvletError(
      'GRAPH',
      `${title(node)}: takes ${least === most ? least : `${least} to ${most}`} inputs and one output, has ` +
        `${node.inputs.filter(Boolean).length} and ${node.outputs.length}.`,
    )
}

/** The shape of every value of the graph, inputs and tensors of the file included. */
export const inferShapes = (graph: Graph, tensors: ReadonlyMap<string, TensorInfo>): ReadonlyMap<string, Shape> => {
  checkOps(graph)
  const shapes = new Map<string, Shape>()
  for (const [name, tensor] of tensors) shapes.set(name, tensor.shape)
  for (const input of graph.inputs) shapes.set(input.name, input.shape)
  for (const node of graph.nodes) {
    checkArity(node)
    const inputs = node.inputs.map(name => (name === '' ? undefined : shapes.get(name)))
    const empty = inputs.find(shape => shape !== undefined && size(shape) === 0)
    if (empty !== undefined) throw shapeError(node, `has an input without elements (${show(empty)}).`)
    const shape = opOf(node).shape(node, inputs)
    // A WebAssembly memory ends at 4 GiB; beyond it no figure of the plan means anything.
    if (size(shape) > 2 ** 30)
      throw new ConvletError('MEMORY', `${title(node)}: ${show(shape)} floats are more than 4 GiB.`)
    shapes.set(node.outputs[0]!, shape)
  }
  return shapes
}

/** The graph for so many images of a size: dimension 0 of every input, and the rest of the only one. */
export const resize = (graph: Graph, batch: number, inputShape?: Shape): Graph => {
  if (!Number.isInteger(batch) || batch < 1)
    throw new ConvletError('INPUT', `batch must be a positive integer, is ${batch}.`)
  if (graph.inputs.length === 0) throw new ConvletError('GRAPH', 'the graph has no inputs: it computes a constant.')
  if (inputShape !== undefined) {
    const [input, another] = graph.inputs
    if (another !== undefined)
      throw new ConvletError('INPUT', `inputShape is for networks of one input, this one has ${graph.inputs.length}.`)
    if (inputShape.length !== input!.shape.length - 1 || !inputShape.every(d => Number.isInteger(d) && d > 0))
      throw new ConvletError(
        'INPUT',
        `inputShape must be ${input!.shape.length - 1} positive integers like ${show(input!.shape.slice(1))}, is ${show(inputShape)}.`,
      )
  }
  const shape = (own: Shape): Shape => [batch, ...(inputShape ?? own.slice(1))]
  return { ...graph, inputs: graph.inputs.map(input => ({ ...input, shape: shape(input.shape) })) }
}
