import type { Net } from '../api.js'
import { fail } from '../error.js'
import { size } from '../shape.js'
import type { Graph } from '../types.js'
import { dependents, divide } from './differentiate.js'
import type { Engine, Example } from './engine.js'

/**
 * Parts a graph in two: what only infers, and what is trained, whose input is the one value between them. What dropout changes
 * belongs to the second part.
 */
export const split = (
  graph: Graph,
  trained: (value: string) => boolean,
): readonly [frozen: Graph, rest: (shape: readonly number[]) => Graph] => {
  const varies = dependents(
    graph.nodes,
    (value, { op, attrs }) => trained(value) || (op === 'Dropout' && attrs.rate !== 0),
  )
  const { before, rest, read } = divide(graph.nodes, varies)
  const made = new Set([...before.flatMap(({ outputs }) => outputs), ...graph.inputs.map(({ name }) => name)])
  const between = read.filter(value => made.has(value))
  const [name] = between
  if (name === undefined || between.length > 1 || name === graph.inputs[0]!.name)
    return fail(
      'INPUT',
      'cacheFeatures wants a frozen beginning that hands on one value; ' +
        `the trained part reads ${between.map(value => `"${value}"`).join(', ')}: train less, or without the cache`,
    )
  return [
    { ...graph, outputs: [name], nodes: before },
    shape => ({ inputs: [{ name, shape }], outputs: graph.outputs, nodes: rest }),
  ]
}

/** An engine behind a frozen network, which runs once for each image of a data set that has ids. */
export const behind = (net: Net, batch: number, inner: Engine): Engine => {
  const one = size(Object.values(net.inputs)[0]!) / batch
  const floats = size(Object.values(net.outputs)[0]!) / batch
  const sets = new WeakMap<object, Map<number, Float32Array>>()
  /** Of the batches that are given one by one. */
  const own = {}
  const features = (input: Float32Array): Float32Array => Object.values(net.run(input))[0]!

  const known = (example: Example): Float32Array => {
    const { ids, set = own } = example
    if (!ids) return features(example.input).slice()
    const had = sets.get(set) ?? new Map<number, Float32Array>()
    sets.set(set, had)
    const images = Array.from(ids)
    const missing = images.flatMap((id, i) => (had.has(id) ? [] : [i]))
    if (missing.length) {
      const { input } = example
      const fresh = new Float32Array(missing.length * one)
      for (const [k, i] of missing.entries()) fresh.set(input.subarray(i * one, (i + 1) * one), k * one)
      const values = features(fresh)
      for (const [k, i] of missing.entries()) had.set(images[i]!, values.slice(k * floats, (k + 1) * floats))
    }
    const result = new Float32Array(images.length * floats)
    for (const [i, id] of images.entries()) result.set(had.get(id)!, i * floats)
    return result
  }
  return {
    get steps() {
      return inner.steps
    },
    set steps(count) {
      inner.steps = count
    },
    get pending() {
      return inner.pending
    },
    set pending(count) {
      inner.pending = count
    },
    step: (example, factor, fallback) => {
      if (!example.ids)
        fail(
          'INPUT',
          'cacheFeatures knows images by the ids of a batch, which has none: `batches` gives them where images are not augmented',
        )
      return inner.step({ labels: example.labels, input: known(example) }, factor, fallback)
    },
    evaluate: example => inner.evaluate({ labels: example.labels, input: known(example) }),
  }
}
