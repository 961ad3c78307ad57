// Constant folding: what exporters write as arithmetic on shapes, and the turning about of weights.
import type { Shape, Tensor } from '../../ts/types.js'
import * as arithmetic from './arithmetic.js'
import { CELL, type Fold, made, NUMBER, need, type Spend } from './arithmetic.js'
import { failAt, numberAttr, numbersAttr, numbersOfConst, tensorAttr, textAttr, toAxis } from './context.js'
import { partsOf } from './parts.js'
import type { OnnxNode } from './read.js'
import { MAX_RANK } from './tensor.js'
import {
  type Const,
  cut,
  type Dim,
  dimsOf,
  floatBytes,
  isFloat,
  numbersOf,
  pick,
  pickStrided,
  refuse,
  sizeOf,
  stridesOf,
  transpose,
} from './values.js'

const reshaped = (node: OnnxNode, c: Const, shape: Shape): Const =>
  shape.every(Number.isInteger) && sizeOf(shape) === sizeOf(c.shape)
    ? { ...c, shape }
    : failAt(node, `${c.shape.join('×')} cannot become ${shape.join('×')}`)

/** Axes of Squeeze and Unsqueeze: an attribute before opset 13, an input since. */
const axesOf = (node: OnnxNode, inputs: readonly (Const | undefined)[]): readonly number[] | undefined =>
  inputs[1] ? numbersOfConst(inputs[1], 'axes') : numbersAttr(node, 'axes')

const concat: Fold = (node, inputs, spend) => {
  const parts = inputs.map((_, i) => need(node, inputs, i))
  const first = parts[0] ?? failAt(node, 'it has no inputs')
  const axis = toAxis(node, numberAttr(node, 'axis') ?? 0, first.shape.length)
  const like = (s: Shape) => s.length === first.shape.length && s.every((n, d) => d === axis || n === first.shape[d])
  const odd = parts.find(p => !like(p.shape))
  if (odd) failAt(node, `${odd.shape.join('×')} cannot be appended to ${first.shape.join('×')}`)
  const shape = first.shape.with(
    axis,
    parts.reduce((n, p) => n + p.shape[axis]!, 0),
  )
  spend(sizeOf(shape) * NUMBER)
  const outer = sizeOf(shape.slice(0, axis))
  const chunks = parts.map(p => ({ numbers: Array.from(dimsOf(p)), length: sizeOf(p.shape) / Math.max(outer, 1) }))
  const all: Dim[] = []
  for (let o = 0; o < outer; o++)
    for (const { numbers, length } of chunks) for (let i = o * length; i < (o + 1) * length; i++) all.push(numbers[i]!)
  if (!isFloat(first.dtype) || parts.some(p => 'dims' in p)) return made(shape, all, first.dtype)
  return { name: '', shared: false, dtype: 'F32', shape, data: floatBytes(all as number[]) }
}

const ofTensor = (t: Tensor): Const => ({ ...t, name: '', shared: false })

const constant: Fold = node => {
  const value = tensorAttr(node, 'value')
  if (value !== undefined) return ofTensor(value)
  const float = numberAttr(node, 'value_float')
  if (float !== undefined) return made([], [float], 'F32')
  const int = numberAttr(node, 'value_int')
  if (int !== undefined) return made([], [int])
  const floats = numbersAttr(node, 'value_floats')
  if (floats !== undefined) return made([floats.length], floats, 'F32')
  const ints = numbersAttr(node, 'value_ints')
  if (ints !== undefined) return made([ints.length], ints)
  // Only to learn why it cannot be read.
  tensorAttr(node, 'sparse_value')
  return textAttr(node, 'value_string') === undefined && !node.attrs.has('value_strings')
    ? failAt(node, 'it has no value')
    : refuse('text tensors are not read')
}

const constantOfShape: Fold = (node, inputs, spend) => {
  const shape = numbersOfConst(need(node, inputs, 0), 'shape')
  if (!shape.every(n => n >= 0)) failAt(node, `shape ${shape.join('×')} is impossible`)
  const value = tensorAttr(node, 'value')
  const one = (value && numbersOf(value)[0]) ?? 0
  const dtype = value?.dtype ?? 'F32'
  spend(sizeOf(shape) * (isFloat(dtype) ? CELL : NUMBER))
  if (!isFloat(dtype)) return made(shape, Array<Dim>(sizeOf(shape)).fill(one), dtype)
  return { name: '', shared: false, dtype: 'F32', shape, data: floatBytes(new Float32Array(sizeOf(shape)).fill(one)) }
}

const gather: Fold = (node, inputs, spend) => {
  const c = need(node, inputs, 0)
  const at = need(node, inputs, 1)
  const axis = toAxis(node, numberAttr(node, 'axis') ?? 0, c.shape.length)
  const size = c.shape[axis]!
  const index = numbersOfConst(at, 'indices').map(i =>
    i >= -size && i < size ? (i + size) % size : failAt(node, `index ${i} is outside of ${size} elements`),
  )
  const shape = [...c.shape.slice(0, axis), ...at.shape, ...c.shape.slice(axis + 1)]
  spend(sizeOf(shape) * CELL)
  const inner = sizeOf(c.shape.slice(axis + 1))
  return pick(c, shape, i => {
    const row = Math.floor(i / inner)
    const outer = Math.floor(row / index.length)
    return (outer * size + index[row % index.length]!) * inner + (i % inner)
  })
}

const reshape: Fold = (node, inputs) => {
  const c = need(node, inputs, 0)
  const zeroCopies = !numberAttr(node, 'allowzero')
  const target = numbersOfConst(need(node, inputs, 1), 'shape').map((n, d) =>
    n === 0 && zeroCopies ? (c.shape[d] ?? failAt(node, `dimension ${d} has nothing to copy`)) : n,
  )
  const known = sizeOf(target.filter(n => n !== -1))
  return reshaped(
    node,
    c,
    target.map(n => (n === -1 ? sizeOf(c.shape) / known : n)),
  )
}

type Cuts = Readonly<Record<'starts' | 'ends' | 'axes' | 'steps', readonly number[]>>

const sliced = (node: OnnxNode, c: Const, { starts, ends, axes, steps }: Cuts, spend: Spend): Const => {
  const shape = [...c.shape]
  const strides = stridesOf(c.shape)
  let offset = 0
  for (const [i, from] of axes.entries()) {
    const axis = toAxis(node, from, c.shape.length)
    const [size, step] = [c.shape[axis]!, steps[i]!]
    if (step === 0) failAt(node, 'step 0 goes nowhere')
    const { from: start, length } = cut(size, starts[i]!, ends[i]!, step)
    shape[axis] = length
    offset += start * strides[axis]!
    strides[axis]! *= step
  }
  spend(sizeOf(shape) * CELL)
  return pickStrided(c, shape, strides, offset)
}

const slice: Fold = (node, inputs, spend) => {
  const c = need(node, inputs, 0)
  const list = (i: number, name: string) => (inputs[i] ? numbersOfConst(inputs[i], name) : numbersAttr(node, name))
  const starts = list(1, 'starts') ?? failAt(node, 'it has no starts')
  const ends = list(2, 'ends') ?? failAt(node, 'it has no ends')
  const axes = list(3, 'axes') ?? starts.map((_, i) => i)
  const steps = list(4, 'steps') ?? starts.map(() => 1)
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length)
    failAt(node, 'starts, ends, axes and steps differ in length')
  return sliced(node, c, { starts, ends, axes, steps }, spend)
}

const squeeze: Fold = (node, inputs) => {
  const c = need(node, inputs, 0)
  const axes = axesOf(node, inputs)?.map(axis => toAxis(node, axis, c.shape.length))
  return reshaped(
    node,
    c,
    c.shape.filter((n, d) => (axes ? !axes.includes(d) : n !== 1)),
  )
}

const unsqueeze: Fold = (node, inputs) => {
  const c = need(node, inputs, 0)
  const axes = axesOf(node, inputs) ?? failAt(node, 'it has no axes')
  const rank = c.shape.length + axes.length
  if (rank > MAX_RANK) failAt(node, `${rank} dimensions are too many`)
  const at = axes.map(axis => toAxis(node, axis, rank))
  if (new Set(at).size < at.length) failAt(node, `axes ${axes.join(', ')} name one dimension twice`)
  const rest = [...c.shape]
  return { ...c, shape: Array.from({ length: rank }, (_, d) => (at.includes(d) ? 1 : rest.shift()!)) }
}

const transposed: Fold = (node, inputs, spend) => {
  const c = need(node, inputs, 0)
  const perm = numbersAttr(node, 'perm') ?? c.shape.map((_, d) => c.shape.length - 1 - d)
  if (perm.length !== c.shape.length || c.shape.some((_, d) => !perm.includes(d)))
    failAt(node, `perm ${perm.join(', ')} is no order of ${c.shape.length} dimensions`)
  spend(sizeOf(c.shape) * CELL)
  return transpose(c, perm)
}

/** The dimensions of a value, known or a multiple of the batch. (Opset 15 may ask for a part of them.) */
export const foldShape = (node: OnnxNode, dims: readonly Dim[]): Const => {
  const part = dims.slice(numberAttr(node, 'start') ?? 0, numberAttr(node, 'end') ?? dims.length)
  return made([part.length], part)
}

/** The parts of a constant, one for each output. */
export const foldSplit = (node: OnnxNode, inputs: readonly (Const | undefined)[], spend: Spend): readonly Const[] => {
  const c = need(node, inputs, 0)
  const axis = toAxis(node, numberAttr(node, 'axis') ?? 0, c.shape.length)
  const sizes = inputs[1] ? numbersOfConst(inputs[1], 'split') : numbersAttr(node, 'split')
  return partsOf(node, c.shape[axis]!, sizes).map(([start, end]) => {
    const part = sliced(node, c, { starts: [start], ends: [end], axes: [axis], steps: [1] }, spend)
    return { ...part, name: '', shared: false }
  })
}

export const folds: Readonly<Record<string, Fold>> = {
  Abs: arithmetic.absolute,
  Add: arithmetic.add,
  Cast: arithmetic.cast,
  Ceil: arithmetic.ceiling,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Div: arithmetic.divided,
  Equal: arithmetic.equal,
  Exp: arithmetic.exponential,
  Floor: arithmetic.floor,
  Gather: gather,
  Identity: (node, inputs) => need(node, inputs, 0),
  Max: arithmetic.greatest,
  Min: arithmetic.least,
  Mul: arithmetic.multiplied,
  Neg: arithmetic.negative,
  Pow: arithmetic.power,
  Reciprocal: arithmetic.reciprocal,
  Reshape: reshape,
  Slice: slice,
  Sqrt: arithmetic.root,
  Squeeze: squeeze,
  Sub: arithmetic.subtract,
  Sum: arithmetic.total,
  Transpose: transposed,
  Unsqueeze: unsqueeze,
}
