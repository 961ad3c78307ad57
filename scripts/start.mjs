// npm start: from a bare clone to a network that reads ten digits.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { setup } from './setup.mjs'
import { hashOf, readJson } from './stamp.mjs'

await setup()

const MODEL = 'models/lenet5/lenet5.onnx'
const NET = 'build/lenet5.safetensors'
const STAMP = 'build/lenet5.json'
const RUNS = 300

/** Converts by the command line, as a user would. */
const convert = () => {
  const stamp = hashOf([MODEL, 'models/lenet5/lenet5.json', 'dist/cli.js'])
  if (existsSync(NET) && readJson(STAMP).made === stamp) return
  mkdirSync('build', { recursive: true })
  // Labels and preprocess are in the lenet5.json beside it.
  const args = ['convert', MODEL, NET]
  console.log(`$ npx convlet ${args.join(' ')}`)
  const { status } = spawnSync(process.execPath, ['dist/cli.js', ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
  console.log('')
  writeFileSync(STAMP, JSON.stringify({ made: stamp }))
}

convert()

// Only now are they there.
const [{ load }, { default: sharp }, { bold, dim }, { colorDepth, picture }] = await Promise.all([
  import('../dist/node.js'),
  import('sharp'),
  import('kleur/colors'),
  import('./picture.mjs'),
])

const SIZE = 16
const GAP = '   '
const depth = colorDepth()

/** The image as `classify` takes it, and its middle, where MNIST keeps the digit, as a small gray picture. */
const read = async file => {
  const { data, info } = await sharp(file)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const middle = sharp(file).extract({ left: 1, top: 1, width: 26, height: 26 }).resize(SIZE, SIZE)
  const gray = await middle.toColourspace('b-w').raw().toBuffer()
  return { image: { data, width: info.width, height: info.height }, gray: Uint8Array.from(gray) }
}

const percent = p => (p > 0.9995 && p < 1 ? '>99.9' : (p * 100).toFixed(1)).padStart(5)
const EIGHTHS = ' ▏▎▍▌▋▊▉█'
const bar = (p, width) =>
  Array.from({ length: width }, (_, i) => EIGHTHS[Math.max(0, Math.min(8, Math.round((p * width - i) * 8)))]).join('')

/** A picture with the three best classes beneath it, `SIZE` columns wide. */
const card = (gray, best) => [
  ...picture(gray, SIZE, depth),
  ...best.map(({ label, probability }, i) => {
    const line = `${label} ${bar(probability, 6)} ${percent(probability)} %`
    return i === 0 ? bold(line) : dim(line)
  }),
  '',
]

const median = times => [...times].sort((a, b) => a - b)[times.length >> 1]

const net = await load(NET)
const digits = await Promise.all(Array.from({ length: 10 }, (_, i) => read(`models/lenet5/digits/${i}.png`)))

const timed = image => {
  const start = performance.now()
  const best = net.classify(image, { top: 3 })
  return { best, ms: performance.now() - start }
}
const results = digits.map(({ image }) => timed(image))
const times = Array.from({ length: RUNS }, (_, i) => timed(digits[i % 10].image).ms)

const room = Math.max(SIZE, (process.stdout.columns ?? 100) - 2)
const perRow = Math.min(5, Math.floor((room + GAP.length) / (SIZE + GAP.length)))
const cards = results.map(({ best }, i) => card(digits[i].gray, best))
for (let i = 0; i < cards.length; i += perRow) {
  const row = cards.slice(i, i + perRow)
  for (let line = 0; line < row[0].length; line++) console.log(`  ${row.map(c => c[line]).join(GAP)}`.trimEnd())
}

const right = results.filter(({ best }, i) => best[0].label === String(i)).length
const shown = ms => ms.toFixed(ms < 1 ? 3 : 1)
console.log(`  ${bold(`${right} of 10`)} read right, ${bold(`${shown(median(times))} ms`)} per image`)
console.log(
  dim(
    `  LeNet-5 on one thread, ${net.build} build, ${net.memory.total / 1024} KB of memory. Timed from pixels to\n` +
      `  probabilities: the median of ${RUNS} runs; the first took ${shown(results[0].ms)} ms.`,
  ),
)
console.log(`
  Next   npx convlet inspect ${NET}
         npx convlet run ${NET} my-digit.png --invert`)
