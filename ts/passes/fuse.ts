import { limits, NORM, RESIDUAL } from '../ops/panels.js'
import { real, same, title } from '../shape.js'
import type { Graph, Node, Shape } from '../types.js'

/**
 * Lets a Conv, ConvTranspose or Gemm do what its readers do, while its result is stored: an Add of a value of the same shape
 * as its residual (He et al. 2016), and a Relu or Clip as limits, which an Add, Sub, Mul, BatchNormalization or InstanceNormalization takes too.
 * Batch normalisation of a Conv's or ConvTranspose's result (Ioffe & Szegedy 2015) becomes part of it: its four vectors are
 * appended to the inputs, and scale weights and bias once, when all are in place. So does one before a Conv without padding,
 * unless that is depthwise. The fused node stands where the last of its parts stood, and lists them.
 */
export const fuse = (graph: Graph, shape: (value: string) => Shape): Graph => {
  /** How often each value is read. An output counts twice, so that it is nobody's business alone. */
  const uses = new Map<string, number>()
  for (const value of [...graph.nodes.flatMap(node => node.inputs), ...graph.outputs, ...graph.outputs])
    uses.set(value, (uses.get(value) ?? 0) + 1)
  const nodes = new Map<string, Node>()
  const places = new Map(graph.nodes.map(({ outputs }, i) => [outputs[0]!, i]))

  /** The maker of a value, if it is one of these operators and nobody else reads the value. */
  const only = (value: string, ops: string): Node | undefined => {
    const maker = nodes.get(value)
    return maker && ops.split(' ').includes(maker.op) && uses.get(value) === 1 ? maker : undefined
  }
  /** Takes a node off the list, and gives one that does its work and that of its reader. */
  const absorb = (maker: Node, reader: Node, change: Partial<Node>): Node => {
    nodes.delete(maker.outputs[0]!)
    return { ...maker, outputs: reader.outputs, fused: [...(maker.fused ?? []), title(reader)], ...change }
  }

  /** The same, if it does nothing yet after its bias but a batch norm. */
  const open = (value: string, ops: string): Node | undefined => {
    const maker = only(value, ops)
    return maker?.inputs[RESIDUAL] || maker?.attrs.lo !== undefined ? undefined : maker
  }

  const fuseNorm = (node: Node): Node => {
    const [x, ...vectors] = node.inputs
    const maker = open(x!, 'Conv ConvTranspose')
    if (!maker || maker.inputs[NORM]) return node
    const [input, weight, bias = ''] = maker.inputs as [string, string, string?]
    const attrs = { ...maker.attrs, epsilon: node.attrs.epsilon ?? 1e-5 }
    return absorb(maker, node, { inputs: [input, weight, bias, '', ...vectors], attrs })
  }

  const fuseBefore = (node: Node): Node => {
    const [x, weight, bias = ''] = node.inputs as [string, string, string?]
    const norm = only(x, 'BatchNormalization')
    if (
      !norm ||
      norm.attrs.lo !== undefined ||
      // Training needs what a norm reads, and says so by a second reader.
      uses.get(norm.inputs[0]!) !== 1 ||
      // Zeros around the map come after the norm.
      /[^0,]/.test(`${node.attrs.pad ?? 0}`) ||
      shape(weight)[1]! < Math.min(2, shape(x)[1]!)
    )
      return node
    const [input, ...vectors] = norm.inputs as [string, ...string[]]
    const attrs = { ...node.attrs, epsilon: norm.attrs.epsilon ?? 1e-5, before: true }
    return absorb(norm, node, { ...node, inputs: [input, weight, bias, '', ...vectors], attrs, fused: [title(norm)] })
  }

  const fuseAdd = (node: Node): Node => {
    const pairs = [node.inputs, node.inputs.toReversed()] as [string, string][]
    // Of two candidates the later one is the block's end; the earlier one may be the way around it.
    pairs.sort(([a], [b]) => (places.get(b) ?? -1) - (places.get(a) ?? -1))
    for (const [x, other] of pairs) {
      const maker = open(x, 'Conv ConvTranspose Gemm')
      if (!maker) continue
      const [input, weight, bias = ''] = maker.inputs as [string, string, string?]
      if (same(shape(x), shape(other)))
        return absorb(maker, node, { inputs: [input, weight, bias, other, ...maker.inputs.slice(NORM)] })
    }
    return node
  }

  for (const node of graph.nodes) {
    let result = node
    if (node.op === 'BatchNormalization') result = fuseNorm(node)
    if (node.op === 'Conv') result = fuseBefore(node)
    if (node.op === 'Add') result = fuseAdd(node)
    const limiting = node.op === 'Relu' || node.op === 'Clip'
    const maker =
      limiting && only(node.inputs[0]!, 'Conv ConvTranspose Gemm Add Sub Mul BatchNormalization InstanceNormalization')
    if (maker) {
      // Limits of limits: the earlier ones, brought between the later ones.
      const least = real(node, 'min', node.op === 'Relu' ? 0 : -Infinity)
      const most = real(node, 'max', Infinity)
      const [lo, hi] = limits(maker).map(v => Math.min(Math.max(v, least), most))
      result = absorb(maker, node, { attrs: { ...maker.attrs, lo: lo!, hi: hi! } })
    }
    nodes.set(result.outputs[0]!, result)
  }
  return { ...graph, nodes: [...nodes.values()] }
}
