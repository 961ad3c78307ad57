// Networks of the builders with weights that no training made, but that a trained network could have.
import type { Network } from '../../models/index.js'
import type { Shape, Tensor } from '../../ts/types.js'

/** A stream of numbers between −1 and 1 that a seed determines (xorshift). */
const numbers = (seed: number) => {
  let state = seed
  return (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  }
}

export const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)

/** The middle of a parameter's values and how far they go from it. */
const spread = (name: string, shape: Shape, closesBlock: boolean): readonly [number, number] => {
  // He et al. 2015: behind a ReLU the next layer's values are as large as this one's.
  if (shape.length > 1) return [0, Math.sqrt((6 * shape[0]!) / size(shape))]
  if (name.endsWith('running_var')) return [1, 0.5]
  if (name.endsWith('running_mean')) return [0, 0.3]
  // Where a residual is added a block adds a tenth of the variance: fifty of them would else double it fifty times.
  if (name.endsWith('.weight')) return closesBlock ? [0.35, 0.15] : [1, 0.2]
  return [0, 0.1]
}

/** Weights by He, with batch statistics that folding must not mistake for 0 and 1. */
export const seeded = ({ nodes, parameters }: Network, seed = 1): Map<string, Tensor> => {
  const random = numbers(seed)
  const added = new Set(nodes.flatMap(({ op, inputs }) => (op === 'Add' ? inputs : [])))
  const closing = nodes.filter(({ op, outputs }) => op === 'BatchNormalization' && added.has(outputs[0]!))
  const closes = new Set(closing.flatMap(({ inputs }) => inputs))
  return new Map(
    Object.entries(parameters).map(([name, shape]) => {
      const [middle, reach] = spread(name, shape, closes.has(name))
      const values = new Float32Array(size(shape))
      for (let i = 0; i < values.length; i++) values[i] = middle + reach * random()
      return [name, { dtype: 'F32', shape, data: new Uint8Array(values.buffer) }]
    }),
  )
}

/** Two images that have little in common: noise, and waves. */
export const twoImages = (shape: Shape): Float32Array => {
  const [one, width, random] = [size(shape), shape.at(-1)!, numbers(7)]
  const wave = (i: number) => Math.sin((i % width) / 5) * Math.cos(i / width / 11)
  return Float32Array.from({ length: 2 * one }, (_, i) => (i < one ? random() : wave(i - one)))
}
