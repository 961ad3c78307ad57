import { failAt } from './context.js'
import type { OnnxModel, OnnxNode } from './read.js'

/** Gives names that nothing has yet; the name itself where it is free. */
export const makeUnique = (taken: Iterable<string>): ((name: string) => string) => {
  const used = new Set(taken)
  // Where to go on counting: a file may use one name a hundred thousand times.
  const next = new Map<string, number>()
  return name => {
    let found = name
    for (let i = next.get(name) ?? 1; used.has(found); i++) {
      found = `${name}_${i}`
      next.set(name, i + 1)
    }
    used.add(found)
    return found
  }
}

/** Keeps the names of nodes, tells namesakes apart, and numbers the nameless per operator: `Conv_0`. */
const nameNodes = (nodes: readonly OnnxNode[]): OnnxNode[] => {
  const unique = makeUnique([])
  const counts = new Map<string, number>()
  const given = new Set(nodes.map(({ name }) => name))
  return nodes.map(node => {
    if (node.name) return { ...node, name: unique(node.name) }
    let i = counts.get(node.op) ?? 0
    while (given.has(`${node.op}_${i}`)) i++
    counts.set(node.op, i + 1)
    return { ...node, name: unique(`${node.op}_${i}`) }
  })
}

const findMakers = (model: OnnxModel, nodes: readonly OnnxNode[]): ReadonlyMap<string, OnnxNode> => {
  const known = new Set([...model.inputs.map(({ name }) => name), ...model.tensors.keys()])
  const makers = new Map<string, OnnxNode>()
  for (const node of nodes)
    for (const name of node.outputs.filter(Boolean)) {
      if (makers.has(name) || known.has(name)) failAt(node, `it makes "${name}", which is defined elsewhere too`)
      makers.set(name, node)
    }
  for (const node of nodes) for (const name of node.outputs) known.add(name)
  // '' is an absent input.
  for (const node of nodes)
    for (const name of node.inputs)
      if (name && !known.has(name))
        failAt(node, `it reads "${name}", which is no input, no initialiser and no node's output`)
  return makers
}

/** The nodes that outputs depend on, each after the makers of its inputs, otherwise in the file's order. */
export const liveNodes = (model: OnnxModel): OnnxNode[] => {
  const nodes = nameNodes(model.nodes)
  const makers = findMakers(model, nodes)
  const makersOf = (node: OnnxNode) => node.inputs.map(name => makers.get(name)).filter(maker => maker !== undefined)

  const live = new Set<OnnxNode>()
  const open = model.outputs.map(name => makers.get(name)).filter(maker => maker !== undefined)
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (live.has(node)) continue
    live.add(node)
    for (const maker of makersOf(node)) open.push(maker)
  }

  const sorted = new Set<OnnxNode>()
  const begun = new Set<OnnxNode>()
  const step = (node: OnnxNode) => {
    begun.add(node)
    return { node, makers: makersOf(node) }
  }
  // Iterative: a chain of nodes may be longer than the stack is deep.
  for (const root of nodes) {
    const path = live.has(root) && !sorted.has(root) ? [step(root)] : []
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const maker = top.makers.pop()
      if (maker === undefined) {
        sorted.add(top.node)
        path.pop()
      } else if (!sorted.has(maker)) {
        if (begun.has(maker)) failAt(maker, 'it depends on its own output')
        path.push(step(maker))
      }
    }
  }
  return [...sorted]
}
