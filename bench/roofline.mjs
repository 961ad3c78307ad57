// How far each layer is from what the processor and the memory allow (Williams, Waterman, Patterson 2009).
import { readFile, writeFile } from 'node:fs/promises'
import { count, fail, oneOf, parse } from './lib/args.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { kernels, tiles } from './lib/kernels.mjs'
import { describe } from './lib/layers.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { names, networkFile } from './lib/networks.mjs'
import { ensurePackages } from './lib/packages.mjs'
import { median } from './lib/sample.mjs'
import { figure, table } from './lib/table.mjs'

const usage = `usage: node bench/roofline.mjs NETWORK... [options]

Each layer's GFLOP/s beside the bare inner kernel's, and its flops per byte, for networks of convlet/models.

  --rounds N             profiled runs per network (40)
  --build simd|relaxed   the kernels (relaxed, where the engine has it)
  --svg FILE             draws the picture as well
  --json                 the same for programs
  --help                 this text`

// 144 MB: more than any cache holds, and its eighths are no power of two apart.
const PAGES = 2304

/** What can be had at most on this machine, measured when it is called: GFLOP/s of the inner kernel and GB/s of reading. */
function limits(build) {
  const tile = tiles(build).exports
  const memory = kernels('stream', build, PAGES)
  const bytes = memory.floats.byteLength
  memory.floats.fill(1)
  const timed = run => {
    const start = performance.now()
    run()
    return performance.now() - start
  }
  const reps = 1000
  const flops = 2 * 4 * 8 * tile.K.value * reps
  return {
    gflops: () => flops / timed(() => tile.run_4x8_u2(reps)) / 1e6,
    gbs: () => bytes / timed(() => memory.exports.read(0, bytes)) / 1e6,
  }
}

/** Profiles a network, the limits of the machine taking turns with it. */
async function measure(name, { build, rounds }, { gflops, gbs }) {
  const { fromOnnx, convert } = await import('../dist/convert.js')
  const { load } = await import('../dist/node.js')
  const onnx = await readFile(await networkFile(name))
  const net = await load(await convert(onnx), { build })
  const layers = describe(fromOnnx(onnx), net.summary())
  const [shape] = Object.values(net.inputs)
  const input = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i))
  for (let i = 0; i < 10; i++) net.run(input)
  const rows = Array.from({ length: rounds }, () => ({ peak: gflops(), read: gbs(), times: net.profile(input) }))
  net.dispose()
  // Other programs only ever add time: the best of all runs is what the machine can do, for the layers as for their limits.
  const [peak, read] = [Math.max(...rows.map(row => row.peak)), Math.max(...rows.map(row => row.read))]
  const timesOf = index => rows.map(({ times }) => times[index].milliseconds).sort((a, b) => a - b)
  const total = rows[0].times.reduce((sum, _, i) => sum + timesOf(i)[0], 0)
  const measured = layers.map(({ index, ...layer }) => {
    const times = timesOf(index)
    const speed = layer.flops / times[0] / 1e6
    const roof = Math.min(peak, read * layer.intensity)
    return {
      ...layer,
      milliseconds: times[0],
      median: median(times),
      share: times[0] / total,
      gflops: speed,
      ofPeak: speed / peak,
      ofRoof: speed / roof,
    }
  })
  return { name, peak, read, total, layers: measured }
}

const percent = share => `${(100 * share).toFixed(0)} %`

function report({ name, peak, read, total, layers }) {
  const head = ['layer', 'computed', 'output', 'ms', 'median', 'of all', 'flop/byte', 'GFLOP/s', 'of peak', 'of roof']
  const cells = layers.map(layer => [
    layer.name,
    layer.kind,
    layer.shape.slice(1).join('×'),
    ...[layer.milliseconds, layer.median].map(figure),
    percent(layer.share),
    figure(layer.intensity),
    figure(layer.gflops),
    ...[layer.ofPeak, layer.ofRoof].map(percent),
  ])
  const rest = total - layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  return [
    `${name}: peak ${figure(peak)} GFLOP/s (the bare 4×8 kernel), ${figure(read)} GB/s read from memory`,
    '',
    table(head, cells),
    '',
    `${figure(total)} ms in all, ${figure(rest)} of them in layers without products (pools, sums, activations)`,
  ].join('\n')
}

const options = parse(
  usage,
  {
    rounds: { type: 'string', default: '40' },
    build: { type: 'string' },
    svg: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  ({ rounds, build, ...rest }, networks) => ({
    networks: networks.length > 0 ? networks : fail('which network?'),
    rounds: count('rounds', rounds),
    build: build && oneOf('build', build, ['simd', 'relaxed']),
    ...rest,
  }),
)
ensurePackages()
if (options.build !== 'simd') ensureRelaxed()
const build = options.build ?? (hasRelaxed() ? 'relaxed' : 'simd')
const known = await names()
const unknown = options.networks.filter(name => !known.includes(name))
if (unknown.length > 0) {
  console.error(`bench: ${unknown.join(', ')}: not a network of convlet/models: ${known.join(', ')}`)
  process.exit(2)
}
const about = machine({ convlet: '..' })
if (!options.json) console.log(`${machineLine(about)} · ${build} build`)
const machineLimits = limits(build)
const results = []
for (const name of options.networks) {
  results.push(await measure(name, { ...options, build }, machineLimits))
  if (!options.json) console.log(`\n${report(results.at(-1))}`)
}
if (options.json) console.log(JSON.stringify({ machine: about, build, results }, null, 2))
if (options.svg) {
  const { picture } = await import('./lib/picture.mjs')
  await writeFile(options.svg, picture(results, about))
}
