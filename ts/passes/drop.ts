import type { Graph, Node } from '../types.js'

const idle = (node: Node): boolean =>
  node.op === 'Identity' ||
  node.op === 'Dropout' ||
  (node.op === 'Pad' && (node.attrs.pads as readonly number[]).every(p => p === 0))

/**
 * Takes out what computes nothing at inference: Identity, Dropout, padding by nothing, and nodes whose results nobody
 * reads. A value that is a graph output keeps its name; a graph input handed straight out keeps its Identity.
 */
export const drop = (graph: Graph): Graph => {
  const inputs = new Set(graph.inputs.map(input => input.name))
  const outputs = new Set(graph.outputs)
  const from = new Map(graph.nodes.filter(idle).map(node => [node.outputs[0]!, node.inputs[0]!]))
  const source = (value: string): string => {
    const next = from.get(value)
    return next === undefined ? value : source(next)
  }
  // What is left of a chain of idle nodes in front of an output takes the output's name.
  const named = new Map<string, string>()
  for (const output of graph.outputs) {
    const start = source(output)
    if (start === output) continue
    if (inputs.has(start) || outputs.has(start) || named.has(start)) from.delete(output)
    else named.set(start, output)
  }
  const current = (value: string): string => named.get(source(value)) ?? source(value)
  const nodes = graph.nodes
    .filter(node => !from.has(node.outputs[0]!))
    .map(node => ({ ...node, inputs: node.inputs.map(current), outputs: node.outputs.map(o => named.get(o) ?? o) }))
  return { ...graph, nodes: reached(nodes, graph.outputs) }
}

const reached = (nodes: readonly Node[], outputs: readonly string[]): Node[] => {
  const wanted = new Set(outputs)
  const result: Node[] = []
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some(output => wanted.has(output))) continue
    for (const input of node.inputs) wanted.add(input)
    result.push(node)
  }
  return result.toReversed()
}
