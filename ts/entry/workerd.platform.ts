import { fail } from '../error.js'
import type { Platform } from '../platform.js'
import { sha256 } from './sha256.js'

/** Cloudflare Workers: no files, and modules only as they were deployed. */
export const workerd: Platform = {
  open: async path =>
    fail('INPUT', `a Worker has no files, "${path}" is none: pass a URL, bytes, a Response or a ReadableStream`),
  wasm: async name => {
    const plain = name.replace('.relaxed', '')
    return fail(
      'UNSUPPORTED',
      `a Worker compiles no bytes: import wasm from 'convlet/${plain}' and pass { wasm }; or 'convlet/${plain.replace('.', '.relaxed.')}' with { wasm, build: 'relaxed' }`,
    )
  },
  cached: () => import('./web.cache.js'),
  sha256,
}
