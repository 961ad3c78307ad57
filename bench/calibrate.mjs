// Measures the kernels of 3×3 and 5×5 convolutions over a grid of shapes, and holds the planner's choice against the fastest.
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'
import { count, fail, list, oneOf, parse } from './lib/args.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { sample } from './lib/sample.mjs'
import { table } from './lib/table.mjs'

const usage = `usage: node bench/calibrate.mjs [options]

  --shapes 1x64x64x56,…  images × channels in × channels out × size, × 5 for a window of 5×5 (a grid of some 100)
  --build simd|relaxed   the build (relaxed, where the engine has it)
  --rounds N             samples per kernel (10)
  --cycle MB             weights lie in so many MB of copies, used in turn: as far away as in a network of that size (16)
  --json                 the same for programs, with all figures
  --help                 this text`

const sizes = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]
const grid = [
  ...[16, 64, 256].flatMap(c => sizes.map(size => [1, c, c, size])),
  ...[8, 32, 128].flatMap(c => [4, 7, 8, 14, 28].map(size => [1, c, c, size])),
  ...[512].flatMap(c => [2, 4, 7, 14].map(size => [1, c, c, size])),
  ...[4, 16].flatMap(n => [1, 2, 3, 4, 6, 9].map(size => [n, 64, 64, size])),
  ...[4, 16].flatMap(n => [2, 4, 7].map(size => [n, 256, 256, size])),
  ...[
    [1, 4, 4, 32],
    [1, 4, 64, 32],
    [1, 64, 4, 32],
    [1, 16, 96, 14],
    [1, 96, 208, 14],
    [1, 160, 320, 7],
    [1, 64, 64, 56],
    [1, 12, 20, 9],
  ],
  ...[16, 64].flatMap(c => [2, 3, 4, 5, 7, 10, 14].map(size => [1, c, c, size, 5])),
  ...[
    [1, 4, 4, 32],
    [1, 8, 16, 14],
    [1, 64, 192, 27],
    [1, 16, 32, 28],
    [1, 32, 96, 28],
    [1, 24, 64, 14],
    [1, 32, 128, 7],
    [1, 48, 128, 7],
    [4, 64, 64, 2],
    [4, 64, 64, 7],
    [1, 256, 256, 4],
    [1, 256, 256, 7],
  ].map(shape => [...shape, 5]),
]

const options = parse(
  usage,
  {
    shapes: { type: 'string' },
    build: { type: 'string', default: 'relaxed' },
    rounds: { type: 'string', default: '10' },
    cycle: { type: 'string', default: '16' },
    json: { type: 'boolean', default: false },
  },
  ({ shapes, build, rounds, cycle, json }) => ({
    shapes: shapes === undefined ? grid : list(shapes).map(shapeOf),
    build: oneOf('build', build, ['simd', 'relaxed']),
    rounds: count('rounds', rounds),
    cycle: count('cycle', cycle) * 1e6,
    json,
  }),
)

function shapeOf(text) {
  const shape = text.split('x').map(Number)
  const known = shape.every(d => Number.isInteger(d) && d > 0) && [3, 5].includes(shape[4] ?? 3)
  return known && (shape.length === 4 || shape.length === 5)
    ? shape
    : fail(`--shapes ${text}: should be like 1x64x64x56 or 1x64x64x27x5`)
}

/** The planner's own model, which is no part of the package's surface. */
async function model() {
  const outfile = join(tmpdir(), `convlet-ways-${process.pid}.mjs`)
  buildSync({ entryPoints: ['ts/ops/ways.ts'], absWorkingDir: root, bundle: true, format: 'esm', outfile })
  try {
    return await import(pathToFileURL(outfile).href)
  } finally {
    rmSync(outfile)
  }
}

const root = new URL('..', import.meta.url).pathname
if (options.build === 'relaxed') ensureRelaxed()
const build = options.build === 'relaxed' && hasRelaxed() ? 'relaxed' : 'simd'
const { waysOf, blockOf, planesOf } = await model()

/** The tiles there are for a window. */
const tilesOf = kernel => (kernel === 3 ? [4, 2] : [3])

const memory = new WebAssembly.Memory({ initial: 4096, maximum: 4096 })
const wasm = readFileSync(join(root, `dist/infer${build === 'simd' ? '' : '.relaxed'}.wasm`))
const { exports: kernels } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } })
const floats = new Float32Array(memory.buffer)
for (let i = 0; i < floats.length; i++) floats[i] = (i % 1013) / 1013 - 0.5

/** The kernels on one shape, each a contestant: { name, block }. */
function contestants([n, c, oc, size, kernel = 3]) {
  let end = 1024
  const room = floats => {
    const at = end
    end += Math.ceil(floats / 16) * 64
    return at
  }
  const before = (kernel - 1) / 2
  const taps = kernel ** 2
  const padded = size + kernel - 1
  const y = room(n * size * size * oc)
  const x = room(n * size * size * c)
  const copy = room(n * padded * padded * c)
  const bias = room(oc + 7)
  const rooms = {}
  for (const tile of tilesOf(kernel)) {
    const planes = planesOf(tile, kernel)
    const block = blockOf(n * Math.ceil(size / tile) ** 2, c, planes)
    rooms[tile] = { block, at: [8 * c + 16, block * c + 16, block * 8 + 16, 4].map(each => room(each * planes)) }
  }
  const panels = Math.ceil(oc / 8)
  const row = padded * c * 4
  const direct = w => {
    kernels.pad(copy, x, n, size, size, c, n, padded, padded, c, 0, before, before, 0, 0)
    kernels.conv_direct(
      ...[y, 0, copy, w, bias, n, size, size, oc],
      ...[padded * row, row, c * 4, kernel, row, 1, 0, kernel * c, oc * 4, -1e9, 1e9],
    )
  }
  const winograd = (tile, kept) => w => {
    const { block, at } = rooms[tile]
    const [u, v, m, temp] = at
    kernels.conv_winograd(
      ...[y, 0, x, w, bias, kept ? 0 : u, v, m, temp],
      ...[n, size, size, c, size, size, oc, before, before, kernel, tile, block, oc * 4, -1e9, 1e9],
    )
  }
  const contestant = (name, run, each) => {
    const copies = Math.max(1, Math.floor(Math.min(options.cycle, memory.buffer.byteLength - end - each) / each))
    let turn = 0
    const block = runs => {
      for (let i = 0; i < runs; i++) run(end + (turn++ % copies) * each)
    }
    return { name, block }
  }
  const bytes = planes => panels * planes * (c * 8 + 16) * 4
  return [
    contestant('direct', direct, panels * taps * c * 32),
    ...tilesOf(kernel).flatMap(tile => [
      contestant(`${tile}×${tile}`, winograd(tile, false), panels * taps * c * 32),
      contestant(`${tile}×${tile} kept`, winograd(tile, true), bytes(planesOf(tile, kernel))),
    ]),
  ]
}

/** The names of the contestants that the planner takes. */
const chosen = ([n, c, oc, size, kernel = 3], fast) => {
  const [{ tile, kept }] = waysOf(n, c, oc, size, size, kernel, fast)
  return tile ? `${tile}×${tile}${kept ? ' kept' : ''}` : 'direct'
}

/** The name of the fastest. */
const fastest = times => Object.entries(times).reduce((a, b) => (b[1] < a[1] ? b : a))[0]

/** What the planner takes, what would be the best and how much slower the first is. */
function judge(shape, times, fast) {
  const choice = chosen(shape, fast)
  const open = Object.entries(times).filter(([name]) => fast || !name.endsWith('kept'))
  const best = fastest(Object.fromEntries(open))
  return { choice, best, loss: times[choice] / times[best] - 1 }
}

async function measure(shape) {
  const all = contestants(shape)
  const times = Object.fromEntries(all.map(({ name }) => [name, Infinity]))
  // The fastest of the samples: what disturbs makes slower, never faster. A loss must show three times to be believed.
  for (let attempt = 0; attempt < 3; attempt++) {
    const samples = await sample(all, { rounds: options.rounds, blockMs: 2, warmMs: 10 })
    for (const [i, { name }] of all.entries()) times[name] = Math.min(times[name], samples[i].times[0])
    const judged = { small: judge(shape, times, false), fast: judge(shape, times, true) }
    if (attempt === 2 || (judged.small.loss < 0.05 && judged.fast.loss < 0.05)) return { shape, times, ...judged }
  }
}

const rows = []
for (const shape of options.shapes) {
  rows.push(await measure(shape))
  if (!options.json && process.stderr.isTTY) process.stderr.write(`\r${rows.length}/${options.shapes.length}\u001b[K`)
}

const about = machine({ assemblyscript: '../node_modules/assemblyscript' })
if (options.json) {
  console.log(JSON.stringify({ machine: about, build, rows }, null, 2))
} else {
  const percent = loss => `${loss > 0.1 ? '! ' : ''}${(loss * 100).toFixed(0)} %`
  const names = ['direct', '4×4', '3×3', '2×2', '4×4 kept', '3×3 kept', '2×2 kept']
  const cells = rows.map(({ shape: [n, c, oc, size, kernel], times, small, fast }) => [
    `${n}×${c}→${oc} ${size}²${kernel === 5 ? ' by 5×5' : ''}`,
    ...names.map(name => (name in times ? (times[name] * 1000).toFixed(times[name] < 0.1 ? 1 : 0) : '')),
    ...[small, fast].flatMap(({ choice, loss }) => [choice, percent(loss)]),
  ])
  const head = ['images×in→out', ...names.map(name => `${name} µs`), 'small', 'slower', 'fast', 'slower']
  console.log(`${machineLine(about)}, ${build}\n\n${table(head, cells)}`)
  const wrong = memory => rows.filter(row => row[memory].loss > 0.1).length
  console.log(
    `\nmore than 10 % slower than the best: ${wrong('small')} of ${rows.length} with small, ${wrong('fast')} with fast`,
  )
}
