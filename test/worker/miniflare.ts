// The example as it is deployed: bundled by wrangler, run in workerd by miniflare, both packages of the example.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const EXAMPLE = resolve('examples/worker')
const WRANGLER = join(EXAMPLE, 'node_modules/wrangler/bin/wrangler.js')

/** Whether the example's packages are installed. */
export const isInstalled = existsSync(WRANGLER)

const requireOf = createRequire(join(EXAMPLE, 'package.json'))

/** Nothing is sent, nothing written outside of build/. */
const environment = () => ({
  ...process.env,
  NO_COLOR: '1',
  CI: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  XDG_CONFIG_HOME: resolve('build/worker/config'),
})

/** Converts a model, a file or a network's name and its weights, to a fresh folder build/worker/NAME, in shards of `size`. */
export const assets = (name: string, size: string, model = ['models/lenet5/lenet5.onnx']): string => {
  const folder = resolve('build/worker', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const file = model.length === 1 ? 'lenet5.safetensors' : `${model[0]}.safetensors`
  const args = ['convert', ...model, join(folder, file), '--shard', size]
  execFileSync(process.execPath, ['dist/cli.js', ...args], { stdio: 'ignore' })
  return folder
}

/** Bundles the Worker to build/worker/out, as a deployment would; gives what wrangler says. */
export const bundle = (folder: string): string => {
  const out = resolve('build/worker/out')
  rmSync(out, { recursive: true, force: true })
  const args = ['deploy', '--dry-run', '--outdir', out, '--assets', folder]
  return execFileSync(process.execPath, [WRANGLER, ...args], { cwd: EXAMPLE, encoding: 'utf8', env: environment() })
}

export interface Running {
  readonly url: URL
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>
  readonly close: () => Promise<void>
  /** A bucket by its binding's name. */
  readonly bucket: (name: string) => Promise<{ readonly put: (name: string, bytes: Uint8Array) => Promise<unknown> }>
}

/** Runs the bundle with these assets, options of miniflare put over those of wrangler.jsonc, `more` at the end of its page. */
export const start = async (folder: string, bindings = {}, options = {}, more = ''): Promise<Running> => {
  const out = resolve('build/worker/out')
  const { unstable_getMiniflareWorkerOptions: readConfig } = requireOf('wrangler')
  const { Miniflare } = createRequire(requireOf.resolve('wrangler'))('miniflare')
  // The folder that the configuration names is made by npm run worker: it may not be there.
  const overrides = { assets: { directory: folder } }
  const { workerOptions } = readConfig(join(EXAMPLE, 'wrangler.jsonc'), undefined, { overrides })
  const wasm = readdirSync(out).filter(file => file.endsWith('.wasm'))
  const html = readdirSync(out).filter(file => file.endsWith('.html'))
  const miniflare = new Miniflare({
    ...workerOptions,
    rootPath: out,
    modulesRoot: out,
    modules: [
      { type: 'ESModule', path: 'index.js' },
      ...wasm.map(path => ({ type: 'CompiledWasm', path })),
      ...html.map(path => ({ type: 'Text', path, contents: readFileSync(join(out, path), 'utf8') + more })),
    ],
    bindings: { ...workerOptions.bindings, ...bindings },
    host: '127.0.0.1',
    port: 0,
    cf: false,
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) => {
      // Errors are part of the tests.
      stdout.resume()
      stderr.resume()
    },
    ...options,
  })
  const url: URL = await miniflare.ready
  return {
    url,
    fetch: (path, init) => {
      // A connection of its own: one that is kept may be closed by the other side at any time.
      const headers = new Headers(init?.headers)
      headers.set('connection', 'close')
      return fetch(new URL(path, url), { signal: AbortSignal.timeout(60_000), ...init, headers })
    },
    close: () => miniflare.dispose(),
    bucket: name => miniflare.getR2Bucket(name),
  }
}
