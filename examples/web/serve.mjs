// A static server for the built page: the right types, the policy, and nothing outside of its folder.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { POLICY } from './policy.mjs'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}

/** Serves a folder; resolves to its address and what ends it. Rejects where the port is taken. */
export const serve = (root, { port = 0, host = 'localhost' } = {}) => {
  const server = createServer(async ({ method, url }, answer) => {
    const end = (status, text) => answer.writeHead(status, { 'content-type': 'text/plain' }).end(text)
    if (method !== 'GET' && method !== 'HEAD') return end(405, 'only GET, please')
    let path
    try {
      path = normalize(decodeURIComponent(new URL(url, 'http://host').pathname))
    } catch {
      return end(400, 'not an address')
    }
    const file = join(root, path.endsWith(sep) || path.endsWith('/') ? `${path}index.html` : path)
    if (path.includes('\0') || !file.startsWith(root + sep)) return end(404, 'not here')
    const contents = await readFile(file).catch(() => undefined)
    if (!contents) return end(404, 'not here')
    // Names in the folder of a version stay what they are.
    const isVersioned = /^[/\\][0-9a-f]{12}[/\\]/.test(path)
    answer.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-length': contents.length,
      'content-security-policy': `${POLICY}; frame-ancestors 'none'`,
      'cache-control': isVersioned ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    answer.end(method === 'HEAD' ? undefined : contents)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      const { port: found } = server.address()
      resolve({
        origin: `http://${host.includes(':') ? `[${host}]` : host}:${found}`,
        close: () => {
          server.close()
          server.closeAllConnections()
        },
      })
    })
  })
}
