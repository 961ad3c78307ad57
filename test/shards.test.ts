// A file cut to pieces is read back as it was, wherever the cuts lie; what is wrong with a piece is said of that piece.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../converters/index.js'
import type { LoadOptions, Source } from '../ts/api.js'
import { load as loadNode } from '../ts/entry/node.js'
import { shards as fetched } from '../ts/entry/shards.js'
import { shards } from '../ts/entry/shards.node.js'
import type { ConvletError } from '../ts/error.js'
import type { Manifest } from '../ts/shards.js'
import { modules } from './builds.js'
import { serve } from './package/serve.js'

const test = suite('shards')
const load = (source: Source, options: LoadOptions = {}) => loadNode(source, { ...modules[0]!, ...options })

const meta = JSON.parse(readFileSync('models/lenet5/lenet5.json', 'utf8'))
const model = await convert(readFileSync('models/lenet5/lenet5.onnx'), meta)
const input = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i))
const whole = await load(model)
const wanted = whole.run(input).logits!.slice()

const cut = (size: number): readonly [Manifest, ReadonlyMap<string, Uint8Array>] => {
  const count = Math.ceil(model.length / size)
  const files = Array.from({ length: count }, (_, i): [string, Uint8Array] => [
    `net-${i}.bin`,
    model.subarray(i * size, (i + 1) * size),
  ])
  const listed = files.map(([file, bytes]) => ({
    file,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }))
  const manifest = { format: 'convlet-shards', version: '1', file: 'net.safetensors', bytes: model.length } as const
  return [{ ...manifest, shards: listed }, new Map(files)]
}

const from = (files: ReadonlyMap<string, Uint8Array>) => async (file: string) =>
  files.has(file) ? new Response(files.get(file) as BodyInit) : new Response('', { status: 404 })

const failure = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
  } catch (error) {
    return `${(error as ConvletError).code} ${(error as Error).message}`
  }
  return 'nothing failed'
}

// Within the length, within the header, at its end, in the middle of a number; in one piece.
for (const size of [7, 1000, 4096, 65_536, 100_003, model.length])
  test(`shards of ${size} bytes are the file`, async () => {
    const [manifest, files] = cut(size)
    assert.equal(new Uint8Array(await (await shards(manifest, from(files))).arrayBuffer()), model)
    const seen: number[] = []
    const net = await load(await shards(manifest, from(files)), {
      onProgress: ({ loaded, total }) => {
        assert.is(total, model.length)
        seen.push(loaded)
      },
    })
    assert.equal(net.run(input).logits, wanted)
    assert.is(seen.at(-1), model.length)
  })

test('a shard is opened when the one before it has been read', async () => {
  const [manifest, files] = cut(100_000)
  const opened: string[] = []
  const open = (file: string) => {
    opened.push(file)
    return from(files)(file)
  }
  const { body } = await shards(manifest, open)
  assert.equal(opened, [])
  const reader = body!.getReader()
  await reader.read()
  assert.equal(opened, ['net-0.bin'])
  await reader.cancel()
  assert.equal(opened, ['net-0.bin'])
})

test('from an address, from a path, from a file: address', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'convlet-shards-'))
  const [manifest, files] = cut(100_000)
  writeFileSync(join(folder, 'net.shards.json'), JSON.stringify(manifest))
  for (const [file, bytes] of files) writeFileSync(join(folder, file), bytes)
  const server = await serve(folder)
  const address = `${server.origin}/net.shards.json`
  try {
    const sources = [
      () => shards(join(folder, 'net.shards.json')),
      () => shards(pathToFileURL(join(folder, 'net.shards.json'))),
      () => shards(address),
      () => fetched(new URL(address)),
      async () => fetched(await fetch(address)),
    ]
    for (const source of sources) assert.equal((await load(await source())).run(input).logits, wanted)

    assert.match(await failure(shards(join(folder, 'absent.json'))), /^FILE cannot read .*absent\.json: ENOENT/)
    assert.match(
      await failure(fetched('http://localhost:1/')),
      /^FILE cannot read http:\/\/localhost:1\/: fetch failed/,
    )
    assert.match(await failure(fetched(`${server.origin}/absent.json`)), /^FILE http.*absent\.json: status 404/)
    writeFileSync(join(folder, 'bad.json'), '<html>')
    assert.match(await failure(fetched(`${server.origin}/bad.json`)), /^FILE http.*bad\.json is not valid JSON/)
    rmSync(join(folder, 'net-1.bin'))
    const [first, , third] = sources
    assert.match(await failure(load(await first!())), /^FILE cannot read shard "net-1\.bin" \(2 of 3\): ENOENT/)
    assert.match(await failure(load(await third!())), /^FILE shard "net-1\.bin" \(2 of 3\): status 404/)
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
})

test('a shard that comes when nobody waits for it any more is not read', async () => {
  const [manifest] = cut(100_000)
  const over = new AbortController()
  let reading = true
  const cancel = () => {
    reading = false
  }
  const open = async () => {
    over.abort()
    await new Promise(resolve => setTimeout(resolve))
    return new Response(new ReadableStream({ pull: stream => stream.enqueue(new Uint8Array(1)), cancel }))
  }
  assert.match(await failure(load(await shards(manifest, open), { signal: over.signal })), /^ABORTED/)
  for (let i = 0; reading && i < 200; i++) await new Promise(resolve => setTimeout(resolve, 5))
  assert.not(reading)
})

test('what is wrong with a shard', async () => {
  const [manifest, files] = cut(100_000)
  const withFile = (file: string, bytes: Uint8Array | undefined) => {
    const others = new Map(files)
    if (bytes) others.set(file, bytes)
    else others.delete(file)
    return from(others)
  }
  const open = async (file: string, bytes: Uint8Array | undefined) =>
    failure(load(await shards(manifest, withFile(file, bytes))))
  const flipped = files.get('net-2.bin')!.slice()
  flipped[1000]! ^= 1
  assert.match(await open('net-2.bin', flipped), /^FILE the weights have sha256 [0-9a-f]{64}, the file says/)
  assert.match(await open('net-1.bin', undefined), /^FILE shard "net-1\.bin" \(2 of 3\): status 404/)
  const short = files.get('net-1.bin')!.subarray(1)
  assert.match(
    await open('net-1.bin', short),
    /^FILE shard "net-1\.bin" \(2 of 3\) should have 100000 bytes, it has 99999/,
  )
  const broken = async () => {
    throw new Error('no way')
  }
  assert.match(
    await failure(load(await shards(manifest, broken))),
    /^FILE cannot read shard "net-0\.bin" \(1 of 3\): no way\.$/,
  )
  assert.match(await failure(load(await shards(manifest))), /^INPUT the manifest has no address/)
})

test('manifests that are none', async () => {
  const [manifest] = cut(100_000)
  const [first, ...rest] = manifest.shards
  const bad: readonly (readonly [object, RegExp])[] = [
    [{}, /the manifest format must be convlet-shards, is undefined/],
    [{ ...manifest, version: '2' }, /version must be 1 \(update convlet/],
    [{ ...manifest, shards: [] }, /shards must be a list, not empty/],
    [{ ...manifest, shards: rest }, /shards have 150152 bytes, net\.safetensors has 250152; convert it again/],
    [{ ...manifest, shards: [{ ...first, bytes: -1 }, ...rest] }, /bytes must be a count of bytes, is -1/],
    ...['../net.bin', 'a/b', 'a\\b', '..', 'http:x', ''].map(
      file => [{ ...manifest, shards: [{ ...first, file }, ...rest] }, /file must be a plain name/] as const,
    ),
  ]
  for (const [value, message] of bad) {
    const said = await failure(shards(value as Manifest))
    assert.match(said, message)
    assert.match(said, /^FILE /)
  }
})

test.run()
