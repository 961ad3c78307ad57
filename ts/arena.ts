import { sameLayout } from './ops/layouts.js'
import type { Op } from './ops/op.js'
import type { Laid } from './passes/layout.js'
import { place } from './plan.js'
import { size } from './shape.js'
import type { Node, Shape } from './types.js'

/** Offsets in the memory that inputs, outputs, activations and scratch share. */
export interface Arena {
  readonly offset: (value: string) => number
  /** Of each node, in the order of the graph. */
  readonly scratch: readonly number[]
  readonly bytes: number
}

/**
 * Gives every computed value a block for as long as it is read. A view shares its input's block; an operator that may
 * work in place takes over the block of an input that nobody needs afterwards. Outputs stay until the next run.
 */
export const planArena = (
  { graph, layouts }: Laid,
  shape: (value: string) => Shape,
  opOf: (node: Node) => Op,
  scratchOf: (node: Node) => number,
): Arena => {
  const last = new Map<string, number>()
  for (const [i, node] of graph.nodes.entries()) for (const input of node.inputs) last.set(input, i)
  for (const output of graph.outputs) last.set(output, Number.POSITIVE_INFINITY)

  const blocks: { bytes: number; first: number; last: number }[] = []
  const owner = new Map<string, number>()
  const bytes = (value: string) => size(shape(value)) * 4
  const allot = (value: string, first: number) =>
    owner.set(value, blocks.push({ bytes: bytes(value), first, last: last.get(value) ?? first }) - 1)

  const reusable = (node: Node, step: number): number | undefined => {
    const [first, output] = [node.inputs[0]!, node.outputs[0]!]
    if (opOf(node).view) return owner.get(first)
    const index = opOf(node).inPlace?.find(index => {
      const value = node.inputs[index] ?? ''
      const block = owner.get(value)
      return (
        block !== undefined &&
        blocks[block]!.last <= step &&
        bytes(value) === bytes(output) &&
        sameLayout(layouts.get(value), layouts.get(output)) &&
        // Read under another name as well, it could be overwritten too early.
        node.inputs.every((other, i) => i === index || owner.get(other) !== block)
      )
    })
    return index === undefined ? undefined : owner.get(node.inputs[index]!)
  }

  for (const input of graph.inputs) allot(input.name, -1)
  const scratch = graph.nodes.map((node, step) => {
    const output = node.outputs[0]!
    const block = reusable(node, step)
    if (block === undefined) allot(output, step)
    else {
      owner.set(output, block)
      blocks[block]!.last = Math.max(blocks[block]!.last, last.get(output) ?? step)
    }
    const need = scratchOf(node)
    return need === 0 ? -1 : blocks.push({ bytes: need, first: step, last: step }) - 1
  })

  const { offsets, bytes: total } = place(blocks)
  return {
    offset: value => offsets[owner.get(value)!]!,
    scratch: scratch.map(block => (block < 0 ? 0 : offsets[block]!)),
    bytes: total,
  }
}
