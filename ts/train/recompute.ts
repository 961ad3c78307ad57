import type { Node } from '../types.js'

/** Small, or with a side effect that must happen once: what is computed again leaves them out. */
const KEPT = /^(BatchStats|RunningStats)$/

/**
 * Where a forward run may be cut: after nodes behind which only one value is still wanted by the nodes that follow. Of a
 * residual network these are the ends of its blocks.
 */
const cuts = (forward: readonly Node[]): number[] => {
  const last = new Map<string, number>()
  for (const [i, { inputs }] of forward.entries()) for (const input of inputs) last.set(input, i)
  const found: number[] = []
  const alive = new Set<string>()
  for (const [i, { inputs, outputs, op }] of forward.entries()) {
    for (const input of inputs) if (last.get(input) === i) alive.delete(input)
    for (const output of outputs) if ((last.get(output) ?? -1) > i && !KEPT.test(op)) alive.add(output)
    if (alive.size === 1 && alive.has(outputs[0]!)) found.push(i)
  }
  return found
}

/**
 * Activation checkpointing (Chen et al. 2016): of the forward run only the values at about √n cuts are kept; when the backward
 * run comes to a segment, the segment's nodes are run again, under other names, before its gradients.
 */
export const recompute = (forward: readonly Node[], measured: readonly Node[], backward: readonly Node[]): Node[] => {
  const all = cuts(forward)
  const count = Math.ceil(Math.sqrt(forward.length))
  const ends = all.filter((end, k) => {
    const share = Math.floor((end * count) / forward.length)
    return k + 1 === all.length || Math.floor((all[k + 1]! * count) / forward.length) > share
  })
  const segmentOf = new Map<string, number>()
  for (const [i, { outputs, op }] of forward.entries()) {
    const segment = ends.findIndex(end => i <= end)
    // The last segment's values are still there when the backward run begins; what ends a segment is kept.
    if (segment >= 0 && !ends.includes(i) && !KEPT.test(op))
      for (const output of outputs) segmentOf.set(output, segment)
  }
  const again = (value: string) => (segmentOf.has(value) ? `again ${value}` : value)
  const nodes: Node[] = [...forward, ...measured]
  const made = new Set<string>()

  /** The nodes that make a value again, and before them those that make what they read. */
  const make = (value: string): void => {
    if (!segmentOf.has(value) || made.has(value)) return
    made.add(value)
    const node = forward.find(({ outputs }) => outputs.includes(value))!
    for (const input of node.inputs) make(input)
    nodes.push({
      ...node,
      name: `again ${node.name}`,
      inputs: node.inputs.map(again),
      outputs: node.outputs.map(again),
    })
  }
  for (const node of backward) {
    for (const input of node.inputs) make(input)
    nodes.push({ ...node, inputs: node.inputs.map(again) })
  }
  return nodes
}
