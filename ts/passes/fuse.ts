import { RESIDUAL } from '../ops/conv.js'
import { size } from '../shape.js'
import type { Graph, Node, Shape } from '../types.js'
import { fuse, makers, onlyReader, readers, replace } from './edit.js'

/** What the passes know of the values: the shape of each, and whether it is a tensor of the file. */
export interface Facts {
  readonly shape: (value: string) => Shape
  readonly constant: (value: string) => boolean
}

const heavy = (node: Node | undefined): node is Node => node?.op === 'Conv' || node?.op === 'Gemm'

const limited = (node: Node): boolean => node.attrs.lo !== undefined || node.attrs.hi !== undefined

/** Per-channel constants: one number for each of a Conv's or Gemm's output channels, broadcast over the rest. */
const perChannel = (shape: Shape, output: Shape, op: string): boolean => {
  const channel = op === 'Conv' ? output.length - 3 : output.length - 1
  const place = channel - (output.length - shape.length)
  return shape.every((d, i) => d === (i === place ? output[channel]! : 1)) && size(shape) === output[channel]
}

/** Conv or Gemm without bias, then Add of a per-channel constant: the constant is the bias. */
export const fuseBias = (graph: Graph, facts: Facts): Graph => {
  const [uses, made] = [readers(graph), makers(graph)]
  const changes = new Map<Node, Node | null>()
  for (const node of graph.nodes) {
    if (node.op !== 'Add') continue
    for (const [x, bias] of [node.inputs, node.inputs.toReversed()] as [string, string][]) {
      const maker = made.get(x)
      if (!heavy(maker) || changes.has(maker) || maker.inputs[2] || limited(maker)) continue
      if (!facts.constant(bias) || onlyReader(uses, x) !== node) continue
      if (!perChannel(facts.shape(bias), facts.shape(x), maker.op)) continue
      changes.set(maker, fuse(maker, node, { inputs: [maker.inputs[0]!, maker.inputs[1]!, bias] }))
      changes.set(node, null)
      break
    }
  }
  return replace(graph, changes)
}

/**
 * Conv or Gemm, then Add of a computed value of the same shape, as at the end of a residual block (He et al. 2016): the
 * sum is made while the result is stored. The fused node takes the Add's place, where both operands are there.
 */
export const fuseResidual = (graph: Graph, facts: Facts): Graph => {
  const [uses, made] = [readers(graph), makers(graph)]
  const changes = new Map<Node, Node | null>()
  for (const node of graph.nodes) {
    if (node.op !== 'Add') continue
    // The later operand first: it is the block's end, and the earlier one is often still needed elsewhere.
    const pairs = [node.inputs, node.inputs.toReversed()] as [string, string][]
    const place = (value: string) => graph.nodes.indexOf(made.get(value) as Node)
    for (const [x, other] of pairs.sort((a, b) => place(b[0]) - place(a[0]))) {
      const maker = made.get(x)
      if (!heavy(maker) || changes.has(maker) || limited(maker) || maker.inputs[RESIDUAL]) continue
      if (x === other || facts.constant(other) || onlyReader(uses, x) !== node) continue
      const [a, b] = [facts.shape(x), facts.shape(other)]
      if (a.length !== b.length || !a.every((d, i) => d === b[i])) continue
      const inputs = [maker.inputs[0]!, maker.inputs[1]!, maker.inputs[2] ?? '', other]
      changes.set(maker, null)
      changes.set(node, fuse(maker, node, { inputs }))
      break
    }
  }
  return replace(graph, changes)
}

/** Relu behind a Conv, Gemm or Add: a limit of its result. */
export const fuseActivation = (graph: Graph): Graph => {
  const [uses, made] = [readers(graph), makers(graph)]
  const changes = new Map<Node, Node | null>()
  for (const node of graph.nodes) {
    if (node.op !== 'Relu') continue
    const maker = made.get(node.inputs[0]!)
    if (maker === undefined || !['Conv', 'Gemm', 'Add'].includes(maker.op) || limited(maker)) continue
    if (onlyReader(uses, node.inputs[0]!) !== node) continue
    changes.set(maker, fuse(maker, node, { attrs: { ...maker.attrs, lo: 0 } }))
    changes.set(node, null)
  }
  return replace(graph, changes)
}

/** Pad by zeros along height and width, then Conv with pads of its own numbers: one padding. */
export const fusePad = (graph: Graph): Graph => {
  const uses = readers(graph)
  const changes = new Map<Node, Node | null>()
  for (const node of graph.nodes) {
    if (node.op !== 'Pad' || (node.attrs.value ?? 0) !== 0) continue
    const pads = node.attrs.pads as readonly number[]
    const conv = onlyReader(uses, node.outputs[0]!)
    if (pads.length !== 8 || conv?.op !== 'Conv' || conv.inputs[0] !== node.outputs[0]) continue
    const outside = [pads[0], pads[1], pads[4], pads[5]]
    const own = conv.attrs.pad ?? [0, 0, 0, 0]
    if (typeof own === 'string' || outside.some(p => p !== 0) || pads.some(p => p < 0)) continue
    const both = [pads[2]!, pads[3]!, pads[6]!, pads[7]!].map((p, i) => p + (own as number[])[i]!)
    const merged = fuse(conv, node, {
      inputs: [node.inputs[0]!, ...conv.inputs.slice(1)],
      attrs: { ...conv.attrs, pad: both },
    })
    changes.set(conv, { ...merged, outputs: conv.outputs })
    changes.set(node, null)
  }
  return replace(graph, changes)
}
