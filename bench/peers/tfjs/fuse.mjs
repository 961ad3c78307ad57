// What tfjs's own converter does to a graph: drops what computes nothing, folds batch norm and bias into the weights,
// and fuses activations.
import { floats } from './tensors.mjs'

const fusedActivation = ({ op, attrs }) => {
  if (op === 'Clip') return attrs.min === 0 && attrs.max === 6 ? 'relu6' : undefined
  return { Relu: 'relu', Sigmoid: 'sigmoid' }[op]
}

/** Weight rows scaled and bias moved, one figure per output channel. */
function scaleRows(node, scale, shift) {
  const rows = scale.length
  const size = node.weight.data.length / rows
  const bias = node.bias?.data ?? new Float32Array(rows)
  return {
    ...node,
    weight: { ...node.weight, data: node.weight.data.map((value, i) => value * scale[Math.floor(i / size)]) },
    bias: { shape: [rows], data: bias.map((value, i) => value * scale[i] + shift[i]) },
  }
}

function foldBatchNorm(node, next, constant) {
  const [gamma, beta, mean, variance] = next.inputs.slice(1).map(name => constant(name).data)
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i] + (next.attrs.epsilon ?? 1e-5)))
  return scaleRows(
    node,
    scale,
    beta.map((value, i) => value - mean[i] * scale[i]),
  )
}

/** Add of one constant per output channel. */
function foldBias(node, next, constant) {
  const addend = next.inputs.map(constant).find(Boolean)
  const channels = node.weight.shape[0]
  const lead = node.op === 'Conv' ? 3 : 1
  const perChannel =
    addend?.data.length === channels && (addend.shape.at(-lead) === channels || addend.data.length === 1)
  return perChannel ? scaleRows(node, new Float32Array(channels).fill(1), addend.data) : undefined
}

/** The node with its only reader taken in, or undefined. */
function absorb(node, next, constant) {
  if (!node.weight) return undefined
  const activation = fusedActivation(next)
  // PyTorch writes relu6 as both.
  if (node.activation) return node.activation === 'relu' && activation === 'relu6' ? { ...node, activation } : undefined
  if (next.op === 'BatchNormalization' && node.op === 'Conv') return foldBatchNorm(node, next, constant)
  if (next.op === 'Add') return foldBias(node, next, constant)
  return activation && { ...node, activation }
}

const computesNothing = ({ op, attrs }) =>
  op === 'Identity' || op === 'Dropout' || (op === 'Pad' && attrs.pads.every(n => n === 0))

/** Without the nodes that only hand on their input. */
function drop(graph) {
  const same = new Map()
  const resolve = name => same.get(name) ?? name
  const nodes = []
  for (const node of graph.nodes) {
    if (computesNothing(node)) same.set(node.outputs[0], resolve(node.inputs[0]))
    else nodes.push({ ...node, inputs: node.inputs.map(resolve) })
  }
  return { nodes, outputs: graph.outputs.map(resolve) }
}

const withWeights = (node, constant) =>
  node.op === 'Conv' || node.op === 'Gemm'
    ? { ...node, inputs: [node.inputs[0]], weight: constant(node.inputs[1]), bias: constant(node.inputs[2]) }
    : node

/** Nodes with `weight`, `bias` and `activation` besides what they had; `outputs` may have other names than the graph's. */
export function fuse({ graph, tensors }) {
  const constant = name => (tensors.has(name) ? floats(tensors.get(name)) : undefined)
  const { nodes, outputs } = drop(graph)
  const onlyReader = name => {
    const readers = nodes.filter(node => node.inputs.includes(name))
    return readers.length === 1 && !outputs.includes(name) ? readers[0] : undefined
  }
  const taken = new Set()
  const fused = nodes.flatMap(original => {
    if (taken.has(original)) return []
    let node = withWeights(original, constant)
    for (;;) {
      const next = onlyReader(node.outputs[0])
      const merged = next && absorb(node, next, constant)
      if (!merged) return [node]
      taken.add(next)
      node = { ...merged, outputs: next.outputs }
    }
  })
  return { nodes: fused, outputs }
}
