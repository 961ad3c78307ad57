// In how many bits the weights of a model lie in its file.

import { ConvletError } from '../ts/error.js'
import { scaleOf, withoutScales } from '../ts/ops/scales.js'
import type { Graph, Model, Shape, Tensor } from '../ts/types.js'
import { floatBytes, isFloat, numbersOf, sizeOf } from './onnx/values.js'
import { beyond, nearest, round16 } from './round.js'

/** How weights are stored; `int8` has a scale for each output channel. */
export type Storage = 'f32' | 'f16' | 'bf16' | 'int8'

export const storages: readonly Storage[] = ['f32', 'f16', 'bf16', 'int8']

/** The weights that may be stored in fewer bits, with the dimension of their output channels. */
const weightsOf = ({ nodes }: Graph): Map<string, number> => {
  const axes = new Map<string, number>()
  const others = new Set<string>()
  for (const { op, inputs } of nodes)
    for (const [i, name] of inputs.entries()) {
      const axis = i !== 1 ? undefined : op === 'ConvTranspose' ? 1 : op === 'Conv' || op === 'Gemm' ? 0 : undefined
      if (axis === undefined || (axes.get(name) ?? axis) !== axis) others.add(name)
      else axes.set(name, axis)
    }
  for (const name of others) axes.delete(name)
  return axes
}

const floatsOf = (t: Tensor): Float32Array => {
  const numbers = numbersOf(t)
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers)
}

/** All tensors as single precision where they are floats or quantised, the scales gone. */
export const inFloats = (tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> => {
  const widen = (t: Tensor): Tensor =>
    isFloat(t.dtype) && t.dtype !== 'F32' ? { dtype: 'F32', shape: t.shape, data: floatBytes(floatsOf(t)) } : t
  return new Map(Array.from(withoutScales(tensors), ([name, t]) => [name, widen(t)]))
}

/** Symmetric, for each channel along `axis`: scale = max |w| / 127, q = w / scale to the nearest. */
const quantise = (w: Float32Array, shape: Shape, axis: number): readonly [q: Tensor, scale: Tensor] => {
  const inner = sizeOf(shape.slice(axis + 1))
  const channels = shape[axis]!
  // Channels of zeros have a scale as well: nothing is divided by 0, whoever computes with it.
  const scales = new Float32Array(channels).fill(2 ** -126)
  const channel = (i: number) => Math.floor(i / inner) % channels
  for (let i = 0; i < w.length; i++) {
    const scale = Math.abs(w[i]!) / 127
    if (scale > scales[channel(i)]!) scales[channel(i)] = scale
  }
  // A scale that was rounded down makes its largest weight a little more than 127.
  const q = Int8Array.from(w, (v, i) => Math.max(-127, Math.min(127, nearest(v / scales[channel(i)]!))))
  const scaleShape = shape.map((d, i) => (i === axis ? d : 1))
  return [
    { dtype: 'I8', shape, data: new Uint8Array(q.buffer) },
    { dtype: 'F32', shape: scaleShape, data: floatBytes(scales) },
  ]
}

/**
 * The same model with the weights of its Convs, ConvTransposes and Gemms stored otherwise; all other tensors become F32. A
 * tensor that would become infinite stays F32, and `warn` is told of it.
 *
 * - `f16`, `bf16`: to the nearest, of two as near to the even one.
 * - `int8`: I8, symmetric, the scales in a tensor `NAME_scale` that broadcasts to the weights, before them in the file.
 *
 * Throws `GRAPH` for a model without a graph, which tells what is a weight.
 */
export const storeWeights = (model: Model, storage: Storage, warn: (fact: string) => void = () => {}): Model => {
  if (!model.graph)
    throw new ConvletError('GRAPH', 'a model without a graph does not tell what is a weight: name its network.')
  const plain = inFloats(model.tensors)
  if (storage === 'f32') return { ...model, tensors: plain }
  const { inputs, nodes } = model.graph
  const axes = weightsOf(model.graph)
  const names = new Set([
    ...plain.keys(),
    ...inputs.map(({ name }) => name),
    ...nodes.flatMap(({ outputs }) => outputs),
  ])
  const tensors = new Map<string, Tensor>()
  for (const [name, t] of plain) {
    const axis = axes.get(name)
    if (axis === undefined || t.dtype !== 'F32') {
      tensors.set(name, t)
      continue
    }
    const w = floatsOf(t)
    const { shape } = t
    const limit = storage === 'int8' ? Number.POSITIVE_INFINITY : beyond[storage === 'f16' ? 'F16' : 'BF16']
    // Not w.some, which copies nothing but calls a function for each of millions.
    let lost = 0
    for (let i = 0; i < w.length; i++) if (!(Math.abs(w[i]!) < limit)) lost++
    if (lost > 0) {
      warn(`"${name}" stays F32: ${lost} of its ${w.length} numbers have no finite ${storage}`)
      tensors.set(name, t)
    } else if (storage === 'int8') {
      const scale = scaleOf(name)
      if (names.has(scale))
        throw new ConvletError('GRAPH', `"${scale}" is taken: give what has that name another, or use bf16.`)
      const [q, scales] = quantise(w, shape, axis)
      tensors.set(scale, scales).set(name, q)
    } else {
      const dtype = storage === 'f16' ? 'F16' : 'BF16'
      tensors.set(name, { dtype, shape, data: new Uint8Array(round16[dtype](w).buffer) })
    }
  }
  return { ...model, tensors }
}
