// The values of a graph as the converter sees them: constants, which it may compute with, and what only a run knows.
import { dtypeBytes } from '../../ts/file.js'
import type { DType, Shape, Tensor } from '../../ts/types.js'
import type { Unread } from './tensor.js'

/** A multiple of the batch: shapes keep the batch open, so that one file serves every batch. */
export interface Batch {
  readonly batches: number
}
export type Dim = number | Batch

/** A weight: its bytes, as in the file. */
export interface Weight extends Tensor {
  readonly name: string
  /** Whether others read it too, so that changing it would change them. */
  readonly shared: boolean
}
/** The result of shape arithmetic. */
export interface Sizes {
  readonly name: string
  readonly shared: boolean
  readonly dtype: DType
  readonly shape: Shape
  readonly dims: readonly Dim[]
}
export type Const = Weight | Sizes

/** What a run computes. The shape is `undefined` where it could not be told. */
export interface Computed {
  readonly computed: readonly Dim[] | undefined
  /** It comes, directly or not, from a node that cannot be converted: what its shape would tell is not worth a complaint. */
  readonly lost: boolean
}
/** A constant that a node makes which cannot be converted. */
export interface LostConst {
  readonly lostConst: true
}
export type Value = Const | Computed | LostConst | Unread

export const isConst = (v: Value): v is Const => 'dtype' in v
export const isComputed = (v: Value): v is Computed => 'computed' in v

/** Why a node cannot be converted. Thrown by folds and builders, collected by the graph. */
export class Unsupported {
  constructor(readonly reason: string) {}
}
/** Thrown instead where the true reason lies before the node. */
export class Lost {}

export const refuse = (reason: string): never => {
  throw new Unsupported(reason)
}

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)

/** Product of dims; `undefined` for the batch squared. */
export const product = (dims: readonly Dim[]): Dim | undefined =>
  dims.reduce<Dim | undefined>((a, b) => (a === undefined ? a : multiply(a, b)), 1)

export const multiply = (a: Dim, b: Dim): Dim | undefined => {
  if (typeof a === 'number') return typeof b === 'number' ? a * b : a === 0 ? 0 : { batches: a * b.batches }
  return typeof b === 'number' ? multiply(b, a) : undefined
}

/** a + b where it is a multiple of the batch or a number. */
export const plus = (a: Dim, b: Dim): Dim | undefined => {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (a === 0 || b === 0) return a === 0 ? b : a
  if (typeof a === 'number' || typeof b === 'number') return undefined
  return multiply(a.batches + b.batches, { batches: 1 })
}

/** a / b where it is a multiple of the batch or a number. */
export const divide = (a: Dim, b: Dim): Dim | undefined => {
  if (b === 0) return undefined
  if (typeof b === 'number') return typeof a === 'number' ? a / b : { batches: a.batches / b }
  return typeof a === 'number' ? (a === 0 ? 0 : undefined) : a.batches / b.batches
}

export const sameDim = (a: Dim, b: Dim): boolean =>
  typeof a === 'number' || typeof b === 'number' ? a === b : a.batches === b.batches

/** Beyond the end of every axis. What exporters write for that is beyond the integers of JSON. */
export const FAR: number = 2 ** 31 - 1

/** What ONNX's Slice takes of an axis: negative ends count from the back, both are cut to what there is. */
export const cut = (size: number, start: number, end: number, step: number): { from: number; length: number } => {
  const clamp = (n: number, low: number, high: number) => Math.min(Math.max(n < 0 ? n + size : n, low), high)
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1]
  const from = clamp(start, Math.max(low, 0), high)
  return { from, length: Math.max(0, Math.ceil((clamp(end, low, high) - from) / step)) }
}

export const isFloat = (dtype: DType): boolean =>
  dtype === 'F32' || dtype === 'F64' || dtype === 'F16' || dtype === 'BF16'

const floatOfHalf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

type View<T> = { new (buffer: ArrayBufferLike, offset: number, length: number): T }
// Typed arrays want their bytes aligned, which bytes inside a protobuf rarely are. A Buffer's slice would be no copy.
const viewOf = <T>(Ctor: View<T>, width: number, { data }: Tensor): T => {
  const aligned = data.byteOffset % width === 0 ? data : new Uint8Array(data)
  return new Ctor(aligned.buffer, aligned.byteOffset, aligned.length / width)
}

/** The tensor's elements as numbers. */
export const numbersOf = (t: Tensor): ArrayLike<number> => {
  switch (t.dtype) {
    case 'F32':
      return viewOf(Float32Array, 4, t)
    case 'F64':
      return viewOf(Float64Array, 8, t)
    case 'F16':
      return Float32Array.from(viewOf(Uint16Array, 2, t), floatOfHalf)
    case 'BF16':
      return new Float32Array(Uint32Array.from(viewOf(Uint16Array, 2, t), bits => bits << 16).buffer)
    case 'I64':
      return Array.from(viewOf(BigInt64Array, 8, t), Number)
    case 'U64':
      return Array.from(viewOf(BigUint64Array, 8, t), Number)
    case 'I32':
      return viewOf(Int32Array, 4, t)
    case 'U32':
      return viewOf(Uint32Array, 4, t)
    case 'I16':
      return viewOf(Int16Array, 2, t)
    case 'U16':
      return viewOf(Uint16Array, 2, t)
    case 'I8':
      return viewOf(Int8Array, 1, t)
    default:
      return t.data
  }
}

export const dimsOf = (c: Const): ArrayLike<Dim> => ('dims' in c ? c.dims : numbersOf(c))

/** Elements as they are stored, for moving about. */
export type Cells = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Dim[]

const cellsOf = (c: Const): Cells => {
  if ('dims' in c) return [...c.dims]
  const width = dtypeBytes[c.dtype]
  if (width === 1) return c.data
  if (width === 2) return viewOf(Uint16Array, 2, c)
  return width === 4 ? viewOf(Uint32Array, 4, c) : viewOf(BigUint64Array, 8, c)
}

/** A constant of another shape, whose element i is element `at(i)` of `c`, bit for bit. */
export const pick = <C extends Const>(c: C, shape: Shape, at: (i: number) => number): C => {
  const from = cellsOf(c)
  const count = sizeOf(shape)
  if (Array.isArray(from)) return { ...c, shape, dims: Array.from({ length: count }, (_, i) => from[at(i)]!) }
  const to = new (from.constructor as new (n: number) => Uint8Array)(count)
  for (let i = 0; i < count; i++) to[i] = from[at(i)]! as number
  return { ...c, shape, data: new Uint8Array(to.buffer) }
}

/** `pick` by strides: element [i, j, …] of the result is element offset + i·s₀ + j·s₁ + … of `c`. */
export const pickStrided = <C extends Const>(c: C, shape: Shape, strides: readonly number[], offset = 0): C =>
  pick(c, shape, i => {
    let at = offset
    for (let d = shape.length - 1; d >= 0; d--) {
      at += (i % shape[d]!) * strides[d]!
      i = Math.floor(i / shape[d]!)
    }
    return at
  })

/** Strides of a dense tensor. */
export const stridesOf = (shape: Shape): number[] => {
  const strides = shape.map(() => 1)
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * shape[d + 1]!
  return strides
}

export const transpose = <C extends Const>(c: C, perm: readonly number[]): C => {
  const strides = stridesOf(c.shape)
  return pickStrided(
    c,
    perm.map(d => c.shape[d]!),
    perm.map(d => strides[d]!),
  )
}

/** Numbers as an F32 tensor's bytes. */
export const floatBytes = (numbers: ArrayLike<number>): Uint8Array => {
  const floats = numbers instanceof Float32Array ? numbers : Float32Array.from(numbers)
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength)
}
