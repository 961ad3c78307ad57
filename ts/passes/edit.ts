import type { Graph, Node } from '../types.js'

/** The nodes that read each value. A graph output counts as a reader that no pass may take it from. */
export const readers = (graph: Graph): ReadonlyMap<string, readonly (Node | 'output')[]> => {
  const result = new Map<string, (Node | 'output')[]>()
  const add = (value: string, reader: Node | 'output') => {
    const list = result.get(value)
    if (list === undefined) result.set(value, [reader])
    else list.push(reader)
  }
  for (const node of graph.nodes) for (const input of node.inputs) if (input !== '') add(input, node)
  for (const output of graph.outputs) add(output, 'output')
  return result
}

/** The only reader of a value, if it is a node. */
export const onlyReader = (
  uses: ReadonlyMap<string, readonly (Node | 'output')[]>,
  value: string,
): Node | undefined => {
  const [reader, ...others] = uses.get(value) ?? []
  return reader === 'output' || others.length > 0 ? undefined : reader
}

/** The node that makes each value. */
export const makers = (graph: Graph): ReadonlyMap<string, Node> =>
  new Map(graph.nodes.flatMap(node => node.outputs.map(output => [output, node] as const)))

/** The node with another one's work added: its output, and its name in `fused`. */
export const fuse = (node: Node, other: Node, change: Partial<Pick<Node, 'inputs' | 'attrs'>>): Node => ({
  ...node,
  ...change,
  outputs: other.outputs,
  fused: [...(node.fused ?? []), ...(other.fused ?? []), `${other.op} "${other.name}"`],
})

/** The graph with some nodes replaced or, for null, taken out. */
export const replace = (graph: Graph, changes: ReadonlyMap<Node, Node | null>): Graph => ({
  ...graph,
  nodes: graph.nodes.flatMap(node => {
    const change = changes.get(node)
    return change === undefined ? [node] : change === null ? [] : [change]
  }),
})
