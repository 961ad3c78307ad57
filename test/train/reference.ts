// Training in double precision: the forward run of the references, with batch norms on their batch, and slopes by central differences.
import type { Graph, Node } from '../../ts/types.js'
import { interpret } from '../ref/graph.js'
import { batchNorm } from '../ref/norm.js'
import type { Tensor } from '../ref/tensor.js'

/** Mean and biased variance of each channel. */
const statistics = ({ shape, data }: Tensor): [mean: Tensor, variance: Tensor] => {
  const [n, c, ...rest] = shape as readonly [number, number, ...number[]]
  const plane = rest.reduce((a, b) => a * b, 1)
  const mean = new Float64Array(c)
  const variance = new Float64Array(c)
  const each = (visit: (k: number, v: number) => void) => {
    for (let i = 0; i < data.length; i++) visit(Math.floor(i / plane) % c, data[i]!)
  }
  each((k, v) => {
    mean[k]! += v / (n * plane)
  })
  each((k, v) => {
    variance[k]! += (v - mean[k]!) ** 2 / (n * plane)
  })
  return [
    { shape: [c], data: mean },
    { shape: [c], data: variance },
  ]
}

/**
 * Every value of a training step's forward run. Batch norms of which it is said use their running statistics. With `changed`,
 * only what depends on that value is computed anew.
 */
export const trainForward = (
  graph: Graph,
  given: ReadonlyMap<string, Tensor>,
  isFrozen: (node: Node) => boolean,
  changed?: string,
): Map<string, Tensor> => {
  const values = new Map(given)
  const stale = new Set([changed])
  const step = (node: Node): Tensor => {
    if (node.op === 'BatchNormalization' && !isFrozen(node)) {
      const [x, scale, shift] = node.inputs.map(name => values.get(name)!) as [Tensor, Tensor, Tensor]
      return batchNorm(x, [scale, shift, ...statistics(x)], (node.attrs.epsilon as number) ?? 1e-5)
    }
    return interpret({ ...graph, nodes: [node] }, values, new Map()).get(node.outputs[0]!)!.value
  }
  for (const node of graph.nodes) {
    if (changed !== undefined && !node.inputs.some(name => stale.has(name))) continue
    stale.add(node.outputs[0]!)
    values.set(node.outputs[0]!, step(node))
  }
  return values
}

/** Mean over the images of softmax and cross-entropy, with labels smoothed and classes weighted as PyTorch does. */
export const crossEntropy = (
  scores: Tensor,
  labels: ArrayLike<number>,
  smoothing = 0,
  weights?: readonly number[],
): number => {
  const n = scores.shape[0]!
  const c = scores.data.length / n
  let [sum, share] = [0, 0]
  for (let i = 0; i < n; i++) {
    const row = scores.data.subarray(i * c, (i + 1) * c)
    const top = Math.max(...row)
    const log = Math.log(row.reduce((s, v) => s + Math.exp(v - top), 0)) + top
    const weight = (k: number) => weights?.[k] ?? 1
    const label = labels[i]!
    sum += (1 - smoothing) * weight(label) * (log - row[label]!)
    for (let k = 0; k < c; k++) sum += (smoothing / c) * weight(k) * (log - row[k]!)
    share += weight(label)
  }
  return sum / share
}

/** The slope of a function at a number, and how far it may be off: at a kink the two steps disagree. */
export const slope = (f: (v: number) => number, at: number, h = 1e-6): readonly [slope: number, doubt: number] => {
  const by = (d: number) => (f(at + d) - f(at - d)) / (2 * d)
  const [wide, close] = [by(h), by(h / 2)]
  return [close, 4 * Math.abs(close - wide)]
}
