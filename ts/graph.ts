import { fail } from './error.js'
import { all, isSize, kind, list, map, record, text, texts } from './guards.js'
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
      shape: kind(
        'a list of positive integers',
        all(d => isSize(d) && d !== 0),
      ),
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
 * graph's inputs, by `tensors` (the file's weights) or by one node. Each node stands after the makers of its inputs,
 * otherwise the order is kept.
 */
export const toGraph = (v: unknown, tensors: Pick<ReadonlyMap<string, unknown>, 'has'>): Graph => {
  const graph = read(v, 'graph', 'GRAPH')
  const { inputs, outputs, nodes } = graph
  const makers = new Map<string, Node | undefined>()
  const isKnown = (name: string) => makers.has(name) || tensors.has(name)
  const define = (name: string, maker?: Node) => {
    if (isKnown(name)) fail('GRAPH', `value "${name}" is defined twice.`)
    makers.set(name, maker)
  }
  for (const { name } of inputs) define(name)
  for (const node of nodes) for (const name of node.outputs) define(name, node)
  if (new Set(outputs).size < outputs.length || !outputs.every(name => makers.get(name)))
    fail('GRAPH', `graph outputs must be different and made by nodes: ${outputs}.`)

  // Depth first, with a stack of its own: a chain may be longer than the engine's stack is deep.
  const stack = nodes.toReversed()
  const open = new Set<Node>()
  const sorted = new Set<Node>()
  for (let node = stack.at(-1); node; node = stack.at(-1)) {
    if (open.has(node)) {
      // All it reads lay above it on the stack.
      sorted.add(node)
      stack.pop()
      continue
    }
    open.add(node)
    for (const name of node.inputs.toReversed()) {
      const maker = makers.get(name)
      if (name && !isKnown(name))
        fail('GRAPH', `${title(node)} reads "${name}", which is no tensor and made by no node.`)
      if (!maker || sorted.has(maker)) continue
      if (open.has(maker)) {
        // The open nodes lead from readers to makers; people read the other way.
        const path = [...open].filter(step => !sorted.has(step))
        const cycle = path.slice(path.indexOf(maker)).reverse().map(title)
        fail('GRAPH', `the graph has a cycle: ${[...cycle, cycle[0]].join(' → ')}.`)
      }
      stack.push(maker)
    }
  }
  return { ...graph, nodes: [...sorted] }
}
