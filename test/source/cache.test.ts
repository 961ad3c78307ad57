// `cache` and `sha256` in Node; test/package has the browsers' part.
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import type { LoadOptions, Source } from '../../ts/api.js'
import { load } from '../../ts/entry/node.js'
import type { ConvletError } from '../../ts/error.js'
import { modules } from '../builds.js'
import { type Answer, ranged, server, silent, status, unknown, whole } from './server.js'

const test = suite('kept files')
const kernels = modules[0]!
const file = new Uint8Array(await convert(readFileSync('models/lenet5/lenet5.onnx')))
const image = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i))
const wanted = (await load(file, kernels)).run(image).logits!.slice()
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
/** The same with another last byte. */
const damaged = file.with(file.length - 1, file.at(-1)! ^ 1)

const home = mkdtempSync(join(tmpdir(), 'convlet-cache-'))
const folder = join(home, 'convlet')
const kept = () => readdirSync(home).flatMap(() => readdirSync(folder).map(name => join(folder, name)))
test.before.each(() => rmSync(folder, { recursive: true, force: true }))
// All test files run in one process.
const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env
test.before(() => {
  Object.assign(process.env, { XDG_CACHE_HOME: home, LOCALAPPDATA: home })
})
test.after(() => {
  rmSync(home, { recursive: true })
  for (const [name, was] of Object.entries({ XDG_CACHE_HOME, LOCALAPPDATA }))
    if (was === undefined) delete process.env[name]
    else process.env[name] = was
})

const loads = async (source: Source, options: LoadOptions = {}) => {
  const net = await load(source, { ...kernels, cache: true, ...options })
  assert.equal(net.run(image).logits, wanted)
}
const failure = async (source: Source, options: LoadOptions = {}): Promise<ConvletError> => {
  try {
    await load(source, { ...kernels, ...options })
  } catch (error) {
    return error as ConvletError
  }
  return assert.unreachable('it loaded') as never
}

/** For the time of one action, a server with these answers. */
const serving = async (
  answers: readonly Answer[],
  use: (url: string, asked: readonly object[]) => Promise<void>,
  bytes = file,
) => {
  const { url, asked, close } = await server(bytes, ...answers)
  try {
    await use(url, asked)
  } finally {
    await close()
  }
}

test('the second load needs no connection', async () => {
  let address = ''
  await serving([whole()], async (url, asked) => {
    address = url
    await loads(url)
    await loads(new URL(url))
    // Whatever is behind a # the server never sees.
    await loads(`${url}#weights`)
    assert.is(asked.length, 1)
    assert.is(kept().length, 1)
    assert.equal(new Uint8Array(readFileSync(kept()[0]!)), file)
  })
  // The server has gone.
  const seen: number[] = []
  await loads(address, { onProgress: ({ loaded, total }) => seen.push(loaded / total!) })
  assert.is(seen.at(-1), 1)
  assert.match((await failure(address)).message, /fetch failed/)
})

test('each address is kept for itself, and only with `cache`', () =>
  serving([whole()], async (url, asked) => {
    await loads(url, { cache: false })
    assert.equal(readdirSync(home), [])
    for (const address of [url, `${url}?v=2`, url, `${url}?v=2`]) await loads(address)
    assert.is(asked.length, 3)
    assert.is(kept().length, 2)
  }))

test('a file whose connection breaks is kept as a whole, of unknown length too', async () => {
  await serving([ranged({}, 5000), ranged({}, 60_000), ranged()], async (url, asked) => {
    for (const _ of [1, 2]) await loads(url)
    assert.is(asked.length, 3)
  })
  await serving([unknown({}, 5000), unknown()], async (url, asked) => {
    for (const _ of [1, 2]) await loads(url)
    assert.is(asked.length, 2)
  })
})

test('nothing is kept of a file that does not come to its end, is damaged, or no network', async () => {
  await serving([whole({}, 5000), status(404)], async url => {
    assert.match((await failure(url, { cache: true })).message, /status 404/)
    assert.equal(kept(), [])
  })
  await serving(
    [whole()],
    async url => {
      assert.match((await failure(url, { cache: true })).message, /the weights have sha256/)
      assert.equal(kept(), [])
    },
    damaged,
  )
  await serving([whole()], async url => {
    assert.is((await failure(url, { cache: true, memoryLimit: 1000 })).code, 'MEMORY')
    assert.equal(kept(), [])
    await loads(url)
  })
})

test('an abort leaves nothing behind, and does not wait', async () => {
  for (const answer of [silent, ((bytes, _, answer) => answer.write(bytes.subarray(0, 100_000))) satisfies Answer])
    await serving([answer], async url => {
      const stop = new AbortController()
      setTimeout(() => stop.abort(), 50)
      assert.is((await failure(url, { cache: true, signal: stop.signal })).code, 'ABORTED')
      assert.equal(readdirSync(home).flatMap(kept), [])
    })
})

test('a kept file that was damaged, cut short or emptied is fetched anew', async () => {
  for (const bytes of [damaged, file.subarray(0, 9000), file.subarray(0, 0), Buffer.concat([file, file])])
    await serving([whole()], async (url, asked) => {
      rmSync(folder, { recursive: true, force: true })
      await loads(url)
      writeFileSync(kept()[0]!, bytes)
      for (const _ of [1, 2]) await loads(url)
      assert.is(asked.length, 2)
      assert.equal(new Uint8Array(readFileSync(kept()[0]!)), file)
    })
})

test('an address that is none, told as without `cache`', async () => {
  for (const address of ['http://', 'http://name:word@localhost:1/']) {
    const { code, message } = await failure(address)
    assert.is(code, 'FILE')
    assert.is((await failure(address, { cache: true })).message, message)
  }
})

test('a kept file that is not the one wanted is not lost while there is no connection', async () => {
  let address = ''
  await serving([whole()], async url => {
    address = url
    await loads(url)
  })
  assert.match((await failure(address, { cache: true, sha256: hash(damaged) })).message, /fetch failed/)
  await loads(address)
})

test('what is wrong with a call costs the kept file nothing', () =>
  serving([whole()], async (url, asked) => {
    await loads(url)
    assert.is((await failure(url, { cache: true, batch: 0 })).code, 'INPUT')
    assert.is(kept().length, 1)
    await loads(url)
    assert.is(asked.length, 1)
  }))

test('what a process has left half-written goes after a day', () =>
  serving([whole()], async url => {
    await loads(url)
    const [old, fresh] = ['old', 'fresh'].map(name => join(folder, `${name}.part`)) as [string, string]
    for (const path of [old, fresh]) writeFileSync(path, file.subarray(0, 100))
    utimesSync(old, new Date(0), new Date(0))
    await loads(`${url}?another`)
    assert.not(kept().includes(old))
    assert.ok(kept().includes(fresh))
  }))

test('a place that cannot be written to costs nothing', () =>
  serving([whole()], async (url, asked) => {
    // A file where the folder would be.
    writeFileSync(folder, '')
    for (const _ of [1, 2]) await loads(url)
    assert.is(asked.length, 2)
    assert.ok(statSync(folder).isFile())
  }))

test('loads of one address at the same time leave one whole file', () =>
  serving([whole()], async url => {
    await Promise.all([loads(url), loads(url), loads(url)])
    assert.is(kept().length, 1)
    assert.equal(new Uint8Array(readFileSync(kept()[0]!)), file)
  }))

test('what has no address is loaded and not kept', async () => {
  const path = join(home, 'model.safetensors')
  writeFileSync(path, file)
  for (const source of [path, file, new Blob([file]), new Response(file)]) await loads(source)
  rmSync(path)
  assert.equal(readdirSync(home), [])
})

test('the hash of the whole file, whatever the source', async () => {
  const sources = [() => file, () => new Blob([file]), () => new Response(file), () => new Response(file).body!]
  for (const cache of [true, false])
    for (const source of sources) {
      await loads(source(), { cache, sha256: hash(file) })
      await loads(source(), { cache, sha256: hash(file).toUpperCase() })
      for (const sha256 of [hash(damaged), 'abc', '']) {
        const { code, message } = await failure(source(), { cache, sha256 })
        assert.is(code, 'FILE')
        assert.match(message, `the file has sha256 ${hash(file)}, { sha256 } says ${sha256}; download it again.`)
      }
    }
})

test('the hash over broken connections', () =>
  serving([ranged({}, 5000), ranged({}, 99_999), ranged()], url => loads(url, { cache: false, sha256: hash(file) })))

test('a file that is not the one of the hash is not kept; a kept one that is not is fetched anew', () =>
  serving([whole()], async (url, asked) => {
    const { message } = await failure(url, { cache: true, sha256: hash(damaged) })
    assert.match(message, /^the file has sha256 /)
    assert.equal(kept(), [])
    await loads(url)
    const { length } = asked
    await loads(url, { sha256: hash(file) })
    assert.is(asked.length, length)
    await failure(url, { cache: true, sha256: hash(damaged) })
    assert.is(asked.length, length + 1)
    assert.equal(kept(), [])
  }))

test.run()
