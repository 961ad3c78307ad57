import type { Source } from './api.js'
import type { Cached } from './platform.js'

/** Where the file of one address is kept. It is there as a whole or not at all. */
export interface Place {
  readonly get: () => Promise<Source | undefined>
  /** Keeps a stream when it has come to its end, and nothing of one that fails. */
  readonly put: (stream: ReadableStream<Uint8Array>, total: number | undefined) => Promise<unknown>
  readonly drop: () => Promise<unknown>
}

type Chunk = (bytes: Uint8Array, total: number | undefined) => unknown

const nothing = () => undefined

/** Reads a kept file, or reads one and keeps it. `place` knows where, by the address and by a name made of it. */
export const keeper =
  (place: (address: string, name: string) => Promise<Place>): Cached =>
  (read, begin, refuse) =>
  async (source, platform, options, use) => {
    const sha256 = options.sha256?.toLowerCase()
    /** Reads a source, shows each chunk of it, and checks the hash of all of them. */
    const show = (from: Source, chunk?: Chunk) =>
      read(from, platform, options, use, async (...opening) => {
        const { total, chunks } = await begin(...opening)
        const hash = sha256 === undefined ? undefined : platform.sha256()
        const next = async () => {
          const result = await chunks.next()
          if (!result.done) {
            hash?.update(result.value)
            await chunk?.(result.value, total)
          } else if (hash) {
            const found = await hash.digest('hex')
            if (found !== sha256)
              refuse('FILE', `the file has sha256 ${found}, { sha256 } says ${sha256}; download it again`)
          }
          return result
        }
        return { total, chunks: { next, return: () => chunks.return?.() } }
      })

    const isAddress = typeof source === 'string' || source instanceof URL
    if (!options.cache || !isAddress || (platform.open && !/^https?:/.test(`${source}`))) return show(source)
    const find = async () => {
      // As fetch completes it; what is behind a # no server sees.
      const address = new Request(source).url.replace(/#.*/, '')
      const name = platform.sha256()
      name.update(new TextEncoder().encode(address))
      return place(address, await name.digest('hex'))
    }
    // A place may be forbidden, or full: that costs the next start a connection, not this one its network. What is no
    // address, reading tells.
    const kept = await find().catch(nothing)
    if (!kept) return show(source)
    const there = await kept.get().catch(nothing)
    if (there)
      try {
        return await show(there)
      } catch (error) {
        // A damaged file, or another one than `sha256` asks for, is fetched anew.
        if ((error as { readonly code?: unknown }).code !== 'FILE') throw error
      }

    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    let stored: Promise<unknown> | undefined
    /** Waits for the store, so that what is not yet written does not pile up, but not for one that has given up. */
    const write = (action: Promise<void>) => Promise.race([action, stored]).catch(nothing)
    try {
      const result = await show(source, (bytes, total) => {
        // Not before another one comes: without a connection it may have been the kernels that were missing.
        stored ??= Promise.resolve(there && kept.drop())
          .catch(nothing)
          .then(() => kept.put(readable, total))
          .catch(nothing)
        return write(writer.write(bytes))
      })
      // Only now is it known to be whole, and to have the hash that it should have.
      await write(writer.close())
      return result
    } catch (error) {
      writer.abort(error).catch(nothing)
      throw error
    } finally {
      await stored
    }
  }
