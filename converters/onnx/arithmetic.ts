// The numbers of constant folding: element-wise arithmetic and Cast, with the batch kept open.
import type { DType, Shape } from '../../ts/types.js'
import { failAt, numberAttr } from './context.js'
import type { OnnxNode } from './read.js'
import { dtypes } from './tensor.js'
import {
  type Const,
  type Dim,
  dimsOf,
  divide,
  floatBytes,
  isFloat,
  multiply,
  pickStrided,
  plus,
  refuse,
  sizeOf,
  stridesOf,
} from './values.js'

/** Makes a node's output from constant inputs. A result with the name `''` is new; else it is that constant, changed. */
export type Fold = (node: OnnxNode, inputs: readonly (Const | undefined)[], spend: Spend) => Const

/** Called with a cost, about bytes, before it arises: a small file must not fold into terabytes. */
export type Spend = (cost: number) => void

// What an element costs: in a tensor, and as a number of arithmetic, which is slow as well.
export const CELL = 8
export const NUMBER = 512

export const made = (shape: Shape, dims: readonly Dim[], dtype: DType = 'I64'): Const => ({
  name: '',
  shared: false,
  dtype,
  shape,
  dims,
})

export const need = (node: OnnxNode, inputs: readonly (Const | undefined)[], i: number): Const =>
  inputs[i] ?? failAt(node, `input ${i} is missing`)

type Arithmetic = (a: Dim, b: Dim) => Dim | undefined

const minus: Arithmetic = (a, b) => plus(a, multiply(-1, b)!)

const onNumbers =
  (f: (a: number, b: number) => number): Arithmetic =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? f(a, b) : undefined

const broadcastShape = (node: OnnxNode, a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, d) => {
    const [m, n] = [a[d - rank + a.length] ?? 1, b[d - rank + b.length] ?? 1]
    return m === n || n === 1 ? m : m === 1 ? n : failAt(node, `${a.join('×')} and ${b.join('×')} do not fit together`)
  })
}

const broadcast = (c: Const, shape: Shape): ArrayLike<Dim> => {
  const own = stridesOf(c.shape)
  const offset = shape.length - c.shape.length
  const strides = shape.map((_, d) => (d < offset || c.shape[d - offset] === 1 ? 0 : own[d - offset]!))
  return dimsOf(pickStrided(c, shape, strides))
}

const elementwise =
  (f: Arithmetic): Fold =>
  (node, inputs, spend) => {
    const [a, b] = [need(node, inputs, 0), need(node, inputs, 1)]
    const shape = broadcastShape(node, a.shape, b.shape)
    spend(sizeOf(shape) * NUMBER)
    const [x, y] = [broadcast(a, shape), broadcast(b, shape)]
    const result = Array.from(
      x,
      (n, i) => f(n, y[i]!) ?? refuse('its result is neither a number nor a multiple of the batch'),
    )
    if (isFloat(a.dtype) && !('dims' in a || 'dims' in b))
      return { name: '', shared: false, dtype: 'F32', shape, data: floatBytes(result as number[]) }
    return made(shape, isFloat(a.dtype) ? result : result.map(toInteger), a.dtype)
  }

// ONNX divides integers as C does.
const toInteger = (d: Dim): Dim => {
  if (typeof d === 'number') return Math.trunc(d)
  return Number.isInteger(d.batches) ? d : refuse('its result is no multiple of the batch')
}

/** Of any number of inputs. */
const elementwiseAll = (f: Arithmetic): Fold => {
  const two = elementwise(f)
  return (node, inputs, spend) => {
    const [first = failAt(node, 'it has no inputs'), ...rest] = inputs.map((_, i) => need(node, inputs, i))
    return rest.reduce((a, b) => two(node, [a, b], spend), first)
  }
}

const unary =
  (f: (n: number) => number): Fold =>
  (node, inputs, spend) => {
    const c = need(node, inputs, 0)
    spend(sizeOf(c.shape) * NUMBER)
    const numbers = Array.from(dimsOf(c), n =>
      typeof n === 'number' ? f(n) : refuse('its input depends on the batch'),
    )
    if (isFloat(c.dtype) && !('dims' in c))
      return { name: '', shared: false, dtype: 'F32', shape: c.shape, data: floatBytes(numbers) }
    return made(c.shape, isFloat(c.dtype) ? numbers : numbers.map(toInteger), c.dtype)
  }

export const cast: Fold = (node, inputs, spend) => {
  const c = need(node, inputs, 0)
  const to =
    dtypes.get(numberAttr(node, 'to') ?? 0) ?? refuse(`it casts to ONNX element type ${numberAttr(node, 'to')}`)
  if (to === c.dtype) return c
  spend(sizeOf(c.shape) * NUMBER)
  if (isFloat(to) && !('dims' in c)) return { ...c, dtype: 'F32', data: floatBytes(dimsOf(c) as ArrayLike<number>) }
  const toCell = isFloat(to) ? (d: Dim) => d : to === 'BOOL' ? (d: Dim) => (d === 0 ? 0 : 1) : toInteger
  const { name, shared, shape } = c
  return { name, shared, dtype: to, shape, dims: Array.from(dimsOf(c), toCell) }
}

export const add: Fold = elementwise(plus)
export const subtract: Fold = elementwise(minus)
export const multiplied: Fold = elementwise(multiply)
export const divided: Fold = elementwise(divide)
export const power: Fold = elementwise(onNumbers((a, b) => a ** b))

/** 1 where equal, in the type of the inputs: what is made of numbers alone tells truth by them. */
export const equal: Fold = elementwise(onNumbers((a, b) => Number(a === b)))

export const greatest: Fold = elementwiseAll(onNumbers(Math.max))
export const least: Fold = elementwiseAll(onNumbers(Math.min))
export const total: Fold = elementwiseAll(plus)

export const absolute: Fold = unary(Math.abs)
export const ceiling: Fold = unary(Math.ceil)
export const exponential: Fold = unary(Math.exp)
export const floor: Fold = unary(Math.floor)
export const negative: Fold = unary(n => -n)
export const reciprocal: Fold = unary(n => 1 / n)
export const root: Fold = unary(Math.sqrt)
