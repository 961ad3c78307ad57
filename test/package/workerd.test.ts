// The package in workerd itself.
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkScores, folder, program, type Scores } from './app.js'
import { worker, workerdPath } from './workerd.js'

const test = suite('workerd')
if (!workerdPath)
  console.log('skipped: Workers, there is no workerd (npm ci --prefix examples/worker; or WORKERD=path of its program)')
const inWorker = workerdPath ? test : test.skip

/** Runs worker.js of a folder for the time of one action. */
const running = async (path: string, use: (app: Awaited<ReturnType<typeof worker>>) => Promise<void>) => {
  const app = await worker(path)
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
