// Puts all that an engine runs into build/engines: one file of tests, what loads it, and the kernels.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'
import sharp from 'sharp'
import { convert } from '../../converters/index.js'

export const FOLDER = resolve('build/engines')
const KERNELS = ['infer.wasm', 'infer.relaxed.wasm', 'train.wasm', 'train.relaxed.wasm']

/** The kernels' case tables; what reads files of the disk has none of its own. */
const isTable = (text: string) => /from '\.\.\/check\.js'/.test(text) && !/from 'node:/.test(text)
const tests = () =>
  ['test/ops', 'test/grad']
    .flatMap(folder => readdirSync(folder).map(file => join(folder, file)))
    .filter(file => file.endsWith('.test.ts') && isTable(readFileSync(file, 'utf8')))

const bytes = (data: Uint8Array) =>
  `Uint8Array.from(atob('${Buffer.from(data).toString('base64')}'), letter => letter.charCodeAt(0))`

const lenet5 = async () => {
  const model = await convert(readFileSync('models/lenet5/lenet5.onnx'))
  const digits = await Promise.all(
    Array.from({ length: 10 }, (_, d) => sharp(`models/lenet5/digits/${d}.png`).toColourspace('b-w').raw().toBuffer()),
  )
  return `export const lenet5 = ${bytes(model)}\nexport const digits = [${digits.map(bytes)}]`
}

/** What stands for what only Node has. */
const stands: Readonly<Record<string, string>> = {
  '^uvu$': 'suites.ts',
  '/builds\\.js$': 'builds.ts',
  '/entry/node\\.js$': 'entry.ts',
}

const own: Plugin = {
  name: 'engines',
  setup: ({ onResolve, onLoad }) => {
    for (const [filter, file] of Object.entries(stands))
      onResolve({ filter: new RegExp(filter) }, () => ({ path: resolve('test/engines', file) }))
    onResolve({ filter: /^convlet:/ }, ({ path }) => ({ path, namespace: 'engines' }))
    onLoad({ filter: /tests/, namespace: 'engines' }, () => ({
      contents: tests()
        .map(file => `import './${file.replaceAll('\\', '/')}'`)
        .join('\n'),
      resolveDir: '.',
    }))
    onLoad({ filter: /lenet5/, namespace: 'engines' }, async () => ({ contents: await lenet5() }))
  },
}

/** Node and bun. */
const shell = `import { readFileSync } from 'node:fs'
globalThis.convletModules = {}
for (const name of ${JSON.stringify(KERNELS)}) {
  const bytes = readFileSync(new URL(name, import.meta.url))
  if (WebAssembly.validate(bytes)) convletModules[name] = await WebAssembly.compile(bytes)
}
const { report } = await import('./tests.js')
console.log('\\n=' + JSON.stringify(await report()))
`

const page = `<!doctype html><meta charset="utf-8"><title>convlet</title><script type="module">
const run = async () => {
  globalThis.convletModules = {}
  for (const name of ${JSON.stringify(KERNELS)}) {
    const bytes = await (await fetch(name)).arrayBuffer()
    if (WebAssembly.validate(bytes)) convletModules[name] = await WebAssembly.compile(bytes)
  }
  const { report } = await import('./tests.js')
  return report()
}
const result = await run().catch(error => ({ error: String(error.stack ?? error) }))
await fetch('report', { method: 'POST', body: JSON.stringify(result) })
</script>`

const worker = `${KERNELS.map((name, i) => `import wasm${i} from './${name}'`).join('\n')}
globalThis.convletModules = { ${KERNELS.map((name, i) => `'${name}': wasm${i}`).join(', ')} }
export default {
  fetch: async () => {
    const { report } = await import('./tests.js')
    return Response.json(await report().catch(error => ({ error: String(error.stack ?? error) })))
  },
}
`

const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .app)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "tests.js", esModule = embed "tests.js"),
    ${KERNELS.map(name => `(name = "${name}", wasm = embed "${name}"),`).join('\n    ')}
  ],
  compatibilityDate = "2026-04-01",
);
`

export const bundle = async (): Promise<void> => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  await build({
    entryPoints: { tests: 'test/engines/main.ts' },
    outdir: FOLDER,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    // What tests are imported for is what they do.
    ignoreAnnotations: true,
    target: 'es2022',
    define: { 'process.env.CONVLET_RUNS': 'undefined' },
    plugins: [own],
    logLevel: 'warning',
  })
  for (const name of KERNELS) copyFileSync(`dist/${name}`, join(FOLDER, name))
  const files = {
    'shell.mjs': shell,
    'package.json': '{ "type": "module" }',
    'index.html': page,
    'worker.js': worker,
    'config.capnp': config,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(FOLDER, name), text)
}
