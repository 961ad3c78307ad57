import { fail } from './error.js'
import type { Ops } from './ops/forward.js'
import { type Call, type Order, type Pack, type Scope, sameOrder, trivial } from './ops/op.js'
import { same, size, title } from './shape.js'
import type { Graph, Node, Shape, TensorInfo } from './types.js'

/** Bytes of memory that are needed from step `first` to step `last`, both included. */
export interface Block {
  readonly bytes: number
  first: number
  last: number
  /** Address, once it is planned. */
  at: number
  /** The block that it is part of; until it is planned, `at` says from which byte on. */
  whole?: Block
  /** Of a whole: the floats of its rows, in which its parts lie side by side. */
  row?: number
}

/** Blocks by what they hold: a value by its name, scratch by a number, so that no name can be taken for it. */
export type Blocks = Map<string | number, Block>

/** A graph input or output in the model's memory. */
export interface Port {
  readonly name: string
  readonly shape: Shape
  readonly at: number
}

export const shapesOf = (ports: readonly Port[]): Record<string, Shape> =>
  Object.fromEntries(ports.map(({ name, shape }) => [name, shape]))

/** What becomes of a tensor of the file: its packed form at `to`, made of `rows` equal parts. */
export interface Packed {
  readonly rows: number
  readonly to: number
  readonly pack: Pack
}

/** One node's part of a run. */
export interface Layer {
  readonly node: Node
  readonly shape: Shape
  readonly calls: readonly Call[]
  readonly macs: number
}

export interface Trace {
  readonly shape: (value: string) => Shape
  readonly layers: readonly Layer[]
  readonly inputs: readonly Port[]
  /** Graph outputs in the order of their shapes. */
  readonly outputs: readonly Port[]
  readonly blocks: Blocks
  /** By tensor. */
  readonly packed: ReadonlyMap<string, readonly Packed[]>
  /** Calls to be made once all weights are in place. */
  readonly finish: readonly Call[]
  /** Where the packed weights end. */
  readonly weightsEnd: number
}

/** Everything starts on a cache line. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Room below the weights for the kernels' static data; it also keeps every address apart from 0, which says "none". */
export const STATIC = 1024

/** The operators of a graph that a table lacks. */
export const missing = ({ nodes }: Graph, ops: Ops): string[] =>
  nodes.map(({ op }) => op).filter(op => !Object.hasOwn(ops, op))

/** The call that brings each image's map from H×W×C to C×H×W, or back. */
const turn = (to: number, from: number, [c, h, w]: NonNullable<Order>, floats: number, back?: boolean): Call => [
  'transpose',
  ...[to, from, floats / (c * h * w)],
  ...(back ? [c, h * w] : [h * w, c]),
]

/**
 * Runs through the graph with every operator and writes down what it asks for and which kernels it calls. The first time,
 * without a plan, that gives the shapes and the blocks of memory to place; with those blocks placed, the final calls, also
 * for a smaller batch.
 */
export const trace = (
  graph: Graph,
  tensors: ReadonlyMap<string, TensorInfo>,
  fast: boolean,
  ops: Ops,
  first?: Pick<Trace, 'blocks' | 'shape'>,
): Trace => {
  const unknown = missing(graph, ops)
  if (unknown.length) fail('UNSUPPORTED', `this convlet does not run ${[...new Set(unknown)].join(', ')}`)
  const plan = first?.blocks
  const { nodes } = graph
  const end = nodes.length
  const lastUse = new Map<string, number>()
  /** Values that are read more than once. */
  const shared = new Set<string>()
  const uses = [...nodes.map(({ inputs }) => inputs), graph.outputs]
  for (const [step, values] of uses.entries())
    for (const value of values) {
      if (lastUse.has(value)) shared.add(value)
      lastUse.set(value, step)
    }

  const values = new Map<string, { readonly shape: Shape; readonly order?: Order; row?: number }>(tensors)
  const blocks: Blocks = new Map()
  const packed = new Map<string, Packed[]>()
  const finish: Call[] = []
  let weightsEnd = STATIC

  const unplanned = () => fail('INPUT', 'this network takes the batch it was loaded for, no fewer images')
  /** Gives something a block. What a smaller batch asks for beyond the plan has no place. */
  const hold = (key: string | number, block: Block): number => {
    const planned = (plan ? plan.get(key) : block) ?? unplanned()
    if (block.bytes > planned.bytes) unplanned()
    blocks.set(key, planned)
    return planned.at
  }
  const allot = (key: string | number, shape: Shape, first: number, last: number): number =>
    hold(key, { bytes: size(shape) * 4, first, last, at: 0 })

  const inputs = graph.inputs.map(({ name, shape }): Port => {
    values.set(name, { shape })
    return { name, shape, at: allot(name, shape, -1, lastUse.get(name) ?? -1) }
  })

  const layer = (node: Node, step: number): Layer => {
    const { inputs, outputs } = node
    const { arity: [least, most] = [1, 1], run } = ops[node.op]!
    const given = inputs.map(name => values.get(name))
    const name = outputs[0]!
    const calls: Call[] = []
    let macs = 0
    let scratches = 0
    if (inputs.length > most || inputs.slice(0, least).filter(Boolean).length < least || outputs.length > 1)
      fail('GRAPH', `${title(node)}: takes ${least} to ${most} inputs and one output, has [${inputs}] and [${outputs}]`)

    const define = (shape: Shape, order: Order): number => {
      const floats = size(shape)
      // A WebAssembly memory ends at 4 GiB; nothing beyond has an address.
      if (!(floats > 0 && floats <= 2 ** 30))
        fail(
          'MEMORY',
          `${title(node)}: its output has ${floats} numbers, memory for 1 to 2^30; use a smaller batch or image`,
        )
      // An order that makes no difference would be wrong for another shape of the same bytes.
      values.set(name, { shape, order: trivial(order) ? undefined : order })
      return lastUse.get(name) ?? step
    }
    const share = (input: string, last: number): number => {
      const block = blocks.get(input)!
      block.last = Math.max(block.last, last)
      return hold(name, block)
    }
    const scope: Scope = {
      node,
      planned: (first?.shape(inputs[0]!) ?? given[0]?.shape)!,
      fast,
      shape: i => given[i]?.shape,
      order: i => given[i]?.order,
      read: (i, wanted) => {
        const value = given[i]
        if (!value) return 0
        const { shape, order } = value
        const floats = size(shape)
        let at = blocks.get(inputs[i]!)?.at ?? scope.packed(i, floats, 1, (to, from) => [['copy', to, from, floats]])
        if (sameOrder(order, wanted)) return at
        const move = (order: NonNullable<Order>, back?: boolean) => {
          const to = scope.scratch(floats)
          calls.push(turn(to, at, order, floats, back))
          return to
        }
        if (order) at = move(order)
        return wanted ? move(wanted, true) : at
      },
      packed: (i, floats, rows, pack) => {
        const tensor = inputs[i]!
        if (!tensor) return 0
        const dtype = tensors.get(tensor)?.dtype ?? 'computed'
        if (!/F32|F16|^I8/.test(dtype))
          fail('UNSUPPORTED', `${title(node)}: "${tensor}" must be floats or I8, is ${dtype}`)
        const to = scope.reserve(floats)
        const forms = packed.get(tensor) ?? []
        packed.set(tensor, forms)
        forms.push({ rows, to, pack })
        return to
      },
      reserve: floats => {
        const to = weightsEnd
        weightsEnd += align(floats * 4)
        return to
      },
      finish: (...call) => finish.push(call),
      // No operator takes 16 of them.
      scratch: floats => allot(step * 16 + scratches++, [floats], step, step),
      output: (shape, order, over = []) => {
        const last = define(shape, order)
        const reused = over.find(i => {
          const block = blocks.get(inputs[i]!)
          return (
            block &&
            block.last <= step &&
            size(scope.shape(i)!) === size(shape) &&
            sameOrder(scope.order(i), order) &&
            // Read under another name as well, it could be overwritten too early.
            inputs.every((other, j) => j === i || blocks.get(other) !== block)
          )
        })
        return reused === undefined ? allot(name, shape, step, last) : share(inputs[reused]!, last)
      },
      pitch: row => {
        let block = blocks.get(name)!
        values.get(name)!.row = row
        // Parts that are laid out for longer rows cannot move.
        if ((block.row ?? row) !== row) unplanned()
        while (block.whole) block = block.whole
        return block.row ?? row
      },
      part: (i, row, order, at) => {
        const input = inputs[i]!
        const value = values.get(input)!
        const block = blocks.get(input)
        const whole = blocks.get(name)!
        if (!plan && block && value.row === row && sameOrder(value.order, order) && !shared.has(input)) {
          block.whole = whole
          whole.first = Math.min(whole.first, block.first)
          whole.row = values.get(name)!.row!
          block.at = at
        }
        return block?.whole === whole && (block.at === at || unplanned())
      },
      view: shape => {
        const x = scope.shape(0)!
        const order = scope.order(0)
        const block = blocks.get(inputs[0]!)
        const [n, ...rest] = shape
        // A map's NHWC order survives as long as the map can be recognised.
        const kept = !order || (n === x[0] && (same(rest, order) || same(rest, [size(x.slice(1))])))
        // A smaller batch does as the plan did.
        if (block && (plan ? plan.get(name) === block : kept)) {
          if (!kept) unplanned()
          share(inputs[0]!, define(shape, order))
        } else {
          const to = scope.output(shape)
          scope.call('copy', to, scope.read(0), size(x))
        }
      },
      call: (...call) => calls.push(call),
      macs: count => {
        macs += count
      },
    }
    run(scope, ...given.map(value => value?.shape as Shape))
    return { node, shape: values.get(name)!.shape, calls, macs }
  }

  const layers = nodes.map(layer)
  // At the end, when all graph outputs are there, those that lie as NHWC are brought into the order of their shapes.
  const outputs = graph.outputs.map((name, i): Port => {
    const { shape, order } = values.get(name)!
    const { at } = blocks.get(name)!
    if (!order) return { name, shape, at }
    const to = allot(-1 - i, shape, end, end)
    const node: Node = { op: 'ToNCHW', name, inputs: [name], outputs: [name], attrs: {} }
    layers.push({ node, shape, calls: [turn(to, at, order, size(shape))], macs: 0 })
    return { name, shape, at: to }
  })
  return { shape: value => values.get(value)!.shape, layers, inputs, outputs, blocks, packed, finish, weightsEnd }
}
