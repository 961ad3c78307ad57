// Cold starts of examples/worker, measured from outside: workerd runs, the Worker has answered nobody, then one picture is sent:
// kernels and decoder instantiated, model loaded from the assets, the first answer.
// usage: node bench/worker.mjs [NETWORK] [STARTS] [OPTIONS OF convlet convert]      (lenet5, 20)
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { basename, resolve } from 'node:path'
import sharp from 'sharp'
import { machine, machineLine } from './lib/machine.mjs'
import { networkFile } from './lib/networks.mjs'

const [first = 'lenet5', second = '20', ...rest] = process.argv.slice(2)
const [network, starts] = [first, Number(second)]
const root = resolve(import.meta.dirname, '..')
const example = resolve(root, 'examples/worker')
const folder = resolve(root, 'build/bench/worker')
const out = `${folder}/out`
const assets = `${folder}/assets`

if (!existsSync(`${example}/node_modules/wrangler`)) {
  console.error('bench: the Worker needs its packages: npm ci --prefix examples/worker')
  process.exit(1)
}
rmSync(folder, { recursive: true, force: true })
mkdirSync(assets, { recursive: true })
const node = (script, args, cwd) => execFileSync(process.execPath, [resolve(cwd, script), ...args], { cwd })
const onnx = network === 'lenet5' ? resolve(root, 'models/lenet5/lenet5.onnx') : await networkFile(network)
const convert = ['convert', onnx, `${assets}/${network}.safetensors`, '--shard', '24MiB', ...rest]
node('dist/cli.js', convert, root)
process.env.WRANGLER_SEND_METRICS = 'false'
node('node_modules/wrangler/bin/wrangler.js', ['deploy', '--dry-run', '--outdir', out, '--assets', assets], example)

const kinds = { js: 'esModule', wasm: 'wasm', html: 'text' }
const modules = readdirSync(out)
  .map(file => [file, kinds[file.split('.').at(-1)]])
  .filter(([, kind]) => kind)
  // The first one is the one that is run.
  .sort(([a], [b]) => Number(b === 'index.js') - Number(a === 'index.js'))
writeFileSync(
  `${out}/config.capnp`,
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .app), (name = "assets", disk = (path = "${assets}"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [${modules.map(([file, kind]) => `(name = "${file}", ${kind} = embed "${file}")`).join(', ')}],
  bindings = [(name = "ASSETS", service = "assets"), (name = "MODEL", text = "${network}")],
  compatibilityDate = "2026-04-01",
);
`,
)

/** The program itself, and not npm's way to it, which would not be ended with it. */
const program = createRequire(createRequire(`${example}/package.json`).resolve('wrangler'))('workerd').default

const serve = async () => {
  const child = spawn(program, ['serve', `${out}/config.capnp`, '--control-fd=3'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const port = await new Promise((done, reject) => {
    child.once('error', reject).once('close', code => reject(new Error(`workerd ended with ${code}`)))
    child.stdio[3].setEncoding('utf8').on('data', text => {
      const found = /"port":(\d+)/.exec(text)
      if (found) done(Number(found[1]))
    })
  })
  return { port, child, close: () => new Promise(done => child.once('close', done) && child.kill()) }
}

/** Milliseconds that all threads of a process have had a processor: on a busy machine the clock measures others. */
const busy = ({ pid }) => {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : []
  return threads.reduce(
    (ms, id) => ms + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  )
}

/** Milliseconds from the connection's beginning to the answer's end, by a client that is warm itself. */
const time = (port, method, path, body) =>
  new Promise((done, reject) => {
    const start = performance.now()
    const asked = request({ host: '127.0.0.1', port, method, path, agent: false }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', part => {
        text += part
      })
      answer.once('end', () => {
        const ms = performance.now() - start
        if (answer.statusCode === 200) done(ms)
        else reject(new Error(`${answer.statusCode} ${text}`))
      })
    })
    asked.once('error', reject).end(body)
  })

const digit = readFileSync(resolve(root, 'models/lenet5/digits/3.png'))
const pictures = {
  png: digit,
  jpeg: await sharp(digit).resize(640, 480).toColourspace('srgb').jpeg().toBuffer(),
}
const kind = network === 'lenet5' ? 'png' : 'jpeg'
const rows = ['for the page, which loads nothing', 'the first picture', 'a picture after that']
const times = rows.map(() => ({ clock: [], processor: [] }))
for (let i = 0; i <= starts; i++) {
  const { port, child, close } = await serve()
  const measure = async (...sent) => {
    const before = busy(child)
    const clock = await time(port, ...sent)
    return { clock, processor: busy(child) - before }
  }
  const post = () => measure('POST', '/', pictures[kind])
  try {
    const found = [await measure('GET', '/'), await post()]
    await post()
    found.push(await post())
    // The first start warms the client and the disk.
    if (i > 0)
      for (const [row, { clock, processor }] of found.entries()) {
        times[row].clock.push(clock)
        times[row].processor.push(processor)
      }
  } finally {
    await close()
  }
}
const shown = values => {
  const sorted = [...values].sort((a, b) => a - b)
  return [sorted[sorted.length >> 1], sorted[0], sorted.at(-1)].map(ms => ms.toFixed(1).padStart(8)).join('')
}
console.log(machineLine(machine({})))
console.log(`${[basename(onnx), ...rest].join(' ')}, a ${kind}, ${starts} cold starts, milliseconds\n`)
console.log(
  `${'request'.padEnd(36)}${['median', 'best', 'worst'].map(text => text.padStart(8)).join('')}   processor: median, best, worst`,
)
for (const [i, { clock, processor }] of times.entries())
  console.log(`${rows[i].padEnd(36)}${shown(clock)}   ${shown(processor)}`)
