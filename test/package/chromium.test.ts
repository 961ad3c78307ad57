// The package in a real browser: plain pages, bundles, one file, a strict policy.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chromiumPath, noChromium } from '../../scripts/chromium.mjs'
import { checkScores, esbuild, folder, program, type Scores } from './app.js'
import { type Chromium, chromium } from './chromium.js'
import { serve } from './serve.js'

const test = suite('chromium')
if (!chromiumPath) console.log(`skipped: pages in Chromium, ${noChromium}`)
const inBrowser = chromiumPath ? test : test.skip

let browser: Chromium
test.before(async () => {
  if (chromiumPath) browser = await chromium()
})
test.after(() => browser?.close())

const ask = 'globalThis.answer = answer()\n'
const html = (script: string) => `<!doctype html><meta charset="utf-8"><title>convlet</title>${script}`
const page = (src: string) => html(`<script type="module" src="${src}"></script>`)
const plain = './node_modules/convlet/dist'

/** Opens a page of a folder that is served with these headers; gives the paths that it asked for. */
const open = async (path: string, headers = {}, wasm?: string): Promise<readonly string[]> => {
  const server = await serve(path, headers, wasm)
  try {
    checkScores((await browser.answer(`${server.origin}/index.html`)) as Scores)
    return server.asked()
  } finally {
    server.close()
  }
}

const files = (source: string, entry: string) => ({
  'app.js': program(entry, source) + ask,
  'index.html': page('app.js'),
})

inBrowser('a plain page: kernels are fetched once each, the model by an address from the page', async () => {
  const asked = await open(folder('plain', files("'model.safetensors'", `${plain}/web.js`)))
  assert.equal(
    asked
      .filter(path => path.endsWith('.wasm'))
      .map(path => path.replace(/.*\//, ''))
      .sort(),
    ['infer.relaxed.wasm', 'infer.wasm'],
  )
  assert.is(asked.filter(path => path === '/model.safetensors').length, 2)
  assert.not.ok(
    asked.some(path => /convert|train|node|workerd/.test(path.replace('node_modules', ''))),
    asked.join(' '),
  )
})

inBrowser("the README's page classifies its canvas", async () => {
  const [, code] = /A page without a bundler[\s\S]*?```html\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))!
  const index = code!
    .replace('lenet5.safetensors', 'model.safetensors')
    .replace('console.log(', 'globalThis.answer = (')
  const server = await serve(folder('readme', { 'index.html': index }))
  try {
    const found = (await browser.answer(`${server.origin}/index.html`)) as { label: string; probability: number }[]
    assert.is(found.length, 3)
    assert.ok(found.every(({ label, probability }) => /^\d$/.test(label) && probability > 0))
  } finally {
    server.close()
  }
})

inBrowser('a page under the policy that allows wasm and nothing else', async () => {
  const policy = {
    'content-security-policy': "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
  }
  await open(folder('policy', files("'model.safetensors'", `${plain}/web.js`)), policy)
  // Without anything to be fetched.
  const strict = { 'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'" }
  const asked = await open(folder('policy', files('model()', `${plain}/inline.js`)), strict)
  assert.equal([...asked].sort(), ['/app.js', '/data.js', '/index.html', '/node_modules/convlet/dist/inline.js'])
})

inBrowser('a server that does not know wasm', async () => {
  const asked = await open(folder('mime', files('model()', `${plain}/web.js`)), {}, 'application/octet-stream')
  assert.is(asked.filter(path => path.endsWith('.wasm')).length, 2)
})

inBrowser('kernels that are not there: an error that says where they belong', async () => {
  const path = folder('missing', files('model()', 'convlet'))
  await esbuild(path)
  writeFileSync(join(path, 'index.html'), page('out/app.js'))
  try {
    await open(path)
  } catch (error) {
    assert.match((error as Error).message, /infer(\.relaxed)?\.wasm of the package.*status 404.*convlet\/inline/)
    return
  }
  assert.unreachable()
})

for (const splitting of [false, true])
  inBrowser(`esbuild, ${splitting ? 'split' : 'one file'}`, async () => {
    const path = folder(`esbuild-${splitting}`, {
      ...files("'model.safetensors'", 'convlet'),
      'index.html': page('out/app.js'),
    })
    const { inputs } = await esbuild(path, { splitting })
    assert.ok(Object.keys(inputs).some(file => file.endsWith('dist/web.js')))
    for (const name of ['infer.wasm', 'infer.relaxed.wasm']) copyFileSync(`dist/${name}`, join(path, 'out', name))
    await open(path)
  })

const vite = [process.env.VITE, 'test/package/node_modules/vite/bin/vite.js'].find(path => path && existsSync(path))
if (!vite) console.log('skipped: Vite, it is not there (npm ci --prefix test/package; or VITE=path of its bin/vite.js)')

;(vite ? inBrowser : test.skip)('Vite takes the kernels along by itself, for inference and for training', async () => {
  const train = "\nimport { planTraining } from 'convlet/train'\nglobalThis.planTraining = planTraining\n"
  const app = program('convlet', 'model()') + ask + train
  const path = folder('vite', { 'app.js': app, 'index.html': page('./app.js') })
  execFileSync(process.execPath, [resolve(vite!), 'build', path, '--outDir', 'out', '--logLevel', 'error'])
  const asked = await open(join(path, 'out'))
  assert.equal(
    asked
      .filter(file => file.endsWith('.wasm'))
      .map(file => file.replace(/-[^-]*$/, ''))
      .sort(),
    ['/assets/infer', '/assets/infer.relaxed'],
  )
})

inBrowser('wasm files imported as modules, by addresses', async () => {
  const before = `import simd from 'convlet/infer.wasm'
const wasm = WebAssembly.compileStreaming(fetch(simd))`
  const app = program('convlet', "'model.safetensors'", '{ wasm: await wasm }', before) + ask
  const path = folder('addresses', { 'app.js': app, 'index.html': page('out/app.js') })
  await esbuild(path, { loader: { '.wasm': 'file' }, publicPath: '/out' })
  await open(path)
})

/** The answer of a page that is one file, opened from the disk: what lies beside such a page browsers do not import. */
const onePage = (path: string, module: string): Promise<unknown> => {
  const script = readFileSync(join(path, 'out/app.js'), 'utf8').replaceAll('</script', '<\\/script')
  writeFileSync(join(path, 'index.html'), html(`<script${module}>${script}</script>`))
  return browser.answer(pathToFileURL(join(path, 'index.html')).href)
}

inBrowser('a page from file:// with convlet/inline in it, as a module and as a plain script', async () => {
  for (const format of ['esm', 'iife']) {
    const path = folder(`file-${format}`, files('model()', 'convlet/inline'))
    await esbuild(path, { format })
    checkScores((await onePage(path, format === 'esm' ? ' type="module"' : '')) as Scores)
  }
})

const training = (entry: string) => `import { sgd, trainer } from '${entry}'
import { model } from './data.js'
const answer = async () => {
  const t = await trainer(model(), { optimizer: sgd({ lr: 0.01 }), batch: 2 })
  const batch = { input: Float32Array.from({ length: 2 * 1024 }, (_, i) => Math.sin(i)), labels: [0, 1] }
  const losses = [1, 2, 3, 4].map(() => t.step(batch).loss)
  return { losses, onnx: (await t.exportOnnx()).length, saved: (await t.save()).length }
}
${ask}`

const checkTraining = (answer: unknown) => {
  const { losses, onnx, saved } = answer as { readonly losses: number[]; readonly onnx: number; readonly saved: number }
  assert.is(losses.length, 4)
  assert.ok(
    losses.every((loss, i) => i === 0 || loss < losses[i - 1]!),
    losses.join(' '),
  )
  assert.ok(onnx > 240_000 && saved > 240_000)
}

inBrowser('training in a browser: the loss falls, the model is saved and exported', async () => {
  const app = training(`${plain}/train.web.js`)
  const server = await serve(folder('train', { 'app.js': app, 'index.html': page('app.js') }))
  try {
    checkTraining(await browser.answer(`${server.origin}/index.html`))
    assert.ok(server.asked().some(path => path.endsWith('train.relaxed.wasm')))
  } finally {
    server.close()
  }
})

inBrowser('training on a page from file://', async () => {
  const path = folder('file-train', { 'app.js': training('convlet/train/inline') })
  await esbuild(path)
  checkTraining(await onePage(path, ' type="module"'))
})

test.run()
