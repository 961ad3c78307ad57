// `cache` in a real browser, and connections that break there.
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chromiumPath, noChromium } from '../../scripts/chromium.mjs'
import { type Answer, ranged, server, whole } from '../source/server.js'
import { folder, model } from './app.js'
import { type Chromium, chromium } from './chromium.js'
import { serve } from './serve.js'

const test = suite('kept files in chromium')
if (!chromiumPath) console.log(`skipped: kept files in Chromium, ${noChromium}`)
const inBrowser = chromiumPath ? test : test.skip

let browser: Chromium
test.before(async () => {
  if (chromiumPath) browser = await chromium()
})
test.after(() => browser?.close())

/** What the browser says of requests that fail. */
const BROKEN = /net::ERR_(EMPTY_RESPONSE|CONTENT_LENGTH_MISMATCH|CONNECTION_REFUSED)/
const CORS = { 'access-control-allow-origin': '*' }
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const damaged = model.with(model.length - 1, model.at(-1)! ^ 1)

/** A page whose answer is what `body` gives; it has `address`, of the model, and `loads`, which tells the label of a three. */
const page = (address: string, body: string) => {
  const script = `import { load } from './node_modules/convlet/dist/web.js'
import { images } from './data.js'
const address = ${JSON.stringify(address)}
const loads = async options => {
  try {
    const net = await load(address, { build: 'simd', ...options })
    return net.classify(images[3])[0].label
  } catch ({ code, message }) {
    return code + ' ' + message
  }
}
globalThis.answer = (async () => { ${body} })()
`
  return {
    'app.js': script,
    'index.html': '<!doctype html><meta charset="utf-8"><script type="module" src="app.js"></script>',
  }
}

/** Opens a page as often as `bodies` says, its model from another origin; gives the answers and what that one was asked for. */
const opens = async (bodies: readonly string[], replies: readonly Answer[], bytes = model) => {
  const { url, asked, close } = await server(bytes, ...replies)
  // One origin for all: what is kept is kept for an origin.
  const root = folder('kept', page(url, ''))
  const site = await serve(root)
  const found: unknown[] = []
  try {
    for (const body of bodies) {
      folder('kept', page(url, body))
      found.push(await browser.answer(`${site.origin}/index.html`, BROKEN))
    }
    return { found, asked }
  } finally {
    site.close()
    await close()
  }
}

/** Which store a page has. */
const stores = {
  'the Cache API': '',
  OPFS: 'delete globalThis.caches;',
}

for (const [store, before] of Object.entries(stores)) {
  inBrowser(`${store}: the second start, and the third, make no request`, async () => {
    const body = `${before} return loads({ cache: true })`
    const { found, asked } = await opens([body, body, body], [whole(CORS)])
    assert.equal(found, ['3', '3', '3'])
    assert.is(asked.length, 1)
  })

  inBrowser(`${store}: the server is gone`, async () => {
    const site: Answer = (bytes, request, answer) => {
      if (request.method === 'GET') return whole(CORS)(bytes, request, answer)
      answer.writeHead(200, { ...CORS, connection: 'close' }).end()
      setTimeout(() => request.socket.destroy(), 10)
      gone = true
      return undefined
    }
    let gone = false
    const dying: Answer = (bytes, request, answer) => (gone ? request.socket.destroy() : site(bytes, request, answer))
    const body = `${before}
      const first = await loads({ cache: true })
      await fetch(address, { method: 'POST' })
      return [first, await loads({ cache: true }), await loads({})]`
    const { found } = await opens([body], [dying])
    const [[first, second, without]] = found as [string[]]
    assert.equal([first, second], ['3', '3'])
    assert.match(without!, /^FILE cannot read http/)
  })

  inBrowser(`${store}: nothing is kept of what breaks, is damaged or is another file`, async () => {
    const tries = `${before}
      const stop = new AbortController()
      return [
        await loads({ cache: true }),
        await loads({ cache: true, sha256: '${hash(model)}' }),
        await loads({ cache: true, signal: stop.signal, onProgress: () => stop.abort() }),
      ]`
    const { found, asked } = await opens([tries, tries], [whole(CORS)], damaged)
    for (const answer of found as string[][]) {
      assert.match(answer[0]!, /^FILE the weights have sha256/)
      assert.match(answer[1]!, /^FILE the file has sha256/)
      assert.match(answer[2]!, /^ABORTED/)
    }
    assert.is(asked.length, 6)
  })

  inBrowser(`${store}: a kept file is not the one of \`sha256\`: it is fetched anew, and kept`, async () => {
    // The address has one file first, then another.
    let n = 0
    const other = new Uint8Array(model)
    const opset = '"opset":"13"'
    const at = new TextDecoder('latin1').decode(model).indexOf(opset)
    assert.ok(at > 0)
    other.set(new TextEncoder().encode('"opset":"12"'), at)
    const changing: Answer = (bytes, ...rest) => whole(CORS)(n++ ? other : bytes, ...rest)
    const bodies = [
      `${before} return loads({ cache: true })`,
      `${before} return loads({ cache: true, sha256: '${hash(other)}' })`,
      `${before} return loads({ cache: true, sha256: '${hash(other)}' })`,
    ]
    const { found, asked } = await opens(bodies, [changing])
    assert.equal(found, ['3', '3', '3'])
    assert.is(asked.length, 2)
  })
}

inBrowser('a store that is full, at once or half-way, or forbidden costs nothing', async () => {
  const full = "const full = () => Promise.reject(new DOMException('', 'QuotaExceededError'))\n"
  const ways = [
    'Cache.prototype.put = full',
    'Cache.prototype.put = async (_, { body }) => { const r = body.getReader(); await r.read(); await r.read(); return full() }',
    'Cache.prototype.put = async (_, { body }) => { const r = body.getReader(); await r.read(); await r.cancel(); return full() }',
    'caches.open = full',
    'Cache.prototype.match = full; Cache.prototype.put = full',
    'delete globalThis.caches; FileSystemFileHandle.prototype.createWritable = full',
    'delete globalThis.caches; StorageManager.prototype.getDirectory = full',
    'delete globalThis.caches; delete StorageManager.prototype.getDirectory',
  ]
  const { found, asked } = await opens(
    ways.map(way => `${full} ${way}\n return [await loads({ cache: true }), await loads({ cache: true })]`),
    [whole(CORS)],
  )
  assert.equal(
    found,
    ways.map(() => ['3', '3']),
  )
  assert.is(asked.length, 2 * ways.length)
})

inBrowser('a connection that breaks: the rest is asked for, by a request that every origin allows', async () => {
  // Neither the ETag nor the range is shown to the page.
  const headers = { ...CORS, etag: '"one"' }
  const { found, asked } = await opens(
    ['return loads({})'],
    [ranged(headers, 100_000), ranged(headers, 50_000), ranged(headers)],
  )
  assert.equal(found, ['3'])
  // From where, is the browser's to say: it throws away what the page has not read when the connection breaks.
  assert.is(asked[0]!.range, undefined)
  for (const { range } of asked.slice(1)) assert.match(range!, /^bytes=\d+-/)
  // No request asks for leave (OPTIONS).
  assert.is(asked.length, 3)
})

inBrowser('a range that another origin hides and that is not the one asked for: all of it again', async () => {
  const wrong: Answer = (bytes, _, answer) =>
    answer.writeHead(206, { ...CORS, 'content-length': 5000 }).end(bytes.subarray(0, 5000))
  const { found, asked } = await opens(['return loads({})'], [whole(CORS, 100_000), wrong, whole(CORS)])
  assert.equal(found, ['3'])
  assert.equal(
    asked.map(({ range }) => range),
    [undefined, asked[1]!.range, undefined],
  )
})

test.run()
