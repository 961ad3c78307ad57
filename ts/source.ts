import { ConvletError, fail } from './error.js'
import { checkHash, checkLength, failLength, headerLength, parseHeader } from './file.js'
import type { Hash, Open, Read } from './platform.js'

/** Opens any source for reading from its beginning. */
export const open: Open = async (source, platform, signal) => {
  const from = source instanceof ArrayBuffer ? new Uint8Array(source) : source
  if (from instanceof Uint8Array) return { total: from.length, chunks: [from].values() }
  const isAddress = typeof from === 'string' || from instanceof URL
  if (isAddress && platform.open && !/^https?:/.test(`${from}`)) return platform.open(from)
  if (!(isAddress || from instanceof Blob || from instanceof Response || from instanceof ReadableStream))
    return fail('INPUT', 'load takes a path, a URL, bytes, a Blob, a Response or a ReadableStream')
  // At once, and not when a connection has broken: then it could not be fetched either.
  const [body, { follow }] = await Promise.all([
    isAddress ? fetch(from, { signal: signal ?? null }) : from,
    import('./follow.js'),
  ])
  return follow(body, isAddress ? from : undefined, signal)
}

/** Reads the header of a safetensors file, and of the rest what `use` reads. */
const readFile: Read = async (source, platform, { onProgress, signal }, use, begin = open) => {
  const attempt = async <R>(action: () => R | Promise<R>): Promise<R> => {
    let stop!: () => void
    try {
      signal?.throwIfAborted()
      // A source that stalls must not keep an abort waiting. A race with one promise of an abort would: that holds on to every chunk.
      return await new Promise<R>((resolve, reject) => {
        stop = reject
        signal?.addEventListener('abort', stop)
        Promise.resolve(action()).then(resolve, reject)
      })
    } catch (cause) {
      if (signal?.aborted) fail('ABORTED', 'loading was aborted', cause)
      if (cause instanceof ConvletError) throw cause
      return fail('FILE', `cannot read ${source}: ${(cause as Error).message}`, cause)
    } finally {
      // A signal may live longer than many loads.
      signal?.removeEventListener('abort', stop)
    }
  }
  const { total, chunks } = await attempt(() => begin(source, platform, signal))
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
    const piece = rest.subarray(0, most)
    rest = rest.subarray(most)
    hash?.update(piece)
    return piece
  }
  const read = async (target: Uint8Array): Promise<Uint8Array> => {
    for (let at = 0; at < target.length; ) {
      const piece = await pull(target.length - at)
      if (!piece.length) failLength(`${loaded + target.length - at} or more`, loaded)
      target.set(piece, at)
      at += piece.length
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
      if (hash) checkHash(header, await hash.digest('hex'))
    }
    return await use({ header, read, end })
  } finally {
    // Nobody waits for the end of what nobody reads, nor minds how it ends.
    Promise.resolve(chunks.return?.()).catch(() => undefined)
  }
}

/** The same, with the options that few use. */
export const withFile: Read = async (source, platform, options, use) => {
  const read =
    options.cache || options.sha256 !== undefined ? (await platform.cached()).cached(readFile, open, fail) : readFile
  return read(source, platform, options, use)
}
