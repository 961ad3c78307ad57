// workerd, the runtime of Cloudflare Workers, by its own program (the package "workerd").
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { esbuild } from './app.js'
import { workerdPath } from './program.js'

/** Bundles worker.js of a folder as wrangler does: for workerd, wasm files as modules of their own; and runs it. Its cache is at an address. */
export const worker = async (path: string, cache?: string) => {
  const { outputs } = await esbuild(path, {
    entryPoints: ['worker.js'],
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
  })
  // The first module is the one that is run.
  const modules = Object.keys(outputs)
    .sort((a, b) => Number(a.endsWith('.wasm')) - Number(b.endsWith('.wasm')))
    .map(file => `(name = "${file.slice(4)}", ${file.endsWith('.wasm') ? 'wasm' : 'esModule'} = embed "${file}")`)
  writeFileSync(
    join(path, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .app),
    (name = "assets", disk = (path = "${path}")),
    (name = "internet", network = (allow = ["private"])),
    ${cache ? `(name = "cache", external = (address = "${cache}", http = ())),` : ''}
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [${modules.join(', ')}],
  bindings = [(name = "ASSETS", service = "assets")],
  compatibilityDate = "2026-04-01",
  ${cache ? 'cacheApiOutbound = "cache",' : ''}
);
`,
  )
  const child = spawn(workerdPath!, ['serve', join(path, 'config.capnp'), '--control-fd=3'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', text => {
    said += text
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('close', code => reject(new Error(`workerd ended with ${code}: ${said}`)))
    const control = child.stdio[3] as Readable
    let told = ''
    control.setEncoding('utf8').on('data', text => {
      told += text
      const found = /"port":(\d+)/.exec(told)
      if (found) resolve(Number(found[1]))
    })
  })
  return {
    fetch: (init?: RequestInit) => fetch(`http://127.0.0.1:${port}/`, { ...init, signal: AbortSignal.timeout(30_000) }),
    close: () => void child.kill(),
  }
}
