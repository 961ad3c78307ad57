// Speed of the gradient kernels beside their forward kernels, in both builds.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { count, list, oneOf, parse } from './lib/args.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { median, sample } from './lib/sample.mjs'
import { table } from './lib/table.mjs'

const usage = `usage: node bench/grad.mjs [options]

  --samples N            samples per kernel (15)
  --build simd|relaxed   this build (simd)
  --layers 3x3,fc        only layers whose name contains one of these
  --block N              pixels that conv_grad_weight takes together (256)
  --json                 the same for programs
  --help                 this text`

/** images, channels, output height and width, kernel, stride, output channels */
const layers = {
  '3x3 64→64, 56²': [1, 64, 56, 3, 1, 64],
  '3x3 256→256, 14², 2 images': [2, 256, 14, 3, 1, 256],
  '3x3 512→512, 7², 4 images': [4, 512, 7, 3, 1, 512],
  '3x3 16→16, 32², 32 images': [32, 16, 32, 3, 1, 16],
  '1x1 512→128, 28²': [1, 512, 28, 1, 1, 128],
  '3x3/2 64→128, 28²': [1, 64, 28, 3, 2, 128],
  '1x1/2 64→128, 28²': [1, 64, 28, 1, 2, 128],
  '7x7/2 3→64, 112²': [1, 3, 112, 7, 2, 64],
  '3x3 3→16, 32², 32 images': [32, 3, 32, 3, 1, 16],
  '5x5 1→6, 28², 32 images': [32, 1, 28, 5, 1, 6],
  '5x5 6→16, 10², 32 images': [32, 6, 10, 5, 1, 16],
  'fc 400→120, 32 images': [32, 400, 1, 1, 1, 120],
  'fc 84→10, 32 images': [32, 84, 1, 1, 1, 10],
  'fc 4096→1024, 32 images': [32, 4096, 1, 1, 1, 1024],
}

/** images, channels, output height and width, kernel, stride */
const depthwise = {
  'depthwise 3x3, 32, 112²': [1, 32, 112, 3, 1],
  'depthwise 3x3/2, 96, 56²': [1, 96, 56, 3, 2],
  'depthwise 3x3, 144, 56²': [1, 144, 56, 3, 1],
  'depthwise 3x3, 512, 14²': [1, 512, 14, 3, 1],
  'depthwise 3x3/2, 576, 7²': [1, 576, 7, 3, 2],
  'depthwise 3x3, 960, 7², 4 images': [4, 960, 7, 3, 1],
  'depthwise 5x5, 240, 14²': [1, 240, 14, 5, 1],
}

const PAGES = 2048

/** Tiles that winograd_grad_weight takes together. */
const TILES = 64

function instantiate(build) {
  const file = fileURLToPath(new URL(`../dist/train${build === 'relaxed' ? '.relaxed' : ''}.wasm`, import.meta.url))
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } })
  const floats = new Float32Array(memory.buffer)
  const fill = () => {
    for (let i = 0; i < floats.length; i++) floats[i] = Math.sin(i)
  }
  return { kernels: exports, fill }
}

/** Addresses for so many floats each, one behind the other. */
function place(...sizes) {
  let free = 65536
  return sizes.map(floats => {
    const at = free
    free += Math.ceil(floats / 16) * 64 + 4096
    if (free > PAGES * 65536) throw new Error('the layer does not fit into the memory')
    return at
  })
}

/** The kernels of a layer, with the products that each makes (or, where it makes none, the numbers that it moves). */
function kernelsOf(kernels, [n, c, size, k, stride, oc], block) {
  const map = (size - 1) * stride + k
  const panels = Math.ceil(oc / 8) * 8
  const flipped = Math.ceil(c / 8) * 8 * k * k * oc
  const out = n * size * size
  const weights = [panels * k * k * c, block * (panels + 32)]
  const [y, x, w, temp, flip, db] = place(out * oc, n * map * map * c, ...weights, flipped, oc)
  const window = [map * map * c, stride * map * c, stride * c].map(step => step * 4)
  const taps = [k, map * c * 4, 1, 0, k * c, oc * 4]
  const products = out * oc * k * k * c
  const planes = [c * 8, TILES * c, TILES * panels, 4].map(floats => 36 * (floats + 16))
  const [u, v, d, transform] = place(...planes).map(at => at + db + oc * 4)
  // dy lies with as many zeros around it as the window reaches.
  const edge = Math.ceil((k - 1) / stride)
  const before = edge * stride
  const wide = size + 2 * edge
  const pixels = size * Math.ceil((k * c) / 8) * 8
  const images = Math.min(n, Math.ceil(8192 / pixels))
  const [dy, dx, rows] = place(n * wide * wide * oc, n * map * map * c, images * pixels + 4).map(
    at => at + transform + 4096,
  )
  const spread = [n, wide, wide, oc, oc, map, map, c, c, k, k, stride, stride, before, before, 1, 1]
  return {
    conv_direct: [
      products,
      () => kernels.conv_direct(y, 0, x, w, 0, n, size, size, oc, ...window, ...taps, -Infinity, Infinity),
    ],
    conv_grad_weight: [
      products,
      () => kernels.conv_grad_weight(w, x, y, temp, n, size, size, oc, ...window, ...taps, block),
    ],
    ...(k === 3 &&
      stride === 1 &&
      c > 3 && {
        winograd_grad_weight: [
          products,
          () => kernels.winograd_grad_weight(w, x, y, u, v, d, transform, n, map, map, c, size, size, oc, 0, 0, TILES),
        ],
      }),
    // Where the stride is 1, conv_grad_input or conv_winograd makes dx, of first layers nobody wants it.
    ...(stride === 1 &&
      k > 1 &&
      c > 3 && {
        conv_grad_input: [
          products,
          () => kernels.conv_grad_input(dx, 0, y, flip, rows, n, map, map, c, size, size, oc, k, k, 0, 0, images),
        ],
      }),
    ...(stride > 1 &&
      c > 3 && {
        conv_transposed: [products, () => kernels.conv_transposed(dx, 0, dy, flip, 0, ...spread, -Infinity, Infinity)],
      }),
    sum_pixels: [out * oc, () => kernels.sum_pixels(db, y, out, oc, oc * 4)],
    phase_panels: [
      oc * k * k * c,
      () => kernels.phase_panels(flip, w, oc, k, k, c, stride, stride, before, before, 1, 1),
    ],
  }
}

/** The kernels of a depthwise layer, in the same form. */
function depthwiseOf(kernels, [n, c, size, k, stride]) {
  const map = size * stride
  const [y, x, w, temp, dx] = place(n * size * size * c, n * map * map * c, k * k * c, k * k * c, n * map * map * c)
  const before = (k - 1) >> 1
  const dims = [n, map, map, c, size, size, k, k, stride, stride, before, before, 1, 1]
  const products = n * size * size * c * k * k
  return {
    conv_depthwise: [products, () => kernels.conv_depthwise(y, 0, x, w, 0, ...dims, -Infinity, Infinity)],
    depthwise_grad_weight: [products, () => kernels.depthwise_grad_weight(w, x, y, temp, ...dims)],
    depthwise_grad_input: [products, () => kernels.depthwise_grad_input(dx, 0, y, w, ...dims)],
  }
}

const repeat = run => runs => {
  for (let i = 0; i < runs; i++) run()
}

const options = parse(
  usage,
  {
    samples: { type: 'string', default: '15' },
    build: { type: 'string', default: 'simd' },
    block: { type: 'string', default: '256' },
    layers: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
  ({ samples, build, block, layers: wanted, json }) => ({
    samples: count('samples', samples),
    build: oneOf('build', build, ['simd', 'relaxed']),
    block: count('block', block),
    wanted: name => wanted === '' || list(wanted).some(part => name.includes(part)),
    json,
  }),
)
if (options.build === 'relaxed') {
  ensureRelaxed()
  if (!hasRelaxed()) throw new Error('this engine has no relaxed SIMD')
}
const { kernels, fill } = instantiate(options.build)
const rows = []
for (const [layer, dims] of [...Object.entries(layers), ...Object.entries(depthwise)]) {
  if (!options.wanted(layer)) continue
  fill()
  const runs = Object.entries((layer in depthwise ? depthwiseOf : kernelsOf)(kernels, dims, options.block))
  const contestants = runs.map(([, [, run]]) => ({ block: repeat(run) }))
  const samples = await sample(contestants, { rounds: options.samples, blockMs: 10, warmMs: 60 })
  for (const [i, { times }] of samples.entries()) {
    const [kernel, [work]] = runs[i]
    const rate = milliseconds => work / milliseconds / 1e6
    rows.push({ layer, kernel, median: rate(median(times)), best: rate(times[0]) })
  }
}
const about = machine({ assemblyscript: '../node_modules/assemblyscript' })
if (options.json) console.log(JSON.stringify({ machine: about, build: options.build, rows }, null, 2))
else {
  // A product and its sum are two operations.
  const unit = kernel => (/sum|panels/.test(kernel) ? [1, 'G numbers/s'] : [2, 'GFLOP/s'])
  const cells = rows.map(({ layer, kernel, median, best }) => {
    const [factor, name] = unit(kernel)
    return [layer, kernel, (median * factor).toFixed(1), (best * factor).toFixed(1), name]
  })
  console.log(`${machineLine(about)}\n\n${table(['layer', 'kernel', 'median', 'best', ''], cells)}`)
}
