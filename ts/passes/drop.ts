import type { Graph, Node } from '../types.js'

const idle = ({ op, inputs, outputs, attrs }: Node): boolean =>
  inputs.length * outputs.length === 1 &&
  (op === 'Identity' || op === 'Dropout' || (op === 'Pad' && !/[^0,]/.test(`${attrs.pads}`)))

/**
 * Takes out what computes nothing at inference: Identity, Dropout, padding by nothing, and nodes whose results nobody
 * reads. A graph output keeps its name; a graph input or tensor handed straight out keeps its Identity.
 */
export const drop = (graph: Graph): Graph => {
  const wanted = new Set(graph.outputs)
  const made = new Set(graph.nodes.flatMap(node => node.outputs))
  const from = new Map<string, string>()
  const source = (value: string) => from.get(value) ?? value
  for (const node of graph.nodes) if (idle(node)) from.set(node.outputs[0]!, source(node.inputs[0]!))
  // What is left of a chain of idle nodes in front of an output takes the output's name.
  const named = new Map<string, string>()
  for (const output of graph.outputs) {
    const start = source(output)
    if (wanted.has(start) || !made.has(start) || named.has(start)) from.delete(output)
    else named.set(start, output)
  }
  const rename = (values: readonly string[]) => values.map(value => named.get(source(value)) ?? source(value))

  const nodes: Node[] = []
  for (const node of graph.nodes.toReversed()) {
    if (from.has(node.outputs[0]!)) continue
    const [inputs, outputs] = [rename(node.inputs), rename(node.outputs)]
    if (!outputs.some(output => wanted.has(output))) continue
    for (const input of inputs) wanted.add(input)
    nodes.push({ ...node, inputs, outputs })
  }
  return { ...graph, nodes: nodes.reverse() }
}
