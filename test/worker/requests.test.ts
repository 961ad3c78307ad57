// Requests that the Worker of examples/worker refuses, and how.
import { connect, type Socket } from 'node:net'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Answer, MB, png, refused, worker } from './client.js'

const test = suite('worker: requests')
const { own, inWorker } = worker(test, 'worker-requests')

inWorker('what is no PNG and no JPEG: 415', async () => {
  const bodies = ['hello', 'GIF89a', await sharp(png(3)).webp().toBuffer(), '\xff\xd8', png(3).subarray(1)]
  for (const body of bodies) {
    assert.match(await refused(await own.app.post(body), 415, 'unsupported_type'), /neither a PNG nor a JPEG/)
  }
  // The bytes are asked, not the header.
  await refused(await own.app.post('x', { headers: { 'content-type': 'image/png' } }), 415, 'unsupported_type')
  assert.is((await own.app.post(png(3), { headers: { 'content-type': 'text/plain' } })).status, 200)
  const form = new FormData()
  form.set('file', new Blob([png(3)]))
  assert.match(
    await refused(await own.app.fetch('/', { method: 'POST', body: form }), 415, 'unsupported_type'),
    /no form/,
  )
})

inWorker('an empty body: 400', async () => {
  await refused(await own.app.post(''), 400, 'empty_body')
  await refused(await own.app.fetch('/', { method: 'POST' }), 400, 'empty_body')
})

/** Chunks without a Content-Length. */
const streamed = (bytes: number): RequestInit => {
  let left = bytes
  const body = new ReadableStream({
    pull: controller => {
      if (left <= 0) return controller.close()
      controller.enqueue(new Uint8Array(Math.min(65_536, left)))
      left -= 65_536
    },
  })
  return { method: 'POST', body, duplex: 'half' } as RequestInit
}

inWorker('a body of more than 4 MiB: 413, whether its length is told or not', async () => {
  assert.match(
    await refused(await own.app.post(new Uint8Array(4 * MB + 1)), 413, 'body_too_large'),
    /4194304 bytes at most/,
  )
  await refused(await own.app.fetch('/', streamed(4 * MB + 1)), 413, 'body_too_large')
  // As large as may be.
  await refused(await own.app.post(new Uint8Array(4 * MB)), 415, 'unsupported_type')
  await refused(await own.app.fetch('/', streamed(4 * MB)), 415, 'unsupported_type')
})

/** A client that sends so much of a body of 4 MB and no more. */
const hanging = (bytes: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(own.app.url.port), '127.0.0.1', () => {
      socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n')
      socket.write(Buffer.alloc(bytes), () => resolve(socket))
    })
    socket.once('error', reject)
  })

/** Waits until so many bytes of bodies are in memory. */
const holds = async (test: (bytes: number) => boolean) => {
  for (let i = 0; i < 100 && !test((await own.app.health()).memory.bodies); i++)
    await new Promise(done => setTimeout(done, 50))
  const { bodies } = (await own.app.health()).memory
  assert.ok(test(bodies), `${bodies} bytes`)
}

inWorker('more bodies than there is memory for: 503, until clients go away', async () => {
  const sockets = await Promise.all([1, 2, 3].map(() => hanging(3_900_000)))
  await holds(bytes => bytes === 3 * 3_900_000)
  const large = Buffer.concat([png(3), Buffer.alloc(MB)])
  const response = await own.app.post(large)
  assert.is(response.headers.get('retry-after'), '1')
  await refused(response, 503, 'busy')
  assert.is(await own.app.label(png(3)), '3')
  for (const socket of sockets) socket.destroy()
  await holds(bytes => bytes === 0)
  assert.is(await own.app.label(large), '3')
})

inWorker('many large bodies at once: each is answered rightly or told to come again', async () => {
  const large = Buffer.concat([png(3), Buffer.alloc(3.9 * MB)])
  const answers = await Promise.all(Array.from({ length: 20 }, () => own.app.post(large)))
  for (const answer of answers) {
    if (answer.status === 200) assert.is(((await answer.json()) as Answer).predictions[0]!.label, '3')
    else await refused(answer, 503, 'busy')
  }
  await holds(bytes => bytes === 0)
})

inWorker('/health tells of the model and the memory', async () => {
  await own.app.classified(png(3))
  const { status, model, memory, limits } = await own.app.health()
  assert.is(status, 'ok')
  assert.equal(model, { name: 'lenet5', build: 'relaxed', inputs: { input: [1, 1, 32, 32] }, classes: 10 })
  assert.is(memory.model.total, 327_680)
  assert.is(memory.bodies, 0)
  assert.equal(limits, { model: 56 * MB, body: 4 * MB, pixels: MB })
  const head = await own.app.fetch('/health', { method: 'HEAD' })
  assert.is(head.status, 200)
  assert.is(await head.text(), '')
})

inWorker('the page, other methods, other paths', async () => {
  const page = await own.app.fetch('/')
  assert.is(page.status, 200)
  assert.match(page.headers.get('content-type')!, /^text\/html/)
  assert.match(await page.text(), /curl --data-binary @picture\.png/)
  assert.is((await own.app.fetch('/', { method: 'HEAD' })).status, 200)
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const response = await own.app.fetch('/', { method })
    assert.is(response.headers.get('allow'), 'GET, HEAD, POST')
    await refused(response, 405, 'method_not_allowed')
  }
  await refused(await own.app.fetch('/health', { method: 'POST', body: 'x' }), 405, 'method_not_allowed')
  await refused(await own.app.fetch('/nothing'), 404, 'not_found')
  // Weights are not for everybody.
  await refused(await own.app.fetch('/lenet5.shards.json'), 404, 'not_found')
})

test.run()
