// A converted file in pieces, for hosts that take files only up to a size.
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { ConvletError } from '../../ts/error.js'
import { type Manifest, toManifest } from '../../ts/shards.js'
import { readWhole, target, writeTogether } from './disk.js'

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

/** `24MiB`, `500 kB`, `1000000` */
export const byteSize = (text: string): number => {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const size = Math.floor(Number(number) * (UNITS[unit?.toLowerCase() ?? '?'] ?? Number.NaN))
  if (Number.isSafeInteger(size) && size > 0) return size
  throw new InvalidArgumentError(
    'It must be a size with its unit, e.g. 24MiB: KiB, MiB, GiB of 1024, KB, MB, GB of 1000.',
  )
}

// As many as five digits number.
const MOST = 99_999

/** What the shards of `out` are called: `net.safetensors` becomes `net-00001-of-00003.bin` and `net.shards.json`. */
const names = (out: string) => {
  const stem = out.replace(/\.safetensors$/, '')
  const digits = (n: number) => `${n}`.padStart(5, '0')
  return {
    manifest: `${stem}.shards.json`,
    shard: (i: number, of: number) => `${stem}-${digits(i + 1)}-of-${digits(of)}.bin`,
  }
}

const OURS = /-\d{5}-of-\d{5}\.bin$/

const base = (path: string): string => path.split(/[/\\]/).at(-1)!

/** The shards of the set that is there already, none where there is none that could be read. */
const former = async (manifest: string): Promise<readonly string[]> => {
  try {
    const { shards } = toManifest(JSON.parse(new TextDecoder().decode(await readWhole(manifest))))
    return shards.map(({ file }) => file)
  } catch {
    return []
  }
}

/**
 * Writes the file as shards of at most `size` bytes and a manifest: all of them or none. Shards of a former conversion to the
 * same name, which nobody would read any more, are removed. Gives the manifest's path and what it says.
 */
export const writeShards = async (out: string, data: Uint8Array, size: number) => {
  const count = Math.ceil(data.length / size)
  if (count > MOST)
    throw new ConvletError('INPUT', `--shard: ${data.length} bytes would be ${count} files: give a larger size.`)
  const { manifest: path, shard } = names(out)
  const pieces = Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size))
  const files = pieces.map((piece, i): [string, Uint8Array] => [shard(i, count), piece])
  const manifest: Manifest = {
    format: 'convlet-shards',
    version: '1',
    file: base(out),
    bytes: data.length,
    shards: files.map(([file, piece]) => ({
      file: base(file),
      bytes: piece.length,
      sha256: createHash('sha256').update(piece).digest('hex'),
    })),
  }
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const old = await former(path)
  await writeTogether([...files, [path, new TextEncoder().encode(text)]])
  const known = new Set(manifest.shards.map(({ file }) => file))
  const folder = dirname(await target(path))
  for (const file of old) if (!known.has(file) && OURS.test(file)) await rm(join(folder, file), { force: true })
  return { path, manifest }
}
