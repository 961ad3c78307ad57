// The package in workerd itself.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ranged, server } from '../source/server.js'
import { checkScores, folder, model, program, type Scores } from './app.js'
import { workerdPath } from './program.js'
import { worker } from './workerd.js'

const test = suite('workerd')
if (!workerdPath)
  console.log('skipped: Workers, there is no workerd (npm ci --prefix examples/worker; or WORKERD=path of its program)')
const inWorker = workerdPath ? test : test.skip

/** Runs worker.js of a folder for the time of one action. */
const running = async (
  path: string,
  use: (app: Awaited<ReturnType<typeof worker>>) => Promise<void>,
  cache?: string,
) => {
  const app = await worker(path, cache)
  try {
    await use(app)
  } finally {
    app.close()
  }
}

const respond = 'export default { fetch: async () => Response.json(await answer()) }\n'

for (const [name, option] of [
  ['infer.wasm', '{ wasm }'],
  ['infer.relaxed.wasm', "{ wasm, build: 'relaxed' }"],
] as const)
  inWorker(`${name} imported as a module, the model as a stream`, async () => {
    const app = program('convlet', 'new Response(model())', option, `import wasm from 'convlet/${name}'`)
    await running(folder('workerd', { 'worker.js': app + respond }), async ({ fetch }) => {
      const scores = (await (await fetch()).json()) as Scores
      // Both rows are of the one module that is there.
      checkScores(name === 'infer.wasm' ? scores : { fastest: scores.fastest! })
    })
  })

inWorker('without the module, and with a path, an error says what to do', async () => {
  const app = `import { load } from 'convlet'
import { trainer, sgd } from 'convlet/train'
import { model } from './data.js'
const failure = promise => promise.then(() => 'none', ({ code, message }) => code + ' ' + message)
const answer = async () => [
  await failure(load(model(), { build: 'simd' })),
  await failure(load(model())),
  await failure(load('model.safetensors')),
  await failure(trainer(model(), { optimizer: sgd({ lr: 0.1 }), build: 'simd' })),
]
${respond}`
  await running(folder('workerd-errors', { 'worker.js': app }), async ({ fetch }) => {
    const said = (await (await fetch()).json()) as string[]
    const wanted = /^UNSUPPORTED .*import wasm from 'convlet\/infer\.wasm'.*\{ wasm \}.*'convlet\/infer\.relaxed\.wasm'/
    assert.match(said[0]!, wanted)
    assert.match(said[1]!, wanted)
    assert.match(said[2]!, /^INPUT .*"model\.safetensors".*a URL, bytes/)
    assert.match(said[3]!, /^UNSUPPORTED .*'convlet\/train\.wasm'/)
  })
})

inWorker('weights that are not what the file says are refused', async () => {
  const app = `import { load } from 'convlet'
import wasm from 'convlet/infer.wasm'
import { model } from './data.js'
const answer = async () => {
  const bytes = model()
  bytes[bytes.length - 1] ^= 1
  return load(new Response(bytes), { wasm }).then(() => 'loaded', ({ code, message }) => code + ' ' + message)
}
${respond}`
  await running(folder('workerd-hash', { 'worker.js': app }), async ({ fetch }) => {
    assert.match(
      (await (await fetch()).json()) as string,
      /^FILE the weights have sha256 [0-9a-f]{64}, the file says [0-9a-f]{64}/,
    )
  })
})

/** What Workers' Cache API speaks to: PUT brings a whole answer with its head, GET asks for one. */
const cacheServer = async () => {
  const kept = new Map<string, Buffer>()
  const open = createServer(async (request, answer) => {
    const parts: Buffer[] = []
    try {
      for await (const part of request) parts.push(part)
    } catch {
      // A body that fails is kept nowhere.
      return
    }
    const body = kept.get(request.url!)
    if (request.method === 'PUT') {
      const whole = Buffer.concat(parts)
      kept.set(request.url!, whole.subarray(whole.indexOf('\r\n\r\n') + 4))
      answer.writeHead(204).end()
    } else if (request.method === 'GET' && body)
      answer.writeHead(200, { 'cf-cache-status': 'HIT', 'content-length': body.length }).end(body)
    else answer.writeHead(504, { 'cf-cache-status': 'MISS' }).end()
  })
  await new Promise<void>(resolve => open.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(open.address() as AddressInfo).port}`
  const close = () => {
    open.closeAllConnections()
    open.close()
  }
  return { address, kept, close }
}

inWorker("a file is kept in Workers' cache and read from there; a damaged one is not kept", async () => {
  const app = (url: string) => `import { load } from 'convlet'
import wasm from 'convlet/infer.wasm'
import { images } from './data.js'
const answer = async () => {
  try {
    return (await load('${url}', { wasm, cache: true })).classify(images[3])[0].label
  } catch ({ code, message }) {
    return code + ' ' + message
  }
}
${respond}`
  const cache = await cacheServer()
  const whole = await server(model, ranged({}, 100_000), ranged())
  const other = await server(model.with(model.length - 1, model.at(-1)! ^ 1), ranged())
  try {
    const path = folder('workerd-cache', { 'worker.js': app(whole.url) })
    // Each worker is a new start.
    for (const _ of [1, 2])
      await running(path, async ({ fetch }) => assert.is(await (await fetch()).json(), '3'), cache.address)
    assert.equal(
      [...cache.kept.values()].map(bytes => bytes.equals(model)),
      [true],
    )
    assert.is(whole.asked.length, 2)
    cache.kept.clear()
    const damaged = folder('workerd-damaged', { 'worker.js': app(other.url) })
    for (const _ of [1, 2])
      await running(
        damaged,
        async ({ fetch }) => assert.match((await (await fetch()).json()) as string, /^FILE the weights have sha256/),
        cache.address,
      )
    assert.is(cache.kept.size, 0)
    assert.is(other.asked.length, 2)
  } finally {
    cache.close()
    await whole.close()
    await other.close()
  }
})

inWorker('a Worker trains a step and saves', async () => {
  const app = `import { sgd, trainer } from 'convlet/train'
import wasm from 'convlet/train.wasm'
import { load } from 'convlet'
import infer from 'convlet/infer.wasm'
import { model, images } from './data.js'
const answer = async () => {
  const t = await trainer(model(), { optimizer: sgd({ lr: 0.01 }), batch: 2, wasm })
  const { loss } = t.step({ input: new Float32Array(2 * 1024), labels: [0, 1] })
  const net = await load(await t.save(), { wasm: infer })
  return { loss, label: net.classify(images[3])[0].label }
}
${respond}`
  await running(folder('workerd-train', { 'worker.js': app }), async ({ fetch }) => {
    const { loss, label } = (await (await fetch()).json()) as { loss: number; label: string }
    assert.ok(loss > 0 && Number.isFinite(loss))
    assert.is(label, '3')
  })
})

inWorker("the README's Worker reads the drawn digits", async () => {
  const [, code] = /A complete Worker[\s\S]*?```js\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))!
  const path = folder('workerd-readme', { 'worker.js': code!.replace('lenet5.safetensors', 'model.safetensors') })
  await running(path, async ({ fetch }) => {
    for (const digit of [3, 7]) {
      const body = await sharp(`models/lenet5/digits/${digit}.png`).toColourspace('b-w').raw().toBuffer()
      const answer = (await (await fetch({ method: 'POST', body })).json()) as { label: string }[]
      assert.is(answer.length, 3)
      assert.is(answer[0]!.label, String(digit))
    }
    assert.is((await fetch({ method: 'POST', body: 'x' })).status, 400)
  })
})

test.run()
