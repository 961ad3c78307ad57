import type { LayerSummary, LoadOptions, MemoryReport } from './api.js'
import type * as Compact from './compact.js'
import { fail } from './error.js'
import type { FileHeader } from './file.js'
import { toGraph } from './graph.js'
import { isCount, oneOf } from './guards.js'
import { forward, type Ops } from './ops/forward.js'
import { drop } from './passes/drop.js'
import { fuse } from './passes/fuse.js'
import { place } from './plan.js'
import { same, show, size } from './shape.js'
import { align, missing, STATIC, type Trace, trace } from './trace.js'
import type { Graph, Shape } from './types.js'

/** A network ready to run, known to the last byte before anything is allocated. */
export interface Program extends Pick<Trace, 'shape' | 'inputs' | 'outputs' | 'packed' | 'finish'> {
  /** Images per run at most. */
  readonly batch: number
  /** The graph after the passes. */
  readonly graph: Graph
  readonly layers: readonly LayerSummary[]
  readonly memory: MemoryReport
  /** Where the arena begins: free for the loader's use until the first run. */
  readonly arena: number
  /** What a batch of n images runs, at most as many as planned. */
  readonly run: (n: number) => Pick<Trace, 'layers' | 'outputs'>
  /** The operators that it is made with. */
  readonly ops: Ops
  /** What reads the weights of a file that has them in 8 or 16 bits. */
  readonly compact: typeof Compact | undefined
}

const PAGE = 65536

/** The graph for so many images, of another size if one is given. */
export const resize = (graph: Graph, batch: number, inputShape?: Shape): Graph => ({
  ...graph,
  inputs: graph.inputs.map(({ name, shape }) => ({ name, shape: [batch, ...(inputShape ?? shape.slice(1))] })),
})

/** From a file's header to a list of kernel calls: passes, memory plan, addresses. Throws on whatever cannot run. */
export const compile = async (header: FileHeader, options: LoadOptions = {}): Promise<Program> => {
  const { tensors } = header
  const { batch = 1, inputShape, memory = 'small', memoryLimit = Infinity } = options
  const fast = oneOf('small', 'fast')(memory, 'memory', 'INPUT') === 'fast'
  const given = header.graph ?? (options.graph && toGraph(options.graph, tensors))
  if (!given) return fail('GRAPH', 'the file has no graph; pass { graph } from convlet/models')
  const wrong = Object.entries((!header.graph && options.graph?.parameters) || {})
    .filter(([name, shape]) => !same(tensors.get(name)?.shape ?? shape, shape))
    .map(([name, shape]) => `${name} is ${show(tensors.get(name)!.shape)}, the network has ${show(shape)}`)
  if (wrong.length) fail('SHAPE', wrong.join('; '))
  const own = given.inputs[0]!.shape.slice(1)
  const sizes = [inputShape ?? own].flat()
  if (![batch, ...sizes].every(isCount) || (inputShape && (given.inputs[1] || sizes.length !== own.length)))
    fail(
      'INPUT',
      `batch must be a positive integer, is ${batch}, inputShape like the only input's ${show(own)}, is ${show(sizes)}`,
    )
  const needed = drop(resize(given, batch, inputShape))
  // Few networks have others, large strides, or weights of 8 or 16 bits: their modules are loaded for those that do.
  const known = {
    ...(missing(needed, forward).length ? (await import('./ops/more.js')).all : forward),
    ...(needed.nodes.some(({ attrs }) => (attrs.stride as [number])?.[0] > 2) &&
      (await import('./ops/phases.js')).phases),
  }
  const compact = [...tensors.values()].some(({ dtype }) => /F16|^I8/.test(dtype))
    ? await import('./compact.js')
    : undefined
  const ops = compact?.adapt(tensors, known) ?? known
  const { shape } = trace(needed, tensors, fast, ops)
  const graph = fuse(needed, shape)

  const first = trace(graph, tensors, fast, ops)
  const { blocks, weightsEnd, packed, finish } = first
  let arena = place(new Set(blocks.values()), weightsEnd)
  // Weights are packed by way of the arena: it holds at least one part of each.
  for (const [tensor, forms] of packed)
    for (const { rows } of forms) arena = Math.max(arena, align((size(tensors.get(tensor)!.shape) / rows) * 4))
  const total = Math.ceil((weightsEnd + arena) / PAGE) * PAGE
  const limit = Math.min(memoryLimit, 2 ** 32)
  if (!(total <= limit))
    fail('MEMORY', `the network needs ${total} bytes of at most ${limit}; use a smaller batch or image`)

  const run = (n: number) => trace(resize(graph, n), tensors, fast, ops, first)
  const { inputs, outputs, layers } = run(batch)
  const parameters = (name: string) => size(tensors.get(name)?.shape ?? [0])
  return {
    batch,
    graph,
    shape: first.shape,
    inputs,
    outputs,
    layers: layers.map(({ node: { name, op, inputs, fused = [] }, shape, calls, macs }) => ({
      name,
      op,
      shape,
      parameters: inputs.reduce((sum, input) => sum + parameters(input), 0),
      macs,
      kernels: [...new Set(calls.map(([kernel]) => kernel))],
      fused,
    })),
    packed,
    finish,
    ops,
    compact,
    memory: { static: STATIC, weights: weightsEnd - STATIC, arena, total },
    arena: weightsEnd,
    run,
  }
}
