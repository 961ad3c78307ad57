// Loading from an address over connections that break.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import type { LoadOptions } from '../../ts/api.js'
import { load } from '../../ts/entry/node.js'
import type { ConvletError } from '../../ts/error.js'
import { modules } from '../builds.js'
import { type Answer, gzipped, ranged, refused, server, status, unknown, whole } from './server.js'

const test = suite('broken connections')
const kernels = modules[0]!
const file = await convert(readFileSync('models/lenet5/lenet5.onnx'))
const image = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i))
const wanted = (await load(file, kernels)).run(image).logits!.slice()

/** Waits are told, and made a hundredth as long. */
const waited: number[] = []
const { setTimeout: real } = globalThis
test.before(() => {
  globalThis.setTimeout = ((action: () => void, ms = 0, ...rest: []) => {
    const own = [250, 500, 1000, 2000, 4000].includes(ms)
    if (own) waited.push(ms)
    return real(action, own ? ms / 100 : ms, ...rest)
  }) as typeof setTimeout
})
test.after(() => {
  globalThis.setTimeout = real
})

/** Loads from a server with these answers; gives the requests. */
const loads = async (answers: readonly Answer[], options: LoadOptions = {}, bytes = file) => {
  const { url, asked, close } = await server(bytes, ...answers)
  waited.length = 0
  try {
    const net = await load(url, { ...kernels, ...options })
    assert.equal(net.run(image).logits, wanted)
    return asked
  } finally {
    await close()
  }
}

const fails = async (answers: readonly Answer[], message: RegExp, bytes = file) => {
  try {
    await loads(answers, {}, bytes)
  } catch (error) {
    assert.is((error as ConvletError).code, 'FILE', `${error}`)
    assert.match((error as ConvletError).message, message)
    return
  }
  assert.unreachable('it loaded')
}

const ETAG = { etag: '"one"' }
const DATE = { 'last-modified': 'Wed, 01 Jul 2026 10:00:00 GMT' }

for (const after of [3, 5000, 100_001, file.length - 1])
  test(`broken after ${after} bytes: the rest alone is asked for, of the same version`, async () => {
    const seen: number[] = []
    const asked = await loads([ranged(ETAG, after), ranged(ETAG)], {
      onProgress: ({ loaded, total }) => {
        assert.is(total, file.length)
        assert.ok(loaded > (seen.at(-1) ?? 0))
        seen.push(loaded)
      },
    })
    assert.is(asked.length, 2)
    assert.is(asked[0]!.range, undefined)
    assert.is(asked[1]!.range, `bytes=${after}-`)
    assert.is(asked[1]!['if-range'], '"one"')
    assert.ok(seen.includes(after), seen.join(' '))
    assert.is(seen.at(-1), file.length)
  })

test('the version is told by a date where there is no ETag, or a weak one; by nothing where there is neither', async () => {
  const [, dated] = await loads([ranged(DATE, 5000), ranged(DATE)])
  assert.is(dated!['if-range'], DATE['last-modified'])
  const weak = { etag: 'W/"one"' }
  const [, both] = await loads([ranged({ ...weak, ...DATE }, 5000), ranged({ ...weak, ...DATE })])
  assert.is(both!['if-range'], DATE['last-modified'])
  for (const headers of [{}, weak]) {
    const [, none] = await loads([ranged(headers, 5000), ranged(headers)])
    assert.is(none!.range, 'bytes=5000-')
    assert.is(none!['if-range'], undefined)
  }
})

test('a connection that breaks again and again', async () => {
  const asked = await loads([...Array(20).fill(ranged(ETAG, 10_000)), ranged(ETAG)])
  assert.equal(
    asked.map(({ range }) => range),
    [undefined, ...Array.from({ length: 20 }, (_, i) => `bytes=${10_000 * (i + 1)}-`)],
  )
  // Each attempt brought something.
  assert.ok(waited.every(ms => ms === 250))
})

test('refused, overloaded, too many requests: attempts with growing waits', async () => {
  const asked = await loads([ranged(ETAG, 5000), refused, status(503), status(429), status(408), ranged(ETAG)])
  assert.is(asked.length, 6)
  assert.equal(waited, [250, 500, 1000, 2000, 4000])
})

test('five attempts that bring nothing are enough', async () => {
  await fails(
    [ranged(ETAG, 5000), status(503)],
    /^cannot read http:.*: 5 attempts to go on failed \(status 503\) after 5000 of \d+ bytes; load it again\.$/,
  )
  assert.equal(waited, [250, 500, 1000, 2000, 4000])
})

test('a server that knows no ranges: what is known is passed over', async () => {
  for (const headers of [{}, ETAG, DATE]) {
    assert.is((await loads([whole(headers, 5000), whole(headers)])).length, 2)
    assert.is(
      (await loads([whole(headers, 5000), whole(headers, 100), whole(headers, 90_000), whole(headers)])).length,
      4,
    )
    assert.is((await loads([unknown(headers, 5000), unknown(headers, 60_000), unknown(headers)])).length, 3)
  }
})

test('a server that knows no ranges and never comes further is given up', () =>
  fails([whole(ETAG, 5000)], /5 attempts to go on failed .* after 5000 of \d+ bytes/))

test('compressed on the way: no range, all of it again', async () => {
  for (const headers of [{}, ETAG]) {
    const asked = await loads([gzipped(headers, 20_000), gzipped(headers, 100_000), gzipped(headers)])
    assert.is(asked.length, 3)
    assert.ok(asked.every(request => request.range === undefined && request['if-range'] === undefined))
  }
  // The whole of it plain the second time; a proxy had made the ETag weak.
  assert.is((await loads([gzipped({ etag: 'W/"one"' }, 20_000), whole(ETAG)])).length, 2)
})

test('a range that is compressed, which nobody can join, is not taken', async () => {
  const packed: Answer = (bytes, request, answer) =>
    gzipped({ 'content-range': `bytes 5000-${bytes.length - 1}/${bytes.length}` })(bytes, request, {
      ...answer,
      writeHead: (_: number, headers: object) => answer.writeHead(206, headers as never),
      end: (bytes: Uint8Array) => answer.end(bytes),
    } as never)
  const asked = await loads([whole({}, 5000), packed, whole()])
  assert.equal(
    asked.map(({ range }) => range),
    [undefined, 'bytes=5000-', undefined],
  )
})

test('another range than the one asked for: all of it again', async () => {
  for (const range of ['bytes 0-99/100', 'bytes 4999-5000/*', 'bytes 5001-6000/*', 'pages 5000-6000/7000', '']) {
    const wrong: Answer = (bytes, _, answer) =>
      answer.writeHead(206, range ? { 'content-range': range } : {}).end(bytes.subarray(0, 5000))
    const asked = await loads([whole(ETAG, 5000), wrong, whole(ETAG)])
    assert.equal(
      asked.map(({ range }) => range),
      [undefined, 'bytes=5000-', undefined],
      range,
    )
  }
})

test('a file that has changed is told, not joined', async () => {
  const other = { etag: '"two"' }
  await fails([ranged(ETAG, 5000), ranged(other)], /it changed, to "two", after 5000 of \d+ bytes; load it again/)
  // A server that does not look at If-Range.
  const careless: Answer = (bytes, request, answer) => {
    delete request.headers['if-range']
    ranged(other)(bytes, request, answer)
  }
  await fails([ranged(ETAG, 5000), careless], /it changed, to "two"/)
  const later = { 'last-modified': 'Thu, 02 Jul 2026 10:00:00 GMT' }
  await fails([whole(DATE, 5000), whole(later)], /it changed, to Thu, 02 Jul 2026/)
  // Nothing tells the version, but there is more of it.
  const longer: Answer = (bytes, request, answer) => ranged()(Buffer.concat([bytes, bytes]), request, answer)
  await fails([whole({}, 5000), longer], new RegExp(`it changed, to ${2 * file.length} bytes, after 5000`))
  await fails(
    [whole({}, 5000), (bytes, ...rest) => whole()(bytes.subarray(0, 6000), ...rest)],
    /it changed, to 6000 bytes/,
  )
  await fails([ranged(ETAG, 5000), status(412)], /status 412, .* after 5000 of \d+ bytes; load it again/)
  // Neither version nor length tells: the hash does.
  const twisted: Answer = (bytes, request, answer) => ranged()(bytes.with(bytes.length - 9, 7), request, answer)
  await fails([whole({}, 5000), twisted], /the weights have sha256/)
})

test('a file that is no longer so long', async () => {
  const short = status(416, { 'content-range': 'bytes */4000' })
  await fails([ranged(ETAG, 5000), short], /status 416, content-range bytes \*\/4000, after 5000 of \d+ bytes/)
  await fails(
    [unknown({}, 5000), (bytes, ...rest) => unknown()(bytes.subarray(0, 4000), ...rest)],
    /5 attempts .*it ended early/,
  )
})

test('a connection that breaks behind the last byte', async () => {
  const end = status(416, { 'content-range': `bytes */${file.length}` })
  // The length was not told, so there might be more.
  const asked = await loads([unknown({}, file.length), end])
  assert.is(asked[1]!.range, `bytes=${file.length}-`)
  assert.is((await loads([unknown({}, file.length), whole()])).length, 2)
})

test('a file that is gone by then', () =>
  fails([ranged(ETAG, 5000), status(404)], /status 404, .* after 5000 of \d+ bytes/))

test('what fails at once is told at once', async () => {
  await fails([status(404)], /status 404/)
  await fails([status(503)], /status 503/)
  await fails([refused], /cannot read http:.*fetch failed/)
  assert.equal(waited, [])
})

test('a response that was fetched by somebody else is read to where it breaks', async () => {
  const { url, asked, close } = await server(file, ranged(ETAG, 5000), ranged(ETAG))
  try {
    await load(await fetch(url), kernels)
    assert.unreachable('it loaded')
  } catch (error) {
    assert.is((error as ConvletError).code, 'FILE', `${error}`)
    assert.is(asked.length, 1)
  } finally {
    await close()
  }
})

test('an abort ends the waiting and the attempts', async () => {
  const { url, asked, close } = await server(file, ranged(ETAG, 5000), refused)
  const stop = new AbortController()
  waited.length = 0
  const loading = load(url, { ...kernels, signal: stop.signal })
  // Before the third attempt, which would come 10 ms after the second.
  while (waited.length < 3) await new Promise(resolve => real(resolve, 1))
  const before = asked.length
  stop.abort()
  try {
    await loading
    assert.unreachable('it loaded')
  } catch (error) {
    assert.is((error as ConvletError).code, 'ABORTED', `${error}`)
  }
  await new Promise(resolve => real(resolve, 50))
  assert.is(asked.length, before)
  await close()
})

test.run()
