import { sameLayout, trivial } from '../ops/layouts.js'
import type { Layout, Op, Operand } from '../ops/op.js'
import type { Graph, Node, Shape } from '../types.js'
import type { Facts } from './fuse.js'

/** A graph whose values have an order in memory. */
export interface Laid {
  readonly graph: Graph
  readonly layouts: ReadonlyMap<string, Layout>
}

/**
 * Gives each value its order in memory: NHWC for maps, what the shape says for the rest. Where an operator wants the other
 * order a conversion goes before it, one for all who want it; graph inputs and outputs are NCHW.
 */
export const layOut = (graph: Graph, { shape, constant }: Facts, opOf: (node: Node) => Op): Laid => {
  const layouts = new Map<string, Layout>()
  const nodes: Node[] = []
  // A graph output that is made as NHWC goes by another name inside.
  const inner = new Map<string, string>()
  const converted = new Map<string, string>()
  const outputs = new Set(graph.outputs)

  const convert = (value: string, to: Layout, name: string): string => {
    const from = layouts.get(value)
    // Between two different maps (a view in between) lies the shape's own order.
    if (from !== undefined && to !== undefined) return convert(want(value, undefined), to, name)
    const map = (to ?? from)!
    nodes.push({ op: to ? 'ToNhwc' : 'ToNchw', name, inputs: [value], outputs: [name], attrs: { map } })
    layouts.set(name, to)
    return name
  }
  const want = (value: string, to: Layout): string => {
    if (value === '' || constant(value) || sameLayout(layouts.get(value), to)) return value
    const key = `${value} as ${to === undefined ? 'NCHW' : 'NHWC'}`
    if (!converted.has(key)) converted.set(key, convert(value, to, key))
    return converted.get(key)!
  }

  for (const node of graph.nodes) {
    const values = node.inputs.map(value => inner.get(value) ?? value)
    const operands = node.inputs.map((name, i): Operand | undefined =>
      name === ''
        ? undefined
        : { shape: shape(name), layout: layouts.get(values[i]!), constant: constant(name), at: 0 },
    )
    const output = node.outputs[0]!
    const wanted = layoutsOf(opOf(node), node, operands, shape(output))
    const inputs = values.map((value, i) => want(value, wanted.inputs[i]))
    if (outputs.has(output) && !trivial(wanted.output)) {
      inner.set(output, `${output} as NHWC`)
      layouts.set(`${output} as NHWC`, wanted.output)
      nodes.push({ ...node, inputs, outputs: [`${output} as NHWC`] })
    } else {
      layouts.set(output, wanted.output)
      nodes.push({ ...node, inputs })
    }
  }
  for (const [output, value] of inner) convert(value, undefined, output)
  return { graph: { ...graph, nodes }, layouts }
}

const layoutsOf = (op: Op, node: Node, inputs: readonly (Operand | undefined)[], output: Shape) =>
  op.layout?.(node, inputs, output) ?? { inputs: [], output: undefined }
