// The file is a safetensors file (https://huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header,
// then the tensors' bytes. What convlet adds is text in `__metadata__`, which other tools ignore.
import { fail } from './error.js'
import { all, isSize, kind, map, object, type Reader, record } from './guards.js'
import { parse, toMeta } from './meta.js'
import { size } from './shape.js'
import type { DType, Model, ModelMeta, Shape, Tensor, TensorInfo } from './types.js'

export interface FileHeader extends ModelMeta {
  /** In the order of the data section. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Of the data section, in lower-case hex; absent in files of other tools. */
  readonly sha256?: string
  /** Where the data section begins in the file. */
  readonly dataBegin: number
  readonly dataLength: number
}

/** Bytes of one element. */
export const dtypeBytes: Readonly<Record<DType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
}

const ALIGN = 64
// The limit of the safetensors library: a longer header is an attack or another kind of file.
const MAX_HEADER = 100_000_000

/** Bytes of the JSON header, from the first 8 bytes of a file. */
export const headerLength = (first8: Uint8Array): number => {
  const view = new DataView(first8.buffer, first8.byteOffset)
  const length = Number(view.getBigUint64(0, true))
  return length >= 2 && length <= MAX_HEADER
    ? length
    : fail('FILE', `not a safetensors file: it begins ${JSON.stringify(String.fromCharCode(...first8.subarray(0, 8)))}`)
}

const tensor = record({
  dtype: kind<DType>('F32, F16 or BF16', v => Object.keys(dtypeBytes).includes(v as string)),
  shape: kind<number[]>('a list of sizes', all(isSize)),
  data_offsets: kind<[number, number]>('a beginning and an end', v => all(isSize)(v) && (v as Shape).length === 2),
})

const toTensor: Reader<TensorInfo> = (v, at, code) => {
  const { dtype, shape, data_offsets } = tensor(v, at, code)
  const [begin, end] = data_offsets
  const bytes = size(shape) * dtypeBytes[dtype]
  return end - begin === bytes
    ? { dtype, shape, begin, end }
    : fail(code, `${at}: ${dtype} [${shape}] takes ${bytes} bytes, data_offsets span ${end - begin}`)
}

export const failLength = (wanted: number | string, found: number): never =>
  fail('FILE', `the file should have ${wanted} bytes, it has ${found}; download it again`)

/** Throws unless a file of so many bytes holds exactly the tensors of the header. */
export const checkLength = ({ dataBegin, dataLength }: FileHeader, found: number): void => {
  if (found !== dataBegin + dataLength) failLength(dataBegin + dataLength, found)
}

/** Reads the JSON header, the bytes 8 to 8 + `headerLength`. Without `fileLength`, call `checkLength` when it is known. */
export const parseHeader = (json: Uint8Array, fileLength?: number): FileHeader => {
  const all = parse('the header', () => new TextDecoder('utf-8', { fatal: true }).decode(json))
  const { __metadata__ = {}, ...described } = object(all, 'the header', 'FILE')
  const sorted = Object.entries(map(toTensor)(described, 'tensor', 'FILE')).sort(
    ([, a], [, b]) => a.begin - b.begin || a.end - b.end,
  )
  let dataLength = 0
  for (const [name, { begin, end }] of sorted) {
    if (begin !== dataLength)
      fail(
        'FILE',
        `tensor "${name}" begins at byte ${begin}, the one before it ends at ${dataLength}; save the file again`,
      )
    dataLength = end
  }
  const tensors = new Map(sorted)
  const header = { ...toMeta(__metadata__, tensors), tensors, dataBegin: 8 + json.length, dataLength }
  if (fileLength !== undefined) checkLength(header, fileLength)
  return header
}

/** Undefined where the runtime has no `crypto.subtle`: a browser page that is not a secure context. */
const digest = async (data: Uint8Array): Promise<string | undefined> => {
  const hash = await globalThis.crypto?.subtle?.digest('SHA-256', data as Uint8Array<ArrayBuffer>)
  return hash && Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, '0')).join('')
}

/** Throws unless the hash of the data section is the header's. */
export const checkHash = (header: FileHeader, found: string | undefined): void => {
  if (found !== header.sha256)
    fail('FILE', `the weights have sha256 ${found}, the file says ${header.sha256}; download it again`)
}

/** The whole file: tensors in the map's order, data aligned to 64 bytes. What could not be read back is refused. */
export const encodeModel = async ({ tensors, ...meta }: Model): Promise<Uint8Array> => {
  const { graph, preprocess, labels, source, opset } = meta
  let end = 0
  const described = [...tensors].map(([name, { dtype, shape, data }]) => {
    if (name === '__metadata__') fail('FILE', `no tensor can be named "${name}"; rename it`)
    return [name, { dtype, shape, data_offsets: [end, (end += data.length)] }] as const
  })
  const toHeader = (sha256?: string) => {
    const texts = {
      format: 'convlet',
      version: '1',
      graph: graph && JSON.stringify(graph),
      preprocess: preprocess && JSON.stringify(preprocess),
      labels: labels && JSON.stringify(labels),
      sha256,
      source,
      opset: opset?.toString(),
    }
    return new TextEncoder().encode(JSON.stringify(Object.fromEntries([['__metadata__', texts], ...described])))
  }
  // The hash stands before what it is the hash of: a stand-in of its length tells where the data begins.
  const draft = toHeader('0'.repeat(64))
  parseHeader(draft)
  const begin = Math.ceil((8 + draft.length) / ALIGN) * ALIGN
  if (begin > MAX_HEADER) fail('FILE', `a header of ${begin} bytes is too long`)
  const file = new Uint8Array(begin + end)
  new DataView(file.buffer).setUint32(0, begin - 8, true)
  let at = begin
  for (const { data } of tensors.values()) {
    file.set(data, at)
    at += data.length
  }
  file.fill(0x20, 8, begin).set(toHeader(await digest(file.subarray(begin))), 8)
  return file
}

/** A model of a header and its data section. The tensors are views of `data`. */
export const toModel = ({ sha256, dataBegin, dataLength, tensors, ...meta }: FileHeader, data: Uint8Array): Model => {
  const views = Array.from(tensors, ([name, { dtype, shape, begin, end }]): [string, Tensor] => [
    name,
    { dtype, shape, data: data.subarray(begin, end) },
  ])
  return { ...meta, tensors: new Map(views) }
}

/** Reads a file that is wholly in memory and verifies its hash. The tensors are views of `bytes`. */
export const readModel = async (bytes: Uint8Array): Promise<Model> => {
  if (bytes.length < 8) fail('FILE', `the file is cut short: ${bytes.length} bytes; download it again`)
  const end = 8 + headerLength(bytes)
  if (end > bytes.length)
    fail('FILE', `the file is cut short: its header takes ${end} bytes, it has ${bytes.length}; download it again`)
  const header = parseHeader(bytes.subarray(8, end), bytes.length)
  const data = bytes.subarray(end)
  const hash = header.sha256 && (await digest(data))
  // Without `crypto.subtle` nothing can be said.
  if (hash) checkHash(header, hash)
  return toModel(header, data)
}
