// A file cut to pieces, for hosts that take files only up to a size, and a manifest that tells which they are: read back as
// one stream. Whether it is the right one, the file's own hash says.
import { ConvletError, fail } from './error.js'
import { isSize, kind, list, type Reader, record, text } from './guards.js'
import { type ByteReader, filling } from './reader.js'

export interface Shard {
  /** Its name; it lies beside the manifest. */
  readonly file: string
  readonly bytes: number
  /** For tools: `load` verifies the whole. */
  readonly sha256: string
}

/** What `convlet convert --shard` writes beside the shards. */
export interface Manifest {
  readonly format: 'convlet-shards'
  readonly version: '1'
  /** The name of the whole, which the shards make in this order. */
  readonly file: string
  readonly bytes: number
  readonly shards: readonly Shard[]
}

/** Fetches a file that lies beside the manifest. */
export type OpenShard = (file: string) => Promise<Response>

const shard: Reader<Shard> = record<Shard>({
  // A manifest from a stranger names nothing elsewhere.
  file: kind('a plain name', v => typeof v === 'string' && /^[^/\\:]+$/.test(v) && !/^\.+$/.test(v)),
  bytes: kind('a count of bytes', isSize),
  sha256: text,
})

const fields = record<Manifest>({
  format: kind('convlet-shards', v => v === 'convlet-shards'),
  version: kind('1 (update convlet or convert again)', v => v === '1'),
  file: text,
  bytes: kind('a count of bytes', isSize),
  shards: list(shard),
})

export const toManifest = (v: unknown): Manifest => {
  const manifest = fields(v, 'the manifest', 'FILE')
  const sum = manifest.shards.reduce((a, { bytes }) => a + bytes, 0)
  return sum === manifest.bytes
    ? manifest
    : fail('FILE', `the manifest's shards have ${sum} bytes, ${manifest.file} has ${manifest.bytes}; convert it again`)
}

/** The whole file, each shard opened when the one before it has been read. */
export const joined = ({ bytes, shards }: Manifest, open: OpenShard): Response => {
  let next = 0
  let found = 0
  let reader: ByteReader | undefined
  const what = () => `shard "${shards[next]!.file}" (${next + 1} of ${shards.length})`

  const begin = async () => {
    const { ok, status, body } = await open(shards[next]!.file)
    if (!ok || !body) return fail('FILE', `${what()}: status ${status}; it should lie beside the manifest`)
    found = 0
    return filling(body)
  }
  const check = () => {
    const wanted = shards[next]!.bytes
    if (found !== wanted)
      fail('FILE', `${what()} should have ${wanted} bytes, it has ${found}; all must be of one conversion`)
  }
  const pull = async (controller: Pick<ReadableStreamDefaultController<Uint8Array>, 'enqueue' | 'close'>) => {
    while (next < shards.length) {
      reader ??= await begin()
      const { done, value } = await reader.read()
      if (!done) {
        found += value.length
        return controller.enqueue(value)
      }
      check()
      reader = undefined
      next++
    }
    controller.close()
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: controller =>
        pull(controller).catch(cause => {
          // Whoever was to read has left while it was opened.
          reader?.cancel().catch(() => undefined)
          if (cause instanceof ConvletError) throw cause
          fail('FILE', `cannot read ${what()}: ${(cause as Error).message}`, cause)
        }),
      cancel: () => reader?.cancel(),
    },
    // Nothing ahead of who reads it.
    { highWaterMark: 0 },
  )
  return new Response(stream, { headers: { 'content-length': `${bytes}` } })
}

/** What has been asked for, or why it did not come. */
export const reading = (what: string | URL, response: Promise<Response>): Promise<Response> =>
  response.catch(cause => fail('FILE', `cannot read ${what}: ${(cause as Error).message}`, cause))

/** The manifest that a response holds. */
export const readManifest = async (response: Response): Promise<Manifest> => {
  const { ok, status, url } = response
  if (!ok) fail('FILE', `${url || 'the manifest'}: status ${status}`)
  let json: unknown
  try {
    json = await response.json()
  } catch (cause) {
    fail('FILE', `${url || 'the manifest'} is not valid JSON: ${(cause as Error).message}`, cause)
  }
  return toManifest(json)
}
