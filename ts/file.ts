// The file is a safetensors file (https://huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header,
// then the tensors' bytes. What convlet adds is text in `__metadata__`, which other tools ignore.
import { failWith, isObject, isSize } from './guards.js'
import { toMeta } from './meta.js'
import type { DType, Model, ModelMeta, Tensor, TensorInfo } from './types.js'

export interface FileHeader extends ModelMeta {
  /** In the order of the data section. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Of the data section, in lower-case hex; absent in files of other tools. */
  readonly sha256: string | undefined
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

const fail = failWith('FILE')

const ALIGN = 64
// The limit of the safetensors library: a longer header is an attack or another kind of file.
const MAX_HEADER = 100_000_000

const kinds = [
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8', 'a JPEG image'],
  ['PK', 'a zip archive; save PyTorch models with safetensors.torch.save_file'],
  ['\x80', 'a pickle; save PyTorch models with safetensors.torch.save_file'],
  ['\x08', 'an ONNX model; convert it with `convlet convert`'],
  ['\x1f\x8b', 'gzip; unpack it first'],
  ['version ', 'a Git LFS pointer; fetch the file itself'],
  ['<', 'an HTML page; is the address right?'],
] as const

/** Bytes of the JSON header, from the first 8 bytes of a file. */
export const headerLength = (first8: Uint8Array): number => {
  if (first8.length < 8) fail(`the file is cut short: ${first8.length} bytes, 8 needed for the header length`)
  const view = new DataView(first8.buffer, first8.byteOffset)
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
  if (length >= 2 && length <= MAX_HEADER) return length
  const start = String.fromCharCode(...first8.subarray(0, 8))
  const kind = kinds.find(([magic]) => start.startsWith(magic))
  return fail(`not a safetensors file${kind ? `: looks like ${kind[1]}` : `: header length ${length}`}`)
}

const toTensor = (name: string, v: unknown): TensorInfo => {
  const at = `tensor "${name}"`
  if (!isObject(v)) return fail(`${at} is not an object`)
  const { dtype, shape, data_offsets: offsets } = v
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBytes, dtype))
    return fail(`${at}: unknown dtype ${JSON.stringify(dtype)}; save it as F32, F16 or BF16`)
  if (!Array.isArray(shape) || !shape.every(isSize)) return fail(`${at}: bad shape ${JSON.stringify(shape)}`)
  const bytes = shape.reduce((a: number, b: number) => a * b, dtypeBytes[dtype as DType])
  if (!isSize(bytes)) return fail(`${at}: shape [${shape}] overflows`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[1]! < offsets[0]!)
    return fail(`${at}: bad data_offsets ${JSON.stringify(offsets)}`)
  const [begin, end] = offsets as [number, number]
  if (end - begin !== bytes)
    return fail(`${at}: ${dtype} [${shape}] takes ${bytes} bytes, data_offsets span ${end - begin}`)
  return { dtype: dtype as DType, shape, begin, end }
}

/** Throws unless a file of so many bytes holds exactly the tensors of the header. */
export const checkLength = (header: FileHeader, fileLength: number): void => {
  const wanted = header.dataBegin + header.dataLength
  if (fileLength < wanted) fail(`the file is cut short: ${fileLength} of ${wanted} bytes; download it again`)
  if (fileLength > wanted) fail(`the file has ${fileLength - wanted} bytes after the last tensor; save it again`)
}

/** Reads the JSON header, the bytes 8 to 8 + `headerLength`. Without `fileLength`, call `checkLength` when it is known. */
export const parseHeader = (json: Uint8Array, fileLength?: number): FileHeader => {
  let all: unknown
  try {
    all = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch {
    // Said below: what does not parse is no object either.
  }
  if (!isObject(all)) return fail("the file's header is not a JSON object; is it a safetensors file?")
  const { __metadata__ = {}, ...described } = all
  const sorted = Object.entries(described)
    .map(([name, v]) => [name, toTensor(name, v)] as const)
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  let dataLength = 0
  for (const [name, { begin, end }] of sorted) {
    if (begin < dataLength) fail(`tensor "${name}" overlaps the tensor before it by ${dataLength - begin} bytes`)
    if (begin > dataLength) fail(`a gap of ${begin - dataLength} bytes before tensor "${name}"; save the file again`)
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

/** Throws unless the data section has the header's hash; a file without one, or a runtime that cannot hash, passes. */
export const checkHash = async (header: FileHeader, data: Uint8Array): Promise<void> => {
  if (header.sha256 === undefined) return
  const found = await digest(data)
  if (found !== undefined && found !== header.sha256)
    fail(
      `the weights have sha256 ${found}, the file says ${header.sha256}; download it again, or drop the key if you edited it`,
    )
}

/** The whole file: tensors in the map's order, data aligned to 64 bytes. What could not be read back is refused. */
export const encodeModel = async ({ tensors, ...meta }: Model): Promise<Uint8Array> => {
  const { graph, preprocess, labels, source, opset } = meta
  let end = 0
  const described = [...tensors].map(([name, { dtype, shape, data }]) => {
    if (name === '__metadata__') fail(`no tensor can be named "${name}"; rename it`)
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
  if (begin > MAX_HEADER) fail(`a header of ${begin} bytes is too long`)
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

/** Reads a file that is wholly in memory and verifies its hash. The tensors are views of `bytes`. */
export const readModel = async (bytes: Uint8Array): Promise<Model> => {
  const end = 8 + headerLength(bytes)
  if (end > bytes.length)
    fail(`the file is cut short: the header alone takes ${end} bytes, the file has ${bytes.length}`)
  const header = parseHeader(bytes.subarray(8, end), bytes.length)
  const data = bytes.subarray(end)
  await checkHash(header, data)
  const { sha256, dataBegin, dataLength, tensors, ...meta } = header
  const views = Array.from(tensors, ([name, { dtype, shape, begin, end }]): [string, Tensor] => [
    name,
    { dtype, shape, data: data.subarray(begin, end) },
  ])
  return { ...meta, tensors: new Map(views) }
}
