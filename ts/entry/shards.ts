// convlet/shards in browsers and in Workers.
import { fail } from '../error.js'
import { joined, type Manifest, type OpenShard, reading, readManifest, toManifest } from '../shards.js'

export type { Manifest, OpenShard, Shard } from '../shards.js'

/**
 * The file that `convlet convert --shard` has cut to pieces, as one response for `load`: `load(await shards('net.shards.json'))`.
 *
 * `manifest` is an address (in Node a path too), a response that holds it, or what it says. `open` fetches a shard by its name;
 * without it they are fetched from beside the manifest.
 *
 * @throws ConvletError — `FILE` for what cannot be read or is no manifest. What is wrong with a shard, `load` throws.
 */
export const shards = async (manifest: string | URL | Response | Manifest, open?: OpenShard): Promise<Response> => {
  const from =
    typeof manifest === 'string' || manifest instanceof URL ? await reading(manifest, fetch(manifest)) : manifest
  const [said, base] = from instanceof Response ? [await readManifest(from), from.url] : [toManifest(from), '']
  const beside: OpenShard = async file =>
    base
      ? fetch(new URL(encodeURIComponent(file), base))
      : fail('INPUT', 'the manifest has no address beside which shards could lie: pass a function that fetches them')
  return joined(said, open ?? beside)
}
