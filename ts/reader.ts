/** What is needed of a stream's reader. */
export interface ByteReader {
  readonly read: () => Promise<ReadableStreamReadResult<Uint8Array>>
  readonly cancel: () => Promise<void>
}

const SIZE = 1 << 18

/**
 * Reads as many bytes at a time as are there, where the stream fills buffers that are handed in: of those that do not, Workers give
 * 4 KB at a time (46 MB in 200 ms instead of 40).
 */
export const filling = (body: ReadableStream<Uint8Array>): ByteReader => {
  try {
    const reader = body.getReader({ mode: 'byob' })
    return { read: () => reader.read(new Uint8Array(SIZE)), cancel: () => reader.cancel() }
  } catch {
    // One that was made by a program, without buffers.
    return body.getReader()
  }
}
