// Request bodies, with a limit to each and to all of them: a hundred at once share the isolate's memory.
import { HttpError } from './errors.js'
import { MAX_BODIES, MAX_BODY } from './limits.js'

let held = 0

/** Bytes of bodies that are in memory. */
export const bodies = (): number => held

const tooLarge = () =>
  new HttpError(413, 'body_too_large', `a picture may have ${MAX_BODY} bytes at most: make it smaller.`)
const busy = () =>
  new HttpError(503, 'busy', 'other pictures take all of the memory: try again.', { 'retry-after': '1' })

/**
 * Takes the rest without keeping it: a client that is still sending reads no answer, and minds a closed connection. But not
 * without end.
 */
const drain = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> => {
  try {
    for (let taken = 0; taken < 8 * MAX_BODY; ) {
      const { done, value } = await reader.read()
      if (done) return
      taken += value.length
    }
    await reader.cancel()
  } catch {
    // The client has gone.
  }
}

/** Receives a body of at most `MAX_BODY` bytes and gives what `use` makes of it. */
export const withBody = async <T>(request: Request, use: (bytes: Uint8Array) => Promise<T>): Promise<T> => {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined
  try {
    if (Number(request.headers.get('content-length')) > MAX_BODY) throw tooLarge()
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) break
      length += value.length
      held += value.length
      // Content-Length may be absent.
      if (length > MAX_BODY) throw tooLarge()
      if (held > MAX_BODIES) throw busy()
      chunks.push(value)
    }
    const bytes = new Uint8Array(length)
    for (let at = 0; chunks.length > 0; ) {
      const chunk = chunks.shift()!
      bytes.set(chunk, at)
      at += chunk.length
    }
    return await use(bytes)
  } finally {
    held -= length
    if (reader) await drain(reader)
  }
}
