import { createHash } from 'node:crypto'
import { createReadStream, promises } from 'node:fs'
import type { Platform } from '../platform.js'
import { compileModule, type Module } from '../wasm.js'

const modules: Record<string, Promise<Module>> = {}

/** Node: files by path, kernels from beside this file, hashes by node:crypto. */
export const node: Platform = {
  open: async path => {
    const name = `${path}`.startsWith('file:') ? new URL(path) : path
    const { size } = await promises.stat(name)
    const stream = createReadStream(name, { highWaterMark: 1 << 18 })
    // A pipe has no size.
    return { total: size || undefined, chunks: stream[Symbol.asyncIterator]() }
  },
  wasm: name => (modules[name] ??= promises.readFile(new URL(name, import.meta.url)).then(compileModule)),
  cached: () => import('./node.cache.js'),
  sha256: () => createHash('sha256'),
}
