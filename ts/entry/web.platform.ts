import { fail } from '../error.js'
import type { Platform } from '../platform.js'
import { compileResponse, type Module } from '../wasm.js'
import { sha256 } from './sha256.js'

/** Browsers: an address that is not complete counts from the page's. */
export const browser = (wasm: Platform['wasm']): Platform => ({
  cached: () => import('./web.cache.js'),
  wasm,
  sha256,
})

/** Kernels from where `locate` says that a file of the package lies. */
export const fetched = (locate: (name: string) => URL): Platform['wasm'] => {
  const modules: Record<string, Promise<Module>> = {}
  const fetchModule = async (name: string): Promise<Module> => {
    let response: Response
    try {
      response = await fetch(locate(name))
      if (!response.ok) throw new Error(`status ${response.status}`)
    } catch (cause) {
      // What failed once, for want of a connection, may be tried again.
      delete modules[name]
      return fail(
        'FILE',
        `cannot fetch the kernels, ${name} of the package, from beside the script (${(cause as Error).message}): serve the file there, pass { wasm } or import convlet/inline`,
        cause,
      )
    }
    return compileResponse(response)
  }
  return name => (modules[name] ??= fetchModule(name))
}
