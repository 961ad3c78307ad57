// convlet in Node: files by path, kernels from beside this file, hashes by node:crypto.
import { createHash } from 'node:crypto'
import { createReadStream, promises } from 'node:fs'
import { inspector, loader } from '../load.js'
import type { Platform } from '../platform.js'
import { type Build, compileModule, type Module } from '../wasm.js'

const modules: Partial<Record<Build, Promise<Module>>> = {}

const platform: Platform = {
  open: async path => {
    const name = `${path}`.startsWith('file:') ? new URL(path) : path
    const { size } = await promises.stat(name)
    const stream = createReadStream(name, { highWaterMark: 1 << 18 })
    // A pipe has no size.
    return { total: size || undefined, chunks: stream[Symbol.asyncIterator]() }
  },
  wasm: build =>
    (modules[build] ??= promises
      .readFile(new URL(build === 'simd' ? 'infer.wasm' : 'infer.relaxed.wasm', import.meta.url))
      .then(compileModule)),
  sha256: () => createHash('sha256'),
}

export * from '../index.js'
export const load = /* @__PURE__ */ loader(platform)
export const inspect = /* @__PURE__ */ inspector(platform)
