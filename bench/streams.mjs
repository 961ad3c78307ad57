// Speed of the training kernels that wait for memory: what they read and write, in GB/s, beside a copy of the same map.
import { readFileSync } from 'node:fs'
import { count, list, oneOf, parse } from './lib/args.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { median, sample } from './lib/sample.mjs'
import { table } from './lib/table.mjs'

const usage = `usage: node bench/streams.mjs [options]

  --samples N            samples per kernel (15)
  --build simd|relaxed   this build (simd)
  --maps 16,512          only maps with so many channels
  --json                 the same for programs
  --help                 this text`

/** Pixels and channels: ResNet-20 with 32 images, ResNet-18 with 8. */
const maps = [
  [32 * 32 * 32, 16],
  [32 * 8 * 8, 64],
  [8 * 14 * 14, 256],
  [8 * 7 * 7, 512],
  [8 * 112 * 112, 64],
]

const PAGES = 2048
const [stats, sums, scale, moved, first, second] = [1, 2, 3, 4, 16, 600].map(k => k * 65536)
const limits = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]

/** By name: how many maps it reads and writes, and the call. */
const streams = ({ kernels, memory }, pixels, c) => {
  const n = pixels * c
  const bytes = new Uint8Array(memory.buffer)
  return {
    copy: [2, () => bytes.copyWithin(second, first, first + 4 * n)],
    clamp_grad: [3, () => kernels.clamp_grad(second, second, first, n, 0, Number.POSITIVE_INFINITY)],
    batch_stats: [1, () => kernels.batch_stats(stats, 0, 0, first, pixels, c, 1e-5, 0.1)],
    batch_norm: [2, () => kernels.batch_norm(second, first, stats, scale, moved, pixels, c, ...limits)],
    batch_norm_sums: [2, () => kernels.batch_norm_sums(sums, 0, 0, second, first, stats, pixels, c)],
    batch_norm_grad: [3, () => kernels.batch_norm_grad(second, second, first, stats, sums, scale, pixels, c)],
    dropout: [2, () => kernels.dropout(second, first, stats, 1, n, 0.5)],
    // A quarter of the map each: weights, two moments, gradients.
    adam: [7 / 4, () => kernels.adam(...quarters(n), 1e-9, 0.9, 0.999, 1e-8, 0.1, 0.001, 0, 0, 0)],
  }
}

const quarters = n => [...[0, 1, 2, 3].map(k => first + k * n), n >> 2]

const repeat = run => runs => {
  for (let i = 0; i < runs; i++) run()
}

const options = parse(
  usage,
  {
    samples: { type: 'string', default: '15' },
    build: { type: 'string', default: 'simd' },
    maps: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
  ({ samples, build, maps: wanted, json }) => ({
    samples: count('samples', samples),
    build: oneOf('build', build, ['simd', 'relaxed']),
    wanted: c => wanted === '' || list(wanted).includes(String(c)),
    json,
  }),
)
if (options.build === 'relaxed') {
  ensureRelaxed()
  if (!hasRelaxed()) throw new Error('this engine has no relaxed SIMD')
}
const file = new URL(`../dist/train${options.build === 'relaxed' ? '.relaxed' : ''}.wasm`, import.meta.url)
const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES })
const { exports: kernels } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } })
const rows = []
for (const [pixels, c] of maps) {
  if (!options.wanted(c)) continue
  // Positive: the moments of an optimizer are among them.
  new Float32Array(memory.buffer).forEach((_, i, floats) => {
    floats[i] = 0.1 + Math.sin(i) ** 2
  })
  const runs = Object.entries(streams({ kernels, memory }, pixels, c))
  const contestants = runs.map(([, [, run]]) => ({ block: repeat(run) }))
  const samples = await sample(contestants, { rounds: options.samples, blockMs: 10, warmMs: 60 })
  for (const [i, { times }] of samples.entries()) {
    const [kernel, [passes]] = runs[i]
    const rate = milliseconds => (passes * pixels * c * 4) / milliseconds / 1e6
    rows.push({ map: `${pixels}×${c}`, kernel, median: rate(median(times)), best: rate(times[0]) })
  }
}
const about = machine({ assemblyscript: '../node_modules/assemblyscript' })
if (options.json) console.log(JSON.stringify({ machine: about, build: options.build, rows }, null, 2))
else {
  const cells = rows.map(({ map, kernel, median, best }) => [map, kernel, median.toFixed(1), best.toFixed(1)])
  console.log(`${machineLine(about)}\n\n${table(['map', 'kernel', 'median GB/s', 'best'], cells)}`)
}
