// npm run worker: from a bare clone to the example Worker in Cloudflare's own runtime, on this machine, until Ctrl-C.
// usage: npm run worker [-- --port N] [--host NAME] [--model NAME]   (NAME.shards.json in examples/worker/public)
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { cannotServe, install, readOptions, stop } from './serving.mjs'
import { setup } from './setup.mjs'
import { hashOf, readJson } from './stamp.mjs'

const FOLDER = 'examples/worker'
const PUBLIC = `${FOLDER}/public`
const USAGE = 'usage: npm run worker [-- --port 8787] [--host localhost] [--model lenet5]'
const ONNX = 'models/lenet5/lenet5.onnx'
const STAMP = 'build/worker.json'

/** Converts the shipped model by the command line, as a user would. */
const convert = () => {
  const made = hashOf([ONNX, 'models/lenet5/lenet5.json', 'dist/cli.js'])
  if (existsSync(`${PUBLIC}/lenet5.shards.json`) && readJson(STAMP).made === made) return
  mkdirSync(PUBLIC, { recursive: true })
  const args = ['convert', ONNX, `${PUBLIC}/lenet5.safetensors`, '--shard', '24MiB']
  console.log(`$ npx convlet ${args.join(' ')}`)
  const { status } = spawnSync(process.execPath, ['dist/cli.js', ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
  mkdirSync('build', { recursive: true })
  writeFileSync(STAMP, JSON.stringify({ made }))
}

const mustBeFree = (host, port) =>
  new Promise((done, reject) => {
    const server = createServer()
    server.once('error', reject).listen(port, host, () => server.close(done))
  }).catch(cannotServe('worker', host, port))

const start = ({ host, port, model }) => {
  // No telemetry, and no question where on earth this is: it works without a network.
  process.env.WRANGLER_SEND_METRICS ??= 'false'
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= 'false'
  // Wrangler keeps its own files in the folder it runs in.
  process.chdir(FOLDER)
  const { unstable_startWorker: startWorker } = createRequire(resolve('package.json'))('wrangler')
  return startWorker({
    config: 'wrangler.jsonc',
    bindings: { MODEL: { type: 'plain_text', value: model } },
    dev: { logLevel: 'error', server: { hostname: host, port }, inspector: false, watch: true },
  })
}

const { host, port, model } = readOptions(USAGE, { port: '8787', host: 'localhost', model: 'lenet5' })
await setup()
await install("the Worker's packages, wrangler among them", FOLDER).catch(({ message }) =>
  stop(`${message}\n\nThe Worker runs in wrangler's packages: npm ci --prefix ${FOLDER} must succeed.`),
)
await mustBeFree(host, port)
convert()
const worker = await start({ host, port, model }).catch(({ message }) =>
  stop(`the Worker does not start: ${message}\nworkerd needs Linux with glibc, macOS or Windows.`),
)
// Wrangler ends by itself, unless something holds it up.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await Promise.race([worker.dispose(), setTimeout(5000)]).catch(() => undefined)
    process.exit()
  })
const { origin } = await worker.url
const { error } = await (await fetch(`${origin}/health`)).json()
if (error) console.error(`\n${error.message}`)
console.log(`
  ${origin}/

  curl --data-binary @models/lenet5/digits/3.png ${origin}/

Changes in ${FOLDER}/src are taken up at once. Ctrl-C ends the Worker.
${FOLDER}/README.md says how to deploy it.`)
