// A run allocates nothing. Measured in a process of its own, where nothing else does either: this file starts itself.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../converters/index.js'
import { load } from '../ts/entry/node.js'
import { modules } from './builds.js'

const RUNS = 1000
/** What `process.memoryUsage` itself leaves behind. An object for each run would be 16 bytes × 1000 at the very least. */
const OWN = 4096

/**
 * Bytes by which the heap grows over so many runs: the median of seven windows, since an engine moves its own things
 * about now and then. A young generation larger than all of it keeps the collector from hiding anything.
 */
const growth = (run: () => void): number => {
  globalThis.gc!()
  const windows = Array.from({ length: 7 }, () => {
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < RUNS; i++) run()
    return process.memoryUsage().heapUsed - before
  })
  return windows.sort((a, b) => a - b)[3]!
}

const measure = async () => {
  const file = await convert(readFileSync('models/lenet5/lenet5.onnx'))
  const result: Record<string, number> = {}
  for (const { build, wasm } of modules) {
    const net = await load(file, { build, wasm, batch: 4 })
    const [[name, shape]] = Object.entries(net.inputs) as [[string, readonly number[]]]
    const batch = new Float32Array(shape.reduce((a, b) => a * b))
    const image = batch.subarray(0, batch.length / 4)
    const named = { [name]: batch }
    let kept: unknown
    const kinds: Record<string, () => void> = {
      'one image': () => net.run(image),
      'a full batch, by name': () => net.run(named),
      'with an object for each run': () => {
        kept = { output: net.run(image), kept: 0 }
      },
    }
    // Until the engine has compiled everything for all of them.
    for (let i = 0; i < 3 * RUNS; i++) for (const run of Object.values(kinds)) run()
    for (const [kind, run] of Object.entries(kinds)) result[`${kind} (${build})`] = growth(run)
    if (kept === undefined) throw new Error('unreachable')
  }
  console.log(JSON.stringify(result))
}

if (process.env.CONVLET_MEASURE) await measure()
else {
  const test = suite('a run')

  test('allocates nothing', () => {
    const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64', ...process.execArgv]
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, fileURLToPath(import.meta.url)], {
      env: { ...process.env, CONVLET_MEASURE: '1' },
      encoding: 'utf8',
    })
    const line = stdout.split('\n').findLast(line => line.startsWith('{'))
    assert.ok(line, stderr)
    for (const [kind, bytes] of Object.entries(JSON.parse(line!) as Record<string, number>)) {
      // The measurement must be able to fail.
      const seen = kind.startsWith('with an object')
      const message = `${RUNS} runs of ${kind} allocate ${bytes} bytes`
      assert.ok(seen ? bytes >= 16 * RUNS : bytes <= OWN, message)
    }
  })

  test.run()
}
