// Measures networks in a page of Chromium: convlet, onnxruntime-web and tfjs, in turns. See README.md.
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { openWhile } from './browser/chromium.mjs'
import { count, parse } from './lib/args.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { networkFile } from './lib/networks.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { report } from './lib/report.mjs'

const usage = `usage: node bench/browser.mjs [NETWORK...] [options]

Networks of convlet/models by name (resnet18), in a page of headless Chromium (/usr/bin/chromium, or CHROMIUM=path), one thread each.

  --batch N     images per run (1)
  --rounds N    samples per runtime (15)
  --help        this text`

const here = path => fileURLToPath(new URL(path, import.meta.url))
const tfjs = 'node_modules/@tensorflow/tfjs-core/dist'
const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }

/** The page with all that it imports, as convlet's users and those of its peers bundle theirs. */
async function bundle(folder) {
  // convlet's build for browsers; of tfjs the file that has everything in one object, as its Node build does.
  const builds = { '../../dist/node.js': '../dist/web.js', '@tensorflow/tfjs-core': `${tfjs}/tf-core.js` }
  const forBrowsers = {
    name: 'for-browsers',
    setup: ({ onResolve }) =>
      onResolve({ filter: /dist\/node\.js$|tfjs-core$/ }, ({ path }) => ({ path: here(builds[path]) })),
  }
  await build({
    entryPoints: [here('browser/page.mjs')],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    plugins: [forBrowsers],
    logLevel: 'warning',
    logOverride: { 'ignored-bare-import': 'silent' },
  })
}

/** A server of the page; `result` is what it sends back. */
function serve(folder, model) {
  // The script lies in peers/, from where the peers find their packages as they do in Node, and convlet its kernels.
  const file = path =>
    path === '/model.onnx'
      ? model
      : [join(folder, basename(path)), here(`../dist/${basename(path)}`), here(`.${path}`)].find(name =>
          existsSync(name),
        )
  const server = createServer()
  const result = new Promise(resolve =>
    server.on('request', (request, answer) => {
      const { pathname } = new URL(request.url, 'http://host')
      if (request.method === 'POST')
        return json(request)
          .then(resolve)
          .finally(() => answer.end())
      if (pathname === '/')
        return answer
          .setHeader('content-type', 'text/html')
          .end('<!doctype html><script type="module" src="/peers/page.js"></script>')
      const found = file(pathname)
      if (!found) return answer.writeHead(404).end()
      createReadStream(found).pipe(
        answer.setHeader('content-type', TYPES[extname(found)] ?? 'application/octet-stream'),
      )
    }),
  )
  return { server, result }
}

async function measured(folder, name, { rounds, batch }) {
  const { server, result } = serve(folder, await networkFile(name))
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const query = new URLSearchParams({ rounds, batch })
    const answer = await openWhile(`http://127.0.0.1:${server.address().port}/?${query}`, result)
    if (answer.failed) throw new Error(answer.failed)
    return { model: name, ...answer }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function main({ networks, ...options }) {
  ensurePackages()
  const versions = {
    convlet: '..',
    'onnxruntime-web': 'node_modules/onnxruntime-web',
    'tfjs-backend-wasm': 'node_modules/@tensorflow/tfjs-backend-wasm',
  }
  console.log(machineLine(machine(versions)))
  const folder = mkdtempSync(join(tmpdir(), 'convlet-page-'))
  try {
    await bundle(folder)
    for (const name of networks) {
      const result = await measured(folder, name, options)
      console.log(`\n${result.browser}, ${report(result)}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const options = parse(
  usage,
  { rounds: { type: 'string', default: '15' }, batch: { type: 'string', default: '1' } },
  ({ rounds, batch }, networks) => ({
    networks: networks.length > 0 ? networks : ['resnet18'],
    rounds: count('rounds', rounds),
    batch: count('batch', batch),
  }),
)
await main(options).catch(error => {
  console.error(`bench: ${error.message}`)
  process.exitCode = 1
})
