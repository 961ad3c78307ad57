import type { LayerSummary, MemoryReport, PlanOptions } from './api.js'
import { ConvletError } from './error.js'
import type { FileHeader } from './file.js'
import { toGraph } from './graph.js'
import type { Call } from './ops/op.js'
import { drop } from './passes/drop.js'
import { fuse } from './passes/fuse.js'
import { place } from './plan.js'
import { show, size, title } from './shape.js'
import { align, type Packed, STATIC, trace } from './trace.js'
import type { Graph, Shape } from './types.js'

/** A graph input or output in the model's memory. */
export interface Port {
  readonly name: string
  readonly shape: Shape
  readonly at: number
}

/** A network ready to run, known to the last byte before anything is allocated. */
export interface Program {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly layers: readonly LayerSummary[]
  /** Nodes of the file's graph that compute nothing at inference. */
  readonly removed: readonly string[]
  readonly packed: readonly Packed[]
  readonly memory: MemoryReport
  /** Where the arena begins: free for the loader's use until the first run. */
  readonly arena: number
  /** True where the network ends in a softmax: its first output is probabilities. */
  readonly normalised: boolean
  /** The kernel calls of each layer for a batch of n images, at most as many as planned. */
  readonly calls: (n: number) => readonly (readonly Call[])[]
  /** Elements of each output for a batch of n images. */
  readonly lengths: (n: number) => readonly number[]
}

const PAGE = 65536

const positive = (d: number): boolean => Number.isInteger(d) && d > 0

/** The graph for so many images of a size: dimension 0 of every input, and the rest of the only one. */
const resize = (graph: Graph, batch: number, inputShape?: Shape): Graph => {
  const [{ shape } = { shape: [] as Shape }, ...others] = graph.inputs
  const fits =
    !inputShape || (others.length === 0 && inputShape.length === shape.length - 1 && inputShape.every(positive))
  if (!positive(batch) || !fits)
    throw new ConvletError(
      'INPUT',
      `batch must be a positive integer, inputShape one like ${show(shape.slice(1))} for the only input; ` +
        `they are ${batch} and ${show(inputShape ?? [])}.`,
    )
  return {
    ...graph,
    inputs: graph.inputs.map(input => ({ ...input, shape: [batch, ...(inputShape ?? input.shape.slice(1))] })),
  }
}

const graphOf = (header: FileHeader, { graph }: PlanOptions): Graph => {
  if (header.graph) return header.graph
  if (graph) return toGraph(graph, header.tensors)
  throw new ConvletError(
    'GRAPH',
    'the file holds weights without a graph. Pass a network, { graph: lenet5() } from convlet/models, or convert from ONNX.',
  )
}

/** From a file's header to a list of kernel calls: passes, memory plan, addresses. Throws on whatever cannot run. */
export const compile = (header: FileHeader, options: PlanOptions = {}): Program => {
  const { tensors } = header
  const { batch = 1, inputShape } = options
  const original = resize(graphOf(header, options), batch, inputShape)
  const needed = drop(original)
  const { shape } = trace(needed, tensors)
  const graph = fuse(needed, { shape, constant: value => tensors.has(value) })

  const { blocks, weightsEnd, packed, result } = trace(graph, tensors)
  const { offsets, bytes } = place([...new Set(blocks.values())])
  const addresses = new Map(Array.from(blocks, ([key, block]) => [key, weightsEnd + offsets.get(block)!]))
  // Weights are packed by way of the arena: it holds at least one part of each.
  const part = ({ tensor, rows }: Packed) => align((size(tensors.get(tensor)!.shape) / rows) * 4)
  const arena = Math.max(bytes, ...packed.map(part))
  const total = Math.ceil((weightsEnd + arena) / PAGE) * PAGE
  if (total > 2 ** 32)
    throw new ConvletError(
      'MEMORY',
      `needs ${total} bytes (weights ${weightsEnd}, activations ${arena}), a memory holds 2³². Use a smaller batch or image.`,
    )

  const traceOf = (n: number) => trace(resize(graph, n, inputShape), tensors, addresses)
  const layers = traceOf(batch).layers.map(
    ({ node, shape, calls, macs }): LayerSummary => ({
      name: node.name,
      op: node.op,
      shape,
      parameters: node.inputs.reduce((sum, name) => sum + (tensors.has(name) ? size(tensors.get(name)!.shape) : 0), 0),
      macs,
      kernels: [...new Set(calls.map(([kernel]) => kernel))],
      fused: node.fused ?? [],
    }),
  )
  const present = new Set(graph.nodes.flatMap(node => [title(node), ...(node.fused ?? [])]))
  const port = (name: string, block: string): Port => ({ name, shape: shape(name), at: addresses.get(block)! })
  return {
    inputs: graph.inputs.map(({ name }) => port(name, name)),
    outputs: graph.outputs.map(name => port(name, result(name))),
    layers,
    removed: original.nodes.map(title).filter(name => !present.has(name)),
    packed,
    memory: { static: STATIC, weights: weightsEnd - STATIC, arena, total },
    arena: weightsEnd,
    normalised: graph.nodes.some(({ op, outputs }) => op === 'Softmax' && outputs[0] === graph.outputs[0]),
    calls: n => traceOf(n).layers.map(({ calls }) => calls),
    lengths: n => {
      const { shape } = traceOf(n)
      return graph.outputs.map(name => size(shape(name)))
    },
  }
}
