// What loading holds in memory, what a thousand loads leave behind, and ten thousand runs. Measured in processes of their own: this
// file starts itself.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import type { LoadOptions, Net, Source } from '../../ts/api.js'
import { load } from '../../ts/entry/node.js'
import { encodeModel } from '../../ts/file.js'
import { modules } from '../builds.js'
import { server, whole } from './server.js'

const MB = 1e6
/** One chunk of what is read here. */
const CHUNK = 1 << 18
/** Half of the file. Node's `fetch` itself holds up to 9 MB at times when it reads such a body, and nobody else does anything. */
const FETCH = 16 * MB

/** A network of one layer, 32 MB of weights. */
const model = () =>
  encodeModel({
    tensors: new Map([['w', { dtype: 'F32', shape: [2048, 4096], data: new Uint8Array(2048 * 4096 * 4) }]]),
    graph: {
      inputs: [{ name: 'x', shape: [1, 4096] }],
      outputs: ['y'],
      nodes: [{ op: 'Gemm', name: 'g', inputs: ['x', 'w'], outputs: ['y'], attrs: {} }],
    },
  })

const pause = () => new Promise(resolve => setTimeout(resolve, 5))
/** Memory is given back after a collection, not in it. */
const collect = async () => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc!()
    await pause()
  }
}
/** WebAssembly memories are `external`, and so is what is in array buffers. */
const live = () => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A file that is made as it is read, the biggest chunk of which is `CHUNK`. */
const made = (bytes: Uint8Array, look: () => void): ReadableStream<Uint8Array> => {
  let at = 0
  return new ReadableStream(
    {
      pull: controller => {
        look()
        // What is not the header is zeros: of the file there is nothing else in memory.
        if (at >= bytes.length + 2048 * 4096 * 4) return controller.close()
        const chunk = at < bytes.length ? bytes : new Uint8Array(CHUNK)
        at += chunk.length
        controller.enqueue(chunk)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Bytes beyond the network's own memory, at most, while it was loaded. */
const peak = async (source: (look: () => void) => Source | Promise<Source>, options: LoadOptions = {}) => {
  await collect()
  const before = live()
  const seen: number[] = []
  const look = () => {
    globalThis.gc!()
    seen.push(live() - before)
  }
  let chunks = 0
  // The collector takes 3 ms.
  const onProgress = () => chunks++ % 16 === 0 && look()
  const { memory } = await load(await source(look), { ...modules[0]!, onProgress, ...options })
  look()
  return Math.max(...seen) - memory.total
}

const measures: Readonly<Record<string, (url: string) => Promise<number>>> = {
  stream: async () => {
    const file = await model()
    const begin = new DataView(file.buffer).getUint32(0, true) + 8
    return peak(look => made(file.slice(0, begin), look))
  },
  url: url => peak(() => url),
  cache: url => peak(() => url, { cache: true }),
  'the whole first': url => peak(async () => new Uint8Array(await (await fetch(url)).arrayBuffer())),
  loads: () => loads(1000, net => net.dispose()),
  'loads that nobody disposes of': () => loads(100, () => undefined),
  runs: async () => {
    const net = await load(await lenet5(), modules[0]!)
    const image = new Float32Array(1024)
    for (let i = 0; i < 3000; i++) net.run(image)
    await collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 10_000; i++) net.run(image)
    const after = process.memoryUsage().heapUsed
    return after - before
  },
}

const lenet5 = () => convert(readFileSync('models/lenet5/lenet5.onnx'))

/** How far memory is, at most, from what it was after the tenth of so many loads. */
const loads = async (count: number, end: (net: Net) => void): Promise<number> => {
  const file = await lenet5()
  const image = new Float32Array(1024)
  const held: Net[] = []
  let tenth = 0
  let far = 0
  for (let i = 1; i <= count; i++) {
    const net = await load(i % 2 ? file : new Blob([file as Uint8Array<ArrayBuffer>]), modules[0]!)
    net.run(image)
    end(net)
    // Who holds a network that was disposed of does not hold its memory.
    held.push(net)
    if (held.length > 50) held.shift()
    if (i !== 10 && i % 100) continue
    await collect()
    tenth ||= live()
    far = Math.max(far, Math.abs(live() - tenth))
  }
  assert.is(held.length, 50)
  return far
}

const { CONVLET_MEASURE, CONVLET_URL } = process.env
if (CONVLET_MEASURE) {
  console.log(`\n=${await measures[CONVLET_MEASURE]!(CONVLET_URL!)}`)
  process.exit()
}

const test = suite('memory')
const home = mkdtempSync(join(tmpdir(), 'convlet-memory-'))
test.after(() => rmSync(home, { recursive: true }))

const measure = (what: string, url = '') =>
  new Promise<number>((resolve, reject) => {
    const flags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16', ...process.execArgv]
    const env = { ...process.env, CONVLET_MEASURE: what, CONVLET_URL: url, XDG_CACHE_HOME: home, LOCALAPPDATA: home }
    const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url)], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      said += text
    })
    child.once('error', reject).once('close', code => {
      const found = /^=(-?\d+)$/m.exec(said)
      if (found) resolve(Number(found[1]))
      else reject(new Error(`${what}: ended with ${code}: ${said}`))
    })
  })

test('a stream is loaded in the memory of its network, a chunk and what code there is', async () => {
  const bytes = await measure('stream')
  assert.ok(bytes <= CHUNK + MB, `${bytes} bytes`)
})

test('over a connection, kept or not, no more than fetch itself takes; the whole file would be seen', async () => {
  const { url, close } = await server(await model(), whole())
  try {
    for (const what of ['url', 'cache']) {
      const bytes = await measure(what, url)
      assert.ok(bytes <= FETCH, `${what}: ${bytes} bytes`)
    }
    const whole = await measure('the whole first', url)
    assert.ok(whole >= 32 * MB, `the whole first: ${whole} bytes`)
  } finally {
    await close()
  }
})

test('a thousand loads and disposals: memory stays as it was after the tenth, within 5 MB; what is kept would be seen', async () => {
  const disposed = await measure('loads')
  assert.ok(disposed <= 5 * MB, `${disposed} bytes`)
  const kept = await measure('loads that nobody disposes of')
  assert.ok(kept >= 10 * MB, `${kept} bytes`)
})

test('ten thousand runs: the heap does not grow', async () => {
  const bytes = await measure('runs')
  assert.ok(bytes <= 16_384, `${bytes} bytes`)
})

test.run()
