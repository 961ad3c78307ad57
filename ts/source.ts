import type { Source } from './api.js'
import { ConvletError } from './error.js'
import { checkLength, type FileHeader, headerLength, parseHeader } from './file.js'
import type { Bytes, Platform, ReadOptions } from './platform.js'

async function* stream(readable: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    // Also when the consumer stops early, so that a download ends.
    await reader.cancel().catch(() => undefined)
  }
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const fromResponse = (response: Response): Bytes => {
  if (!response.ok || response.body === null)
    throw new ConvletError(
      'FILE',
      `${response.url || 'the response'}: status ${response.status} ${response.statusText}.`,
    )
  const length = response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null
  return { total: length === null ? undefined : Number(length), chunks: stream(response.body) }
}

/** Opens any source for reading from its beginning. */
export const open = async (source: Source, platform: Platform, signal?: AbortSignal): Promise<Bytes> => {
  if (source instanceof Uint8Array) return { total: source.length, chunks: whole(source) }
  if (source instanceof ArrayBuffer) return { total: source.byteLength, chunks: whole(new Uint8Array(source)) }
  if (source instanceof Blob) return { total: source.size, chunks: stream(source.stream()) }
  if (source instanceof Response) return fromResponse(source)
  if (source instanceof ReadableStream) return { total: undefined, chunks: stream(source) }
  if (typeof source !== 'string' && !(source instanceof URL))
    throw new ConvletError('INPUT', 'load takes a path, a URL, bytes, a Blob, a Response or a ReadableStream.')
  if (!/^https?:/.test(String(source))) return platform.open(source, signal)
  try {
    return fromResponse(await fetch(source, signal === undefined ? {} : { signal }))
  } catch (cause) {
    if (cause instanceof ConvletError || signal?.aborted) throw cause
    throw new ConvletError('FILE', `${source}: cannot be fetched: ${(cause as Error).message}`, { cause })
  }
}

/** A file whose header has been read; `data` yields its data section once, and then checks its length and hash. */
export interface OpenFile {
  readonly header: FileHeader
  readonly data: () => AsyncGenerator<Uint8Array>
  /** Ends the reading, whether or not all was read. */
  readonly close: () => Promise<void>
}

/** Reads the header of a safetensors file, and no further. */
export const readHeader = async (
  bytes: Bytes,
  platform: Platform,
  { onProgress, signal }: ReadOptions,
): Promise<OpenFile> => {
  const iterator = bytes.chunks[Symbol.asyncIterator]()
  const close = async () => void (await iterator.return?.())
  let loaded = 0
  const next = async (): Promise<Uint8Array | undefined> => {
    if (signal?.aborted) throw aborted(signal)
    const { done, value } = await iterator.next()
    if (done) return undefined
    loaded += value.length
    onProgress?.({ loaded, total: bytes.total })
    return value
  }
  let rest = new Uint8Array()
  const take = async (count: number): Promise<Uint8Array> => {
    while (rest.length < count) {
      const chunk = await next()
      if (chunk === undefined) break
      const joined = new Uint8Array(rest.length + chunk.length)
      joined.set(rest)
      joined.set(chunk, rest.length)
      rest = rest.length === 0 ? (chunk as Uint8Array<ArrayBuffer>) : joined
    }
    const taken = rest.subarray(0, count)
    rest = rest.subarray(count)
    return taken
  }

  const read = async (): Promise<FileHeader> => {
    const length = headerLength(await take(8))
    const json = await take(length)
    if (json.length < length)
      throw new ConvletError(
        'FILE',
        `the file is cut short: its header takes ${length} bytes, ${json.length} are there.`,
      )
    return parseHeader(json, bytes.total)
  }
  async function* data(): AsyncGenerator<Uint8Array> {
    const { header } = file
    const hash = header.sha256 === undefined ? undefined : platform.sha256()
    for (let chunk: Uint8Array | undefined = rest; chunk !== undefined; chunk = await next()) {
      // Never past the last tensor, whatever the file holds behind it.
      if (loaded > header.dataBegin + header.dataLength) checkLength(header, loaded)
      hash?.update(chunk)
      yield chunk
    }
    checkLength(header, loaded)
    const found = hash?.hex()
    if (found !== header.sha256)
      throw new ConvletError(
        'FILE',
        `the weights have sha256 ${found}, the file says ${header.sha256}. Download it again.`,
      )
  }
  let file: OpenFile
  try {
    file = { header: await read(), data, close }
  } catch (cause) {
    await close()
    throw signal?.aborted ? aborted(signal) : cause
  }
  return file
}

export const aborted = (signal: AbortSignal): ConvletError =>
  new ConvletError('ABORTED', 'loading was aborted.', { cause: signal.reason })
