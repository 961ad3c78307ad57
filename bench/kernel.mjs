// Speed of the convolution tiles of bench/kernels/tiles.ts, in both builds of the kernels.
import { count, list, oneOf, parse } from './lib/args.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { builds, tiles } from './lib/kernels.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { median, sample } from './lib/sample.mjs'
import { table } from './lib/table.mjs'

const usage = `usage: node bench/kernel.mjs [options]

  --samples N            samples per tile (15)
  --build simd|relaxed   only this build (both, where the engine has relaxed SIMD)
  --tiles 4x8,6x8        only these tiles
  --json                 the same for programs
  --help                 this text`

/** Throws when a tile is not the product it claims to be: a wrong kernel is fast for nothing. */
function check(name, rows, columns, { exports, floats }) {
  const [out, a, w, k] = [exports.OUT.value / 4, exports.A.value / 4, exports.W.value / 4, exports.K.value]
  exports[`run_${name}`](1)
  for (let i = 0; i < rows * columns; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns]
    let sum = 0
    for (let j = 0; j < k; j++) sum += floats[a + row * k + j] * floats[w + j * columns + column]
    if (Math.abs(sum - floats[out + i]) > 1e-3) throw new Error(`tile ${name} is wrong at [${row}][${column}]`)
  }
}

/** One contestant per tile. */
function contestants(build, wanted) {
  const module = tiles(build)
  const names = Object.keys(module.exports).flatMap(key => (key.startsWith('run_') ? [key.slice(4)] : []))
  return names.filter(wanted).map(name => {
    const [rows, columns] = name.split('_')[0].split('x').map(Number)
    check(name, rows, columns, module)
    return { name, build, block: module.exports[`run_${name}`], flops: 2 * rows * columns * module.exports.K.value }
  })
}

const options = parse(
  usage,
  {
    samples: { type: 'string', default: '15' },
    build: { type: 'string' },
    tiles: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  ({ samples, build, tiles, json }) => ({
    samples: count('samples', samples),
    builds: build === undefined ? builds : [oneOf('build', build, builds)],
    wanted: name => tiles === undefined || list(tiles).includes(name),
    json,
  }),
)
if (options.builds.includes('relaxed')) ensureRelaxed()
const able = options.builds.filter(build => build === 'simd' || hasRelaxed())
const all = able.flatMap(build => contestants(build, options.wanted))
const samples = await sample(all, { rounds: options.samples, blockMs: 30, warmMs: 100 })
const rows = samples.map(({ times }, i) => {
  const gflops = milliseconds => all[i].flops / milliseconds / 1e6
  return { tile: all[i].name, build: all[i].build, median: gflops(median(times)), best: gflops(times[0]) }
})
const about = machine({ assemblyscript: '../node_modules/assemblyscript' })
if (options.json) console.log(JSON.stringify({ machine: about, rows }, null, 2))
else {
  const cells = rows.map(row => [row.tile, row.build, row.median.toFixed(1), row.best.toFixed(1)])
  console.log(`${machineLine(about)}\n\n${table(['tile', 'build', 'median GFLOP/s', 'best'], cells)}`)
}
