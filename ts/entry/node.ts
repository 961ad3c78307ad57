// convlet in Node: files by path, kernels from beside this file, hashes by node:crypto.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Build } from '../api.js'
import { ConvletError } from '../error.js'
import { inspector, loader } from '../load.js'
import type { Platform } from '../platform.js'
import { compileModule, type Module } from '../wasm.js'

const files: Record<Build, string> = { simd: 'infer.wasm', relaxed: 'infer.relaxed.wasm' }
const modules: Partial<Record<Build, Promise<Module>>> = {}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a folder',
}

const platform: Platform = {
  open: async (path, signal) => {
    const name = path instanceof URL || path.startsWith('file:') ? fileURLToPath(path) : path
    try {
      const found = await stat(name)
      if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
      const stream = createReadStream(name, { highWaterMark: 1 << 18, ...(signal && { signal }) })
      return { total: found.isFile() ? found.size : undefined, chunks: stream }
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      throw new ConvletError('FILE', `${name}: cannot be opened: ${reasons[code ?? ''] ?? message}.`, { cause })
    }
  },
  wasm: build => {
    const url = new URL(files[build], import.meta.url)
    return (modules[build] ??= readFile(url).then(compileModule))
  },
  sha256: () => {
    const hash = createHash('sha256')
    return { update: chunk => void hash.update(chunk), hex: () => hash.digest('hex') }
  },
}

export * from '../index.js'
export const load = /* @__PURE__ */ loader(platform)
export const inspect = /* @__PURE__ */ inspector(platform)
