import { ConvletError } from '../../ts/error.js'
import { dtypeBytes } from '../../ts/file.js'
import type { DType, Tensor } from '../../ts/types.js'

/** In the place of something that convlet cannot use: the reason, with the way out. */
export interface Unread {
  readonly unread: string
}

export const isUnread = (v: unknown): v is Unread => typeof v === 'object' && v !== null && 'unread' in v

type Whole = number | { readonly low: number; readonly high: number; toNumber(): number }
type List<T> = readonly T[] | null

/** The fields of onnx-proto's TensorProto that are read. */
interface TensorProto {
  readonly dims?: List<Whole>
  readonly dataType?: number | null
  readonly rawData?: Uint8Array | null
  readonly floatData?: List<number>
  readonly doubleData?: List<number>
  readonly int32Data?: List<number>
  readonly int64Data?: List<Whole>
  readonly uint64Data?: List<Whole>
  readonly externalData?: List<{ readonly key?: string | null; readonly value?: string | null }>
  readonly dataLocation?: number | null
  readonly segment?: unknown
}

/** A protobuf 64-bit integer as a number. (protobufjs gives objects where the package `long` is installed, else numbers.) */
export const wholeNumber = (v: Whole): number => (typeof v === 'number' ? v : v.toNumber())

// Exact, and saturated where protobufjs could only give a rounded number: 2^63 must not wrap to the smallest integer.
const wholeBig = (v: Whole): bigint => {
  if (typeof v !== 'number') return (BigInt(v.high) << 32n) | BigInt(v.low >>> 0)
  return v >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(Math.trunc(v))
}

/** More dimensions than any network has; a bound for hostile files. */
export const MAX_RANK = 64

/** ONNX's numbers of element types, in safetensors' names. */
export const dtypes: ReadonlyMap<number, DType> = new Map([
  [1, 'F32'],
  [2, 'U8'],
  [3, 'I8'],
  [4, 'U16'],
  [5, 'I16'],
  [6, 'I32'],
  [7, 'I64'],
  [9, 'BOOL'],
  [10, 'F16'],
  [11, 'F64'],
  [12, 'U32'],
  [13, 'U64'],
  [16, 'BF16'],
])

// Which typed field holds an element type, and how its numbers become bytes: float16 and bfloat16 are bits in int32_data.
const typedData = (t: TensorProto, dtype: DType): ArrayBufferView => {
  const int32 = t.int32Data ?? []
  switch (dtype) {
    case 'F32':
      return Float32Array.from(t.floatData ?? [])
    case 'F64':
      return Float64Array.from(t.doubleData ?? [])
    case 'I64':
      return BigInt64Array.from(t.int64Data ?? [], wholeBig)
    case 'U64':
      return BigUint64Array.from(t.uint64Data ?? [], wholeBig)
    case 'U32':
      return Uint32Array.from(t.uint64Data ?? [], wholeNumber)
    case 'I32':
      return Int32Array.from(int32)
    default:
      return dtypeBytes[dtype] === 2 ? Uint16Array.from(int32) : Uint8Array.from(int32)
  }
}

/**
 * Gives `length` bytes from `offset` on of a file beside the model; `location` is the name that the model has for it, a
 * path relative to the model's folder. `undefined`: there is no such file.
 */
export type External = (location: string, offset: number, length: number) => Uint8Array | undefined

const ONE_FILE = 'put all in one file: onnx.save_model(onnx.load(path), out, save_as_external_data=False)'

/** The bytes of a tensor that lie in another file. */
const readExternal = (
  t: TensorProto,
  size: number,
  fail: (fact: string) => never,
  external: External | undefined,
): Uint8Array | Unread => {
  const entries = new Map((t.externalData ?? []).map(({ key, value }) => [key, value ?? '']))
  const location = entries.get('location') || fail('it is in another file, whose name is absent')
  const number = (key: string, fallback: number) => {
    const text = entries.get(key) ?? `${fallback}`
    const n = /^\d+$/.test(text) ? Number(text) : Number.NaN
    return Number.isSafeInteger(n) ? n : fail(`${key} "${text}" in "${location}" is no number of bytes`)
  }
  const [offset, length] = [number('offset', 0), number('length', size)]
  if (length !== size) fail(`it takes ${size} bytes, ${length} are said to be in "${location}"`)
  if (!external) return { unread: `external data is not read ("${location}" is not given); ${ONE_FILE}` }
  const data = external(location, offset, length)
  if (data === undefined) return { unread: `its data is in "${location}", which is absent; ${ONE_FILE}` }
  return data.length === size
    ? data
    : fail(`it takes ${size} bytes, "${location}" has ${data.length} from byte ${offset} on`)
}

/**
 * A TensorProto with little-endian bytes (a view of the file's where they are raw). `where` is its name in messages,
 * `external` reads what lies in other files.
 */
export const readTensor = (t: TensorProto, where: string, external?: External): Tensor | Unread => {
  if (t.segment) return { unread: 'tensors in segments are not read' }
  if (t.dataType === 8) return { unread: 'text tensors are not read' }
  const dtype = dtypes.get(t.dataType ?? 0)
  if (dtype === undefined) return { unread: `tensors of ONNX element type ${t.dataType ?? 0} are not read` }

  const fail = (fact: string): never => {
    throw new ConvletError('FILE', `${where}: ${fact}; export the model again`)
  }
  const shape = (t.dims ?? []).map(wholeNumber)
  const count = shape.reduce((a, b) => a * b, 1)
  if (
    shape.length > MAX_RANK ||
    !shape.every(n => Number.isSafeInteger(n) && n >= 0) ||
    !Number.isSafeInteger(count * 8)
  )
    fail(`its shape ${shape.join('×')} is impossible`)
  const size = count * dtypeBytes[dtype]
  if (t.dataLocation === 1 || t.externalData?.length) {
    const data = readExternal(t, size, fail, external)
    return isUnread(data) ? data : { dtype, shape, data }
  }
  const raw = t.rawData?.length ? t.rawData : typedData(t, dtype)
  const data = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength)
  if (data.length !== size)
    fail(`${shape.join('×') || 'one'} of ${dtype} takes ${size} bytes, the file has ${data.length}`)
  return { dtype, shape, data }
}
