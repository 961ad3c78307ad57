import { NORM } from '../ops/panels.js'
import { title } from '../shape.js'
import type { Graph, Node } from '../types.js'
import { countUses } from './uses.js'

/**
 * Batch normalisation of a Conv's result becomes part of the Conv (Ioffe & Szegedy 2015): its four vectors are appended to
 * the inputs, and scale weights and bias once, when all are in place.
 */
export const fold = (graph: Graph): Graph => {
  const uses = countUses(graph)
  const nodes = new Map<string, Node>()
  for (const node of graph.nodes) {
    const [x, ...vectors] = node.inputs
    const maker = nodes.get(x!)
    const fits = maker && /^Conv/.test(maker.op) && uses.get(x!) === 1 && !maker.inputs[NORM]
    if (node.op !== 'BatchNormalization' || !fits) {
      nodes.set(node.outputs[0]!, node)
      continue
    }
    nodes.delete(x!)
    const [input, weight, bias = '', residual = ''] = maker.inputs
    nodes.set(node.outputs[0]!, {
      ...maker,
      inputs: [input!, weight!, bias, residual, ...vectors],
      outputs: node.outputs,
      attrs: { ...maker.attrs, epsilon: node.attrs.epsilon ?? 1e-5 },
      fused: [...(maker.fused ?? []), title(node)],
    })
  }
  return { ...graph, nodes: [...nodes.values()] }
}
