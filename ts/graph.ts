import { fail } from './error.js'
import { all, isCount, kind, list, map, record, text, texts } from './guards.js'
import { title } from './shape.js'
import type { Attr, Graph, GraphInput, Node } from './types.js'

const isName = (v: unknown) => typeof v === 'string' && v !== ''
const name = kind<string>('a name', isName)
const names = kind<string[]>('a list of one or more names', v => all(isName)(v) && (v as string[]).length > 0)
const isAttr = (v: unknown) => ['string', 'boolean'].includes(typeof v) || [v].flat().every(Number.isFinite)

const read = record<Omit<Graph, 'parameters'>>({
  inputs: list(
    record<GraphInput>({
      name,
      shape: kind('a list of positive integers', all(isCount)),
    }),
  ),
  outputs: names,
  nodes: list(
    record<Omit<Node, 'fused'>>({
      op: name,
      name: text,
      inputs: texts,
      outputs: names,
      attrs: map(kind<Attr>('a finite number, text, boolean or list of numbers', isAttr)),
    }),
  ),
})

/**
 * Makes a graph of anything that claims to be one, or throws `GRAPH`. Every name in the result is made exactly once: by the
 * graph's inputs, by `tensors` (the file's weights) or by one node, and each node stands after the makers of its inputs.
 */
export const toGraph = (v: unknown, tensors: Pick<ReadonlyMap<string, unknown>, 'has'>): Graph => {
  const graph = read(v, 'graph', 'GRAPH')
  const { inputs, outputs, nodes } = graph
  const made = new Set<string>()
  const isKnown = (name: string) => made.has(name) || tensors.has(name)
  const define = (name: string) => {
    if (isKnown(name)) fail('GRAPH', `value "${name}" is defined twice`)
    made.add(name)
  }
  for (const { name } of inputs) define(name)
  for (const node of nodes) {
    for (const name of node.inputs)
      if (name && !isKnown(name))
        fail('GRAPH', `${title(node)} reads "${name}", which is no tensor and made by no node before it`)
    node.outputs.forEach(define)
  }
  for (const { name } of inputs) made.delete(name)
  if (new Set(outputs).size < outputs.length || !outputs.every(name => made.has(name)))
    fail('GRAPH', `graph outputs must be different and made by nodes: ${outputs}`)
  return graph
}
