import type { LayerSummary, MemoryReport, PlanOptions } from './api.js'
import { planArena } from './arena.js'
import { ConvletError } from './error.js'
import type { FileHeader } from './file.js'
import { toGraph } from './graph.js'
import { inferShapes, opOf, resize } from './infer.js'
import type { Call, Operand, Packing } from './ops/op.js'
import type { Laid } from './passes/layout.js'
import { simplify } from './passes/simplify.js'
import { align } from './plan.js'
import { size, title } from './shape.js'
import type { Graph, Node, Shape, TensorInfo } from './types.js'

/** A graph input or output in the model's memory. */
export interface Port {
  readonly name: string
  readonly shape: Shape
  readonly at: number
}

/** The packed form of a tensor, and where it goes. */
export interface Packed extends Packing {
  readonly to: number
}

/** A tensor of the file and all that is made of it. */
export interface Weight {
  readonly tensor: string
  /** Equal parts in which its bytes may be handed over; 1: only as a whole. */
  readonly parts: number
  readonly packed: readonly Packed[]
}

/** A network ready to run, known to the last byte before anything is allocated. */
export interface Program {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly layers: readonly LayerSummary[]
  /** Nodes of the file's graph that compute nothing at inference. */
  readonly removed: readonly string[]
  readonly weights: readonly Weight[]
  readonly memory: MemoryReport
  /** Where the arena begins: free for the loader's use until the first run. */
  readonly arena: number
  /** True where the network ends in a softmax: its outputs are probabilities. */
  readonly normalised: boolean
  /** The kernel calls of each layer for a batch of n images, at most as many as planned. */
  readonly calls: (n: number) => readonly (readonly Call[])[]
}

type Tensors = ReadonlyMap<string, TensorInfo>

/** Room below the weights for the kernels' static data; it also keeps every address apart from 0, which says "none". */
const STATIC = 1024
const PAGE = 65536

/** A constant as the file has it. */
const plain = (shape: Shape): Packing => {
  const rows = shape[0] ?? 1
  const row = size(shape) / rows
  return {
    floats: rows * row,
    rows,
    pack: (to, from, first, count) => [['copy', to + first * row * 4, from, count * row]],
  }
}

/** Operands of a node before anything has an address. */
const operands = (node: Node, { layouts }: Laid, shapes: ReadonlyMap<string, Shape>, tensors: Tensors) => {
  const operand = (value: string): Operand => ({
    shape: shapes.get(value)!,
    layout: layouts.get(value),
    constant: tensors.has(value),
    at: 0,
  })
  return {
    node,
    inputs: node.inputs.map(value => (value === '' ? undefined : operand(value))),
    output: operand(node.outputs[0]!),
    scratch: 0,
  }
}

/** The weights of each node one after the other, in the order in which the network reads them. */
const planWeights = (laid: Laid, shapes: ReadonlyMap<string, Shape>, tensors: Tensors) => {
  const packed = new Map<string, Packed[]>()
  const places = new Map<Node, number[]>()
  let end = STATIC
  for (const node of laid.graph.nodes) {
    const { inputs } = operands(node, laid, shapes, tensors)
    const place = node.inputs.map((tensor, index) => {
      if (!tensors.has(tensor)) return 0
      const packing = opOf(node).packing?.(node, index, inputs) ?? plain(shapes.get(tensor)!)
      const to = end
      packed.set(tensor, [...(packed.get(tensor) ?? []), { ...packing, to }])
      end += align(packing.floats * 4)
      return to
    })
    places.set(node, place)
  }
  const list = Array.from(packed, ([tensor, packed]): Weight => {
    const [{ rows }] = packed as [Packed, ...Packed[]]
    return { tensor, packed, parts: packed.every(other => other.rows === rows) ? rows : 1 }
  })
  return { list, end, at: (node: Node, index: number) => places.get(node)![index]! }
}

const graphOf = (header: FileHeader, { graph }: PlanOptions): Graph => {
  if (header.graph !== undefined) return header.graph
  if (graph !== undefined) return toGraph(graph, header.tensors)
  throw new ConvletError(
    'GRAPH',
    'the file holds weights but no graph: it is a plain safetensors file. Pass the network, { graph: lenet5() } from ' +
      'convlet/models, or convert the model from ONNX.',
  )
}

/** Every node that was in the graph and is neither left nor fused into one that is. */
const removedNodes = (before: Graph, after: Graph): string[] => {
  const present = new Set(after.nodes.flatMap(node => [title(node), ...(node.fused ?? [])]))
  return before.nodes.map(title).filter(name => !present.has(name))
}

/** From a file's header to a list of kernel calls: passes, layouts, memory plan. Throws on whatever cannot run. */
export const compile = (header: FileHeader, options: PlanOptions = {}): Program => {
  const { tensors } = header
  const original = resize(graphOf(header, options), options.batch ?? 1, options.inputShape)
  const laid = simplify(original, tensors)
  const { graph } = laid
  const shapes = inferShapes(graph, tensors)
  const weights = planWeights(laid, shapes, tensors)
  const arena = planArena(
    laid,
    value => shapes.get(value)!,
    opOf,
    node => opOf(node).scratch?.(operands(node, laid, shapes, tensors)) ?? 0,
  )
  // Weights are packed by way of the arena: it holds at least one part of each.
  const row = Math.max(0, ...weights.list.map(({ tensor, parts }) => (size(shapes.get(tensor)!) / parts) * 4))
  const arenaBytes = Math.max(arena.bytes, align(row))
  const total = Math.ceil((weights.end + arenaBytes) / PAGE) * PAGE
  if (total > 2 ** 32)
    throw new ConvletError(
      'MEMORY',
      `the network needs ${(total / 2 ** 30).toFixed(1)} GiB (weights ${weights.end}, activations ${arenaBytes} bytes), a ` +
        'WebAssembly memory holds 4. Load it with a smaller batch or image.',
    )

  const calls = (n: number): Call[][] => {
    const own =
      n === shapes.get(graph.inputs[0]!.name)?.[0] ? shapes : inferShapes(resize(graph, n, options.inputShape), tensors)
    return graph.nodes.map((node, step): Call[] => {
      const { inputs, output } = operands(node, laid, own, tensors)
      const at = (value: string, index: number) =>
        tensors.has(value) ? weights.at(node, index) : weights.end + arena.offset(value)
      const bound = {
        node,
        inputs: inputs.map((operand, i) => operand && { ...operand, at: at(node.inputs[i]!, i) }),
        output: { ...output, at: at(node.outputs[0]!, -1) },
        scratch: weights.end + arena.scratch[step]!,
      }
      // A view of a tensor of the file has no block to share.
      if (opOf(node).view && inputs[0]!.constant)
        return [['copy', bound.output.at, bound.inputs[0]!.at, size(output.shape)]]
      return [...opOf(node).emit(bound)]
    })
  }
  const port = (name: string): Port => ({ name, shape: shapes.get(name)!, at: weights.end + arena.offset(name) })
  const all = calls(options.batch ?? 1)
  const layers = graph.nodes.map((node, i): LayerSummary => {
    const inputs = node.inputs.map(name => (name === '' ? undefined : shapes.get(name)))
    const shape = shapes.get(node.outputs[0]!)!
    return {
      name: node.name,
      op: node.op,
      shape,
      parameters: node.inputs.reduce((sum, name) => sum + (tensors.has(name) ? size(shapes.get(name)!) : 0), 0),
      macs: opOf(node).macs?.(node, inputs, shape) ?? 0,
      kernels: [...new Set(all[i]!.map(([kernel]) => kernel))],
      fused: node.fused ?? [],
    }
  })
  return {
    inputs: graph.inputs.map(input => port(input.name)),
    outputs: graph.outputs.map(port),
    layers,
    removed: removedNodes(original, graph),
    weights: weights.list,
    memory: { static: STATIC, weights: weights.end - STATIC, arena: arenaBytes, total },
    arena: weights.end,
    normalised: graph.nodes.some(node => node.op === 'Softmax' && node.outputs[0] === graph.outputs[0]),
    calls,
  }
}
