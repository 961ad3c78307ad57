// Weights that the Worker of examples/worker finds, misses or refuses.
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { networks } from '../../models/index.js'
import { load } from '../../ts/entry/node.js'
import { shards } from '../../ts/entry/shards.node.js'
import { modules } from '../builds.js'
import { seeded, stateDict } from '../models/make.js'
import { assets, type Client, png, refused, worker } from './client.js'

const test = suite('worker: weights')
const { own, running, inWorker } = worker(test, 'worker-weights')

const unavailable = async (to: Client, message: RegExp) => {
  const response = await to.post(png(3))
  assert.is(response.headers.get('retry-after'), '5')
  assert.match(await refused(response, 503, 'model_unavailable'), message)
  const answer = await to.fetch('/health')
  assert.is(answer.status, 503)
  const { status, error } = (await answer.json()) as { status: string; error: { code: string; message: string } }
  assert.is(status, 'failed')
  assert.is(error.code, 'model_unavailable')
  assert.match(error.message, message)
  // A bad request is told so all the same.
  await refused(await to.post('x'), 415, 'unsupported_type')
}

inWorker('missing weights: 503; they are found when they are there', async () => {
  await running(to => unavailable(to, /cannot be loaded: .*status 404/), { MODEL: 'absent' })
  const other = assets('missing', '100KiB')
  const shard = join(other, 'lenet5-00002-of-00003.bin')
  const bytes = readFileSync(shard)
  rmSync(shard)
  await running(to => unavailable(to, /shard "lenet5-00002-of-00003\.bin" \(2 of 3\): status 404/), {}, other)
  writeFileSync(shard, bytes.subarray(10))
  await running(to => unavailable(to, /\(2 of 3\) should have 102400 bytes, it has 102390/), {}, other)
})

inWorker('a flipped byte in a shard: 503', async () => {
  const other = assets('flipped', '100KiB')
  const shard = join(other, 'lenet5-00002-of-00003.bin')
  const bytes = readFileSync(shard)
  bytes[5000]! ^= 1
  writeFileSync(shard, bytes)
  await running(to => unavailable(to, /the weights have sha256 [0-9a-f]{64}, the file says [0-9a-f]{64}/), {}, other)
  const manifest = join(other, 'lenet5.shards.json')
  appendFileSync(manifest, ']')
  await running(to => unavailable(to, /lenet5\.shards\.json is not valid JSON/), {}, other)
})

inWorker('a model that takes more memory than there is: 503 before it is allocated', () =>
  running(to => unavailable(to, /the network needs 327680 bytes of at most 300000/), { MEMORY_LIMIT: '300000' }),
)

inWorker('from R2: not there at first, then in one piece', () =>
  running(
    async to => {
      await unavailable(to, /there is no lenet5\.safetensors in the bucket/)
      const { shards } = JSON.parse(readFileSync(join(own.folder, 'lenet5.shards.json'), 'utf8'))
      const pieces = shards.map(({ file }: { file: string }) => readFileSync(join(own.folder, file)))
      await (await to.bucket('MODELS')).put('lenet5.safetensors', new Uint8Array(Buffer.concat(pieces)))
      for (const digit of [0, 9]) assert.is(await to.label(png(digit)), `${digit}`)
      assert.is((await to.health()).status, 'ok')
    },
    {},
    own.folder,
    { r2Buckets: ['MODELS'] },
  ),
)

inWorker('another model: colour, 1.1 MB in shards, an operator that is loaded when a graph has it', async () => {
  const weights = resolve('build/worker/resnet20.pt.safetensors')
  writeFileSync(weights, await stateDict(seeded(networks.resnet20!({}))))
  const folder = assets('resnet20', '300KB', ['resnet20', weights])
  const noise = Buffer.from(Array.from({ length: 50 * 40 * 4 }, (_, i) => (i * i * 7919) >> 5))
  const picture = sharp(noise, { raw: { width: 50, height: 40, channels: 4 } }).png()
  const image = { data: Uint8ClampedArray.from(noise), width: 50, height: 40 }
  const wanted = (await load(await shards(join(folder, 'resnet20.shards.json')), modules[0]!)).classify(image)
  const use = async (to: Client) => {
    const { model, predictions } = await to.classified(await picture.toBuffer())
    assert.is(model, 'resnet20')
    assert.equal(
      predictions.map(({ label }) => label),
      wanted.map(({ label }) => label),
    )
    for (const [i, { probability }] of predictions.entries())
      assert.ok(Math.abs(probability - wanted[i]!.probability) <= 1e-5)
  }
  await running(use, { MODEL: 'resnet20' }, folder)
})

test.run()
