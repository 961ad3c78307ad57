import type { Platform } from '../platform.js'
import { compileModule, type Module } from '../wasm.js'
import { browser } from './web.platform.js'

const unpack = async (base64: string): Promise<Module> => {
  const packed = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
  // Not by fetching a data: URL, which a page's policy may forbid.
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))
  return compileModule(new Uint8Array(await new Response(plain).arrayBuffer()))
}

/** Browsers, kernels from their compressed text. */
export const inline = (texts: Readonly<Record<string, string>>): Platform => {
  const modules: Record<string, Promise<Module>> = {}
  return browser(name => (modules[name] ??= unpack(texts[name]!)))
}
