// convlet in one file, for pages from file://, webviews and extensions: the kernels are in it, as compressed text.
import relaxed from 'kernels:infer.relaxed.wasm'
import simd from 'kernels:infer.wasm'
import { inspector, loader } from '../load.js'
import { compileModule, type Module } from '../wasm.js'
import { browser } from './web.platform.js'

const unpack = async (base64: string): Promise<Module> => {
  const packed = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
  // Not by fetching a data: URL, which a page's policy may forbid.
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))
  return compileModule(new Uint8Array(await new Response(plain).arrayBuffer()))
}

const modules: Record<string, Promise<Module>> = {}
const inline = /* @__PURE__ */ browser(name => (modules[name] ??= unpack(name === 'infer.wasm' ? simd : relaxed)))

export * from '../index.js'
export const load = /* @__PURE__ */ loader(inline)
export const inspect = /* @__PURE__ */ inspector(inline)
