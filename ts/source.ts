import type { Source } from './api.js'
import { ConvletError, fail } from './error.js'
import { checkHash, checkLength, type FileHeader, failLength, headerLength, parseHeader } from './file.js'
import type { Bytes, Hash, Platform, ReadOptions } from './platform.js'

/** Opens any source for reading from its beginning. */
export const open = async (source: Source, platform: Platform, signal: AbortSignal | undefined): Promise<Bytes> => {
  let from = source instanceof ArrayBuffer ? new Uint8Array(source) : source
  if (from instanceof Uint8Array) return { total: from.length, chunks: [from].values() }
  if (typeof from === 'string' || from instanceof URL) {
    if (!/^https?:/.test(`${from}`)) return platform.open(from)
    from = await fetch(from, { signal: signal ?? null })
  }
  if (from instanceof Blob) from = new Response(from, { headers: { 'content-length': `${from.size}` } })
  if (from instanceof ReadableStream) from = new Response(from)
  if (!(from instanceof Response))
    return fail('INPUT', 'load takes a path, a URL, bytes, a Blob, a Response or a ReadableStream')
  const { ok, status, headers, body, url } = from
  if (!ok || !body) return fail('FILE', `${url || 'the response'}: status ${status}`)
  const reader = body.getReader()
  return {
    // Of encoded bytes the length says nothing.
    total: (!headers.has('content-encoding') && Number(headers.get('content-length'))) || undefined,
    chunks: { next: () => reader.read() as Promise<IteratorResult<Uint8Array>>, return: () => reader.cancel() },
  }
}

/** An open file after its header. */
export interface OpenFile {
  readonly header: FileHeader
  /** Fills the target with the next bytes of the data section. */
  readonly read: (target: Uint8Array) => Promise<Uint8Array>
  /** Throws unless all was read and has the header's hash. */
  readonly end: () => Promise<void>
}

/** Reads the header of a safetensors file, and of the rest what `use` reads. */
export const withFile = async <T>(
  source: Source,
  platform: Platform,
  { onProgress, signal }: ReadOptions,
  use: (file: OpenFile) => T | Promise<T>,
): Promise<T> => {
  // A source that stalls must not keep an abort waiting.
  const stop = new Promise<never>((_, reject) => signal?.addEventListener('abort', reject, { once: true }))
  stop.catch(() => undefined)
  const attempt = async <R>(action: () => R | Promise<R>): Promise<R> => {
    try {
      signal?.throwIfAborted()
      return await Promise.race([action(), stop])
    } catch (cause) {
      if (signal?.aborted) fail('ABORTED', 'loading was aborted', cause)
      if (cause instanceof ConvletError) throw cause
      return fail('FILE', `cannot read ${source}: ${(cause as Error).message}`, cause)
    }
  }
  const { total, chunks } = await attempt(() => open(source, platform, signal))
  let hash: Hash | undefined
  let loaded = 0
  let rest = new Uint8Array()

  /** The next bytes that are there, at most so many; none at the end of the file. */
  const pull = async (most: number): Promise<Uint8Array> => {
    while (!rest.length) {
      const { done, value } = await attempt(() => chunks.next())
      if (done) break
      rest = value as Uint8Array<ArrayBuffer>
      loaded += rest.length
      onProgress?.({ loaded, total })
    }
    const bytes = rest.subarray(0, most)
    rest = rest.subarray(most)
    hash?.update(bytes)
    return bytes
  }
  const read = async (target: Uint8Array): Promise<Uint8Array> => {
    for (let at = 0; at < target.length; ) {
      const bytes = await pull(target.length - at)
      if (!bytes.length) failLength(`${loaded + target.length - at} or more`, loaded)
      target.set(bytes, at)
      at += bytes.length
    }
    return target
  }
  try {
    const length = headerLength(await read(new Uint8Array(8)))
    const header = parseHeader(await read(new Uint8Array(length)), total)
    if (header.sha256 !== undefined) hash = platform.sha256()
    const end = async () => {
      await pull(1)
      checkLength(header, loaded)
      if (hash) checkHash(header, hash.digest('hex'))
    }
    return await use({ header, read, end })
  } finally {
    // Nobody waits for the end of what nobody reads, nor minds how it ends.
    Promise.resolve(chunks.return?.()).catch(() => undefined)
  }
}
