// convlet/shards in Node: files too.
import { createReadStream, promises } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type OpenShard, reading } from '../shards.js'
import { shards as fetched } from './shards.js'

export type { Manifest, OpenShard, Shard } from '../shards.js'

const read = async (path: string): Promise<Response> => {
  // A stream complains only when it is read.
  await promises.access(path)
  return new Response(Readable.toWeb(createReadStream(path, { highWaterMark: 1 << 18 })) as ReadableStream)
}

/** As in browsers; a string that is no http(s) address is a path. */
export const shards: typeof fetched = async (manifest, open) => {
  if (!(typeof manifest === 'string' || manifest instanceof URL) || /^https?:/.test(`${manifest}`))
    return fetched(manifest, open)
  const path = `${manifest}`.startsWith('file:') ? fileURLToPath(manifest) : `${manifest}`
  return fetched(
    await reading(path, read(path)),
    open ?? ((file: string): ReturnType<OpenShard> => read(join(dirname(path), file))),
  )
}
