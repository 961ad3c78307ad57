import type { Bytes } from './platform.js'
import { type ByteReader, filling } from './reader.js'

/** Attempts in a row that bring nothing, and milliseconds before the first of them; each waits twice as long as the one before. */
const ATTEMPTS = 5
const WAIT = 250

/** Bytes of a body, unless it is encoded. */
const lengthOf = ({ headers }: Response): number | undefined =>
  (!headers.has('content-encoding') && Number(headers.get('content-length'))) || undefined

/**
 * Reads what arrives in pieces to its end. Of a file that has an address: where the connection breaks, it asks for the rest alone
 * (`Range`, RFC 9110), of the same version of the file (`If-Range`); where a server sends all of it, what is known is passed over.
 * Throws where the file is no longer the same, or no attempt brings more of it.
 */
export const follow = (
  source: Response | Blob | ReadableStream<Uint8Array>,
  address: string | URL | undefined,
  signal: AbortSignal | undefined,
): Bytes => {
  const first = source instanceof Response ? source : new Response(source)
  const { body, ok, status, type } = first
  if (!ok || !body) throw new Error(`status ${status}`)
  const total = source instanceof Blob ? source.size : lengthOf(first)
  const versions = ['etag', 'last-modified'].map(name => [name, first.headers.get(name)] as const)
  // A weak ETag names no bytes. A page that asks another origin needs leave for this header, so there it goes without.
  const version = type === 'cors' ? null : versions.map(([, text]) => text).find(text => text && !text.startsWith('W/'))
  // Bytes of an encoded file are not those that a range counts.
  let ranges = !first.headers.has('content-encoding')
  let reader: ByteReader | undefined = filling(body)
  let loaded = 0
  /** Bytes to pass over. */
  let known = 0
  /** Since something came. */
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Ends it: no attempt would mend that. */
  const end = (what: string): never => {
    failures = Infinity
    throw new Error(`${what} after ${loaded} of ${total ?? 'unknown'} bytes; load it again`)
  }

  const connect = async (): Promise<void> => {
    const range = ranges && { range: `bytes=${loaded}-`, ...(version && { 'if-range': version }) }
    const response = await fetch(address!, { headers: { ...range }, signal: signal ?? null })
    const { body, headers, ok, status, type } = response
    reader = body ? filling(body) : undefined
    if (status >= 500 || status === 429 || status === 408) throw new Error(`status ${status}`)
    const found = headers.get('content-range')
    const [, from, size] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(`${found}`) ?? []
    const part = status === 206
    known = ok && !part ? loaded : 0
    // The connection broke behind the last byte.
    if (status === 416 && Number(size) === loaded) reader = filling(new Response('').body!)
    else if (!ok) end(`status ${status}, content-range ${found},`)
    // To a page, another origin's headers are hidden unless they are named, but for the length.
    const hidden = !found && type === 'cors' && (lengthOf(response) ?? NaN) + loaded === total
    if (part && (!(hidden || Number(from) === loaded) || headers.has('content-encoding'))) {
      ranges = false
      throw new Error(`content-range ${found}`)
    }
    const length = part ? Number(size) : lengthOf(response)
    if (total && length && length !== total) end(`it changed, to ${length} bytes,`)
    for (const [name, before] of versions) {
      const after = headers.get(name)
      // A proxy that compresses makes an ETag weak.
      if (before && after && before.replace('W/', '') !== after.replace('W/', '')) end(`it changed, to ${after},`)
    }
  }

  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    for (;;)
      try {
        if (!reader) {
          await new Promise(resolve => {
            timer = setTimeout(resolve, WAIT * 2 ** (failures - 1))
          })
          await connect()
        }
        const { done, value } = await reader!.read()
        if (done) {
          if (known || (total ?? loaded) !== loaded) throw new Error('it ended early')
          return { done, value: undefined }
        }
        const fresh = value.subarray(Math.min(known, value.length))
        known -= value.length - fresh.length
        if (!fresh.length) continue
        loaded += fresh.length
        failures = 0
        return { done, value: fresh }
      } catch (reason) {
        reader?.cancel().catch(() => undefined)
        reader = undefined
        if (!address || signal?.aborted || failures > ATTEMPTS) throw reason
        if (++failures > ATTEMPTS) end(`${ATTEMPTS} attempts to go on failed (${(reason as Error).message})`)
        // All of it was there before it broke.
        if (loaded === total) return { done: true, value: undefined }
      }
  }
  const stop = () => {
    clearTimeout(timer)
    return reader?.cancel()
  }
  return { total, chunks: { next, return: stop } }
}
