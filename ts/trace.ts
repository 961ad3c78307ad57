import { ConvletError } from './error.js'
import { forward } from './ops/forward.js'
import { type Call, type Order, type Pack, type Scope, sameOrder, trivial } from './ops/op.js'
import { size, title } from './shape.js'
import type { Graph, Node, Shape, TensorInfo } from './types.js'

/** Bytes of memory that are needed from step `first` to step `last`, both included. */
export interface Block {
  readonly bytes: number
  readonly first: number
  last: number
}

/** What becomes of a tensor of the file: its packed form at `to`, made of `rows` equal parts. */
export interface Packed {
  readonly tensor: string
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
  /** Of every computed value, by its name, and of scratch. What works in place shares a block. */
  readonly blocks: ReadonlyMap<string, Block>
  /** The block that holds a graph output in the order of its shape. */
  readonly result: (output: string) => string
  readonly packed: readonly Packed[]
  /** Where the packed weights end. */
  readonly weightsEnd: number
}

/** Everything starts on a cache line. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Room below the weights for the kernels' static data; it also keeps every address apart from 0, which says "none". */
export const STATIC = 1024

const checkOps = ({ nodes }: Graph): void => {
  const counts = new Map<string, number>()
  for (const { op } of nodes) if (!Object.hasOwn(forward, op)) counts.set(op, (counts.get(op) ?? 0) + 1)
  if (counts.size === 0) return
  const list = Array.from(counts, ([op, count]) => `${op} (${count}×)`)
  throw new ConvletError('UNSUPPORTED', `this convlet does not run ${list.join(', ')}.`)
}

/**
 * Runs through the graph with every operator and writes down what it asks for and which kernels it calls. The first time,
 * without addresses, that gives the shapes and the blocks of memory to place; with the address of each block, the final
 * calls, also for a smaller batch.
 */
export const trace = (
  graph: Graph,
  tensors: ReadonlyMap<string, TensorInfo>,
  addresses?: ReadonlyMap<string, number>,
): Trace => {
  checkOps(graph)
  const end = graph.nodes.length
  const lastUse = new Map<string, number>()
  for (const [step, { inputs }] of graph.nodes.entries()) for (const input of inputs) lastUse.set(input, step)
  for (const output of graph.outputs) lastUse.set(output, end)

  const values = new Map<string, { readonly shape: Shape; readonly order: Order }>()
  const blocks = new Map<string, Block>()
  const packed: Packed[] = []
  let weightsEnd = STATIC

  const at = (key: string): number => addresses?.get(key) ?? 0
  const allot = (key: string, shape: Shape, first: number, last: number): number => {
    blocks.set(key, { bytes: size(shape) * 4, first, last })
    return at(key)
  }
  for (const [name, { shape }] of tensors) values.set(name, { shape, order: undefined })
  for (const { name, shape } of graph.inputs) {
    values.set(name, { shape, order: undefined })
    allot(name, shape, -1, lastUse.get(name) ?? -1)
  }

  const layer = (node: Node, step: number): Layer => {
    const { inputs } = node
    const name = node.outputs[0]!
    const calls: Call[] = []
    let macs = 0
    let scratches = 0

    const define = (shape: Shape, order: Order): number => {
      const floats = size(shape)
      // A WebAssembly memory ends at 4 GiB; nothing beyond has an address.
      if (!(floats > 0 && floats <= 2 ** 30))
        throw new ConvletError('MEMORY', `${title(node)}: an output of ${floats} floats; a memory holds 1 to 2³⁰.`)
      values.set(name, { shape, order })
      return lastUse.get(name) ?? step
    }
    const share = (input: string, last: number): number => {
      const block = blocks.get(input)!
      block.last = Math.max(block.last, last)
      blocks.set(name, block)
      return at(name)
    }
    const turn = (from: number, to: number, order: Order, floats: number, back: boolean): number => {
      const [c, h, w] = order!
      const [rows, columns] = back ? [h * w, c] : [c, h * w]
      calls.push(['transpose', to, from, floats / (c * h * w), rows, columns])
      return to
    }

    const scope: Scope = {
      node,
      shape: i => values.get(inputs[i]!)?.shape,
      order: i => values.get(inputs[i]!)?.order,
      read: (i, wanted) => {
        const input = inputs[i]!
        const value = values.get(input)
        if (!value) return 0
        const floats = size(value.shape)
        const rows = value.shape[0] ?? 1
        const copy: Pack = (to, from, first, count) => [
          ['copy', to + (first * floats * 4) / rows, from, (count * floats) / rows],
        ]
        let place = tensors.has(input) ? scope.packed(i, floats, rows, copy) : at(input)
        if (sameOrder(value.order, wanted)) return place
        if (value.order) place = turn(place, scope.scratch(floats), value.order, floats, true)
        return wanted ? turn(place, scope.scratch(floats), wanted, floats, false) : place
      },
      packed: (i, floats, rows, pack) => {
        const tensor = inputs[i]!
        if (!tensor) return 0
        if (!tensors.has(tensor))
          throw new ConvletError(
            'UNSUPPORTED',
            `${title(node)}: "${tensor}" is computed; it must be a tensor of the file.`,
          )
        const to = weightsEnd
        packed.push({ tensor, rows, to, pack })
        weightsEnd += align(floats * 4)
        return to
      },
      scratch: floats => allot(`${name} scratch ${scratches++}`, [floats], step, step),
      output: (shape, order, over = []) => {
        const last = define(shape, order)
        const reused = over.find(i => {
          const block = blocks.get(inputs[i]!)
          return (
            block !== undefined &&
            block.last <= step &&
            size(scope.shape(i)!) === size(shape) &&
            sameOrder(scope.order(i), order) &&
            // Read under another name as well, it could be overwritten too early.
            inputs.every((other, j) => j === i || blocks.get(other) !== block)
          )
        })
        return reused === undefined ? allot(name, shape, step, last) : share(inputs[reused]!, last)
      },
      view: shape => {
        const x = scope.shape(0)!
        const order = scope.order(0)
        // A map's NHWC order survives as long as the map can be recognised.
        const rest = shape.slice(1)
        const recognised =
          order && shape[0] === x[0] && (String(rest) === String(order) || String(rest) === String(size(order)))
        if (!blocks.has(inputs[0]!)) scope.call('copy', scope.output(shape), scope.read(0), size(x))
        else if (trivial(order) || recognised) share(inputs[0]!, define(shape, order))
        else turn(at(inputs[0]!), scope.output(shape), order, size(x), true)
      },
      call: (...call) => calls.push(call),
      macs: count => {
        macs += count
      },
    }

    const { arity, run } = forward[node.op]!
    const [least, most] = arity
    if (
      inputs.length < least ||
      inputs.length > most ||
      inputs.slice(0, least).includes('') ||
      node.outputs.length !== 1
    )
      throw new ConvletError(
        'GRAPH',
        `${title(node)}: takes ${least} to ${most} inputs and one output, has ${inputs.filter(Boolean).length} and ${node.outputs.length}.`,
      )
    run(scope)
    return { node, shape: values.get(name)!.shape, calls, macs }
  }

  const layers = graph.nodes.map(layer)
  // Graph outputs that lie as NHWC are brought into the order of their shape at the end.
  const turned = (output: string) => `${output} as NCHW`
  for (const name of graph.outputs) {
    const { shape, order } = values.get(name)!
    if (trivial(order)) continue
    const [c, h, w] = order!
    const node: Node = { op: 'ToNCHW', name, inputs: [name], outputs: [name], attrs: {} }
    const to = allot(turned(name), shape, end, end)
    layers.push({ node, shape, macs: 0, calls: [['transpose', to, at(name), size(shape) / (c * h * w), h * w, c]] })
  }
  return {
    shape: value => values.get(value)!.shape,
    layers,
    blocks,
    result: output => (blocks.has(turned(output)) ? turned(output) : output),
    packed,
    weightsEnd,
  }
}
