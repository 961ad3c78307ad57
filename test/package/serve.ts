// A static server, as plain as users' are.
import { createReadStream, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { text } from 'node:stream/consumers'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

export interface Served {
  readonly origin: string
  /** What was asked for since the last call. */
  readonly asked: () => readonly string[]
  readonly close: () => void
}

/** Serves a folder, with these headers on each answer, wasm files as the type that is given; `told` gets what is posted. */
export const serve = async (
  root: string,
  headers: Readonly<Record<string, string>> = {},
  wasm = 'application/wasm',
  told?: (body: string) => void,
): Promise<Served> => {
  const seen: string[] = []
  const server = createServer((request, answer) => {
    const { method, url } = request
    const { pathname } = new URL(url!, 'http://host')
    const file = join(root, pathname)
    if (method === 'POST' && told)
      return void text(request)
        .then(told)
        .finally(() => answer.end())
    if (pathname === '/favicon.ico') return answer.writeHead(204).end()
    seen.push(pathname)
    if (!existsSync(file)) return answer.writeHead(404).end()
    const type = extname(file) === '.wasm' ? wasm : (TYPES[extname(file)] ?? 'application/octet-stream')
    answer.writeHead(200, { 'content-type': type, ...headers })
    createReadStream(file).pipe(answer)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => seen.splice(0),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
