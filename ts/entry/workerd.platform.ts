import { fail } from '../error.js'
import type { Hash, Platform } from '../platform.js'

/** The runtime's own, in its own types. */
declare const crypto: {
  readonly DigestStream: new (
    algorithm: 'SHA-256',
  ) => WritableStream<Uint8Array> & { readonly digest: Promise<ArrayBuffer> }
}

const sha256 = (): Hash => {
  const stream = new crypto.DigestStream('SHA-256')
  const writer = stream.getWriter()
  return {
    // What it cannot take the digest tells.
    update: chunk => void writer.write(chunk).catch(() => undefined),
    digest: async () => {
      await writer.close()
      const bytes = new Uint8Array(await stream.digest)
      return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
    },
  }
}

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
