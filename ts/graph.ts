import { failWith, isNumbers, isObject, isSize, isStrings } from './guards.js'
import type { Attr, Graph, GraphInput, Node } from './types.js'

const isName = (v: unknown): v is string => typeof v === 'string' && v !== ''
const isAttr = (v: unknown): v is Attr =>
  typeof v === 'string' || typeof v === 'boolean' || Number.isFinite(v) || isNumbers(v)

const fail = failWith('GRAPH')

const show = (node: Node) => `${node.op} "${node.name}"`

const toInput = (v: unknown, i: number): GraphInput => {
  if (!isObject(v) || !isName(v.name)) return fail(`graph input ${i} needs a name`)
  const { name, shape } = v
  if (!Array.isArray(shape) || !shape.every(n => isSize(n) && n > 0) || !isSize(shape.reduce((a, b) => a * b, 1)))
    return fail(`graph input "${name}": shape must be positive integers, got ${JSON.stringify(shape)}`)
  return { name, shape }
}

const toNode = (v: unknown, i: number): Node => {
  if (!isObject(v) || !isName(v.op) || typeof v.name !== 'string') return fail(`graph node ${i} needs an op and a name`)
  const { op, name, inputs, outputs, attrs } = v
  const at = `${op} "${name}"`
  if (!isStrings(inputs)) return fail(`${at}: inputs must be names`)
  if (!isStrings(outputs) || outputs.length === 0 || !outputs.every(isName)) return fail(`${at}: outputs must be names`)
  if (!isObject(attrs)) return fail(`${at}: attrs must be an object`)
  const bad = Object.keys(attrs).find(key => !isAttr(attrs[key]))
  if (bad !== undefined) return fail(`${at}: ${bad} must be a finite number, text, boolean or list of numbers`)
  return { op, name, inputs, outputs, attrs: attrs as Node['attrs'] }
}

/** Each node after the makers of its inputs, otherwise in the given order. Iterative: a chain may be longer than the stack is deep. */
const sort = (nodes: readonly Node[], makers: ReadonlyMap<string, Node>): Node[] => {
  const sorted = new Set<Node>()
  const open = new Set<Node>()
  for (const root of nodes) {
    const path = sorted.has(root) ? [] : [{ node: root, next: 0 }]
    open.add(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { node } = top
      if (top.next === node.inputs.length) {
        sorted.add(node)
        path.pop()
        continue
      }
      const maker = makers.get(node.inputs[top.next++]!)
      if (maker === undefined || sorted.has(maker)) continue
      if (open.has(maker)) {
        const cycle = path.slice(path.findIndex(step => step.node === maker)).map(step => show(step.node))
        // The path runs from readers to makers; people read the other way.
        fail(`the graph has a cycle: ${[...cycle.reverse(), cycle[0]].join(' → ')}`)
      }
      open.add(maker)
      path.push({ node: maker, next: 0 })
    }
  }
  return [...sorted]
}

/**
 * Makes a graph of anything that claims to be one, with its nodes in topological order, or throws `GRAPH`. Every name in
 * the result is made exactly once: by the graph's inputs, by `tensors` (the file's weights) or by one node.
 */
export const toGraph = (v: unknown, tensors: Pick<ReadonlyMap<string, unknown>, 'has'>): Graph => {
  if (!isObject(v) || !Array.isArray(v.inputs) || !Array.isArray(v.nodes) || !isStrings(v.outputs))
    return fail('the graph needs inputs, outputs and nodes; convert the model again')
  const inputs = v.inputs.map(toInput)
  const nodes = v.nodes.map(toNode)
  const { outputs } = v

  const makers = new Map<string, Node>()
  const known = new Set<string>()
  const define = (name: string) =>
    known.has(name) || tensors.has(name) ? fail(`value "${name}" is defined twice; rename one`) : known.add(name)
  for (const { name } of inputs) define(name)
  for (const node of nodes)
    for (const name of node.outputs) {
      define(name)
      makers.set(name, node)
    }
  for (const node of nodes)
    for (const name of node.inputs)
      if (name !== '' && !known.has(name) && !tensors.has(name))
        fail(`${show(node)} reads "${name}", which is no tensor of the file, no graph input and no node's output`)
  if (outputs.length === 0 || new Set(outputs).size < outputs.length)
    fail('graph outputs must be one or more, all different')
  const unmade = outputs.find(name => !makers.has(name))
  if (unmade !== undefined) fail(`graph output "${unmade}" is made by no node`)
  return { inputs, outputs, nodes: sort(nodes, makers) }
}
