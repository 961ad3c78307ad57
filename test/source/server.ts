// A server that does wrong what servers and connections do wrong.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

type Headers = Readonly<Record<string, string>>
/** Answers one request for these bytes. */
export type Answer = (bytes: Uint8Array, request: IncomingMessage, answer: ServerResponse) => unknown

/** Sends so many bytes of what was promised, then ends the connection. */
const cut = (answer: ServerResponse, bytes: Uint8Array, after: number) =>
  // A packet of its own, so that the bytes arrive before the end does.
  answer.write(bytes.subarray(0, after), () => setTimeout(() => answer.destroy(), 20))

/** All of it, whatever was asked for; or its first bytes, and the connection breaks. */
export const whole =
  (headers: Headers = {}, after = Infinity): Answer =>
  (bytes, _, answer) => {
    answer.writeHead(200, { 'content-length': bytes.length, ...headers })
    if (after < bytes.length) cut(answer, bytes, after)
    else answer.end(bytes)
  }

/** The same without telling how much there will be. */
export const unknown =
  (headers: Headers = {}, after = Infinity): Answer =>
  (bytes, _, answer) => {
    answer.writeHead(200, headers)
    if (after < Infinity) cut(answer, bytes, after)
    else answer.end(bytes)
  }

/** Compressed on the way. */
export const gzipped =
  (headers: Headers = {}, after = Infinity): Answer =>
  (bytes, request, answer) =>
    whole({ 'content-encoding': 'gzip', ...headers }, after)(gzipSync(bytes), request, answer)

/** The rest from where it was asked for, as it should be; or so many bytes of it. */
export const ranged =
  (headers: Headers = {}, after = Infinity): Answer =>
  (bytes, request, answer) => {
    // A browser's cache asks for an end, too: the last byte.
    const begin = Number(/^bytes=(\d+)-\d*$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const version = request.headers['if-range']
    const same = version === undefined || [headers.etag, headers['last-modified']].includes(`${version}`)
    if (!request.headers.range || !same) return whole(headers, after)(bytes, request, answer)
    const rest = bytes.subarray(begin)
    const range = `bytes ${begin}-${bytes.length - 1}/${bytes.length}`
    answer.writeHead(206, { 'content-length': rest.length, 'content-range': range, ...headers })
    if (after < rest.length) cut(answer, rest, after)
    else answer.end(rest)
  }

export const status =
  (code: number, headers: Headers = {}): Answer =>
  (_, __, answer) =>
    answer.writeHead(code, headers).end('no')

/** A connection that ends before there is an answer. */
export const refused: Answer = (_, request) => request.socket.destroy()

/** Headers, and then nothing. */
export const silent: Answer = (bytes, _, answer) => {
  answer.writeHead(200, { 'content-length': bytes.length })
  answer.flushHeaders()
}

/** Serves bytes, the n-th request by the n-th answer, further ones by the last. */
export const server = async (bytes: Uint8Array, ...answers: Answer[]) => {
  const asked: IncomingHttpHeaders[] = []
  const open = createServer((request, answer) => {
    asked.push(request.headers)
    answers[Math.min(asked.length, answers.length) - 1]!(bytes, request, answer)
  })
  await new Promise<void>(resolve => open.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(open.address() as AddressInfo).port}/model.safetensors`,
    /** The headers of each request so far. */
    asked,
    close: () => {
      open.closeAllConnections()
      return new Promise(resolve => open.close(resolve))
    },
  }
}
