// PyTorch's losses and their gradients. logits: n × c; labels that are no class are ignored.
import { map, type Tensor, tensor } from '../tensor.js'

export interface Entropy {
  readonly labels: readonly number[]
  readonly weights?: readonly number[]
  readonly smoothing?: number
}

const logSoftmax = (row: Float64Array): Float64Array => {
  const top = Math.max(...row)
  const log = Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0))
  return row.map(v => v - top - log)
}

const rows = (x: Tensor): Float64Array[] => {
  const [n, c] = x.shape as readonly [number, number]
  return Array.from({ length: n }, (_, i) => x.data.slice(i * c, i * c + c))
}

const isClass = (label: number, c: number): boolean => label >= 0 && label < c

/** The loss of each image: reduction 'none'. */
export const crossEntropy = (logits: Tensor, { labels, weights, smoothing = 0 }: Entropy): Tensor => {
  const [n, c] = logits.shape as readonly [number, number]
  const losses = rows(logits).map((row, i) => {
    const label = labels[i]!
    if (!isClass(label, c)) return 0
    const penalty = logSoftmax(row).map((l, j) => -l * (weights?.[j] ?? 1))
    const hit = (1 - smoothing) * penalty[label]!
    return smoothing === 0 ? hit : hit + (smoothing / c) * penalty.reduce((a, b) => a + b, 0)
  })
  return { shape: [n], data: Float64Array.from(losses) }
}

/** What the losses are divided by for their mean. */
export const entropyCount = (c: number, { labels, weights }: Entropy): number =>
  labels.reduce((sum, label) => sum + (isClass(label, c) ? (weights?.[label] ?? 1) : 0), 0)

/** The gradient of the mean, times scale. */
export const crossEntropyGrad = (logits: Tensor, entropy: Entropy, scale: number): Tensor => {
  const c = logits.shape[1]!
  const { labels, weights, smoothing = 0 } = entropy
  const weight = (j: number) => weights?.[j] ?? 1
  const all = Array.from({ length: c }, (_, j) => weight(j)).reduce((a, b) => a + b, 0)
  const count = entropyCount(c, entropy)
  const p = rows(logits).map(row => logSoftmax(row).map(Math.exp))
  return tensor(logits.shape, ([i, j]) => {
    const k = labels[i!]!
    if (!isClass(k, c) || count === 0) return 0
    const hit = (1 - smoothing) * weight(k) * (p[i!]![j!]! - Number(j === k))
    return (scale / count) * (hit + (smoothing / c) * (p[i!]![j!]! * all - weight(j!)))
  })
}

/** The mean of the squares of each row. */
export const mse = (y: Tensor, target: Tensor): Tensor => {
  const [n, c] = y.shape as readonly [number, number]
  return tensor([n], ([i]) => {
    let sum = 0
    for (let j = 0; j < c; j++) sum += (y.data[i! * c + j]! - target.data[i! * c + j]!) ** 2
    return sum / c
  })
}

/** The gradient of the mean of all squares, times scale. */
export const mseGrad = (y: Tensor, target: Tensor, scale: number): Tensor =>
  map(y, (v, i) => (2 * scale * (v - target.data[i]!)) / y.data.length)
