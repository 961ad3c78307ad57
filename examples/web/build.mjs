// Builds the example twice from the same sources: build/web/site/, a folder for any static server, and build/web/convlet.html, one file
// that also runs from file://. usage, in the repository's root, after `npm run build`: node examples/web/build.mjs
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import sharp from 'sharp'
import { POLICY } from './policy.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const source = name => join(root, 'examples/web/src', name)
const dist = name => join(root, 'dist', name)
const out = name => join(root, 'build/web', name)

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  target: 'es2023',
  write: false,
  logLevel: 'warning',
  // dist/ lies in no node_modules, so that esbuild warns of how the package is put together.
  logOverride: { 'ignored-bare-import': 'silent' },
  outdir: out('site'),
}
// What a project that has installed the package gets by its names.
const packages = single => ({
  convlet: dist(single ? 'inline.js' : 'web.js'),
  'convlet/train': dist(single ? 'train.inline.js' : 'train.web.js'),
})
/** The way to ONNX, which this page never goes. */
const noConverter = {
  name: 'no-converter',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\/convert\.js$/ }, ({ path }) => ({ path, namespace: 'none' }))
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: '' }))
  },
}
/** Modules whose text is made by this build, `built:NAME`. */
const made = texts => ({
  name: 'built',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^built:/ }, ({ path }) => ({ path: path.replace('built:', ''), namespace: 'built' }))
    onLoad({ filter: /.*/, namespace: 'built' }, ({ path }) => ({ contents: texts[path], loader: 'text' }))
  },
})

const weights = async () => {
  const { convert } = await import('../../dist/convert.js')
  const [onnx, meta] = await Promise.all(
    ['lenet5.onnx', 'lenet5.json'].map(name => readFile(join(root, 'models/lenet5', name))),
  )
  return convert(onnx, { ...JSON.parse(meta), source: 'lenet5.onnx' })
}

const fill = (template, values) => template.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name])
const icon = (logo, color) => Buffer.from(logo.replaceAll('currentColor', color))

/** Icons on paper; `maskable` with the room that a phone may cut away. */
const icons = logo => {
  const draw = async (size, share) => {
    const inner = Math.round(size * share)
    const picture = await sharp(icon(logo, '#1c1d21'), { density: 1200 }).resize(inner, inner).toBuffer()
    const paper = { width: size, height: size, channels: 3, background: '#f6f3ea' }
    return sharp({ create: paper })
      .composite([{ input: picture }])
      .png({ palette: true, compressionLevel: 9 })
      .toBuffer()
  }
  const wanted = { 'icon-180': [180, 0.7], 'icon-192': [192, 0.7], 'icon-512': [512, 0.7], maskable: [512, 0.5] }
  return Promise.all(
    Object.entries(wanted).map(async ([name, [size, share]]) => [`${name}.png`, await draw(size, share)]),
  )
}

const manifest = {
  name: 'convlet',
  short_name: 'convlet',
  description: 'A neural network that reads what you draw and learns your own symbols, on your device alone.',
  start_url: './',
  scope: './',
  display: 'standalone',
  background_color: '#f6f3ea',
  theme_color: '#f6f3ea',
  icons: [
    { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
    { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
    { src: 'maskable.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
  ],
}

const site = async (template, logo, network) => {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [source('main.ts'), source('worker.ts')],
    splitting: true,
    format: 'esm',
    chunkNames: '[name]-[hash]',
    alias: packages(false),
    plugins: [noConverter],
  })
  const kernels = ['infer', 'train'].flatMap(name => [`${name}.wasm`, `${name}.relaxed.wasm`])
  const versioned = [
    ...outputFiles.map(({ path, contents }) => [basename(path), contents]),
    ...(await Promise.all(kernels.map(async name => [name, await readFile(dist(name))]))),
    ['lenet5.safetensors', network],
  ]
  const head = version => `<link rel="stylesheet" href="${version}/main.css">
<script type="module" src="${version}/main.js"></script>
<link rel="modulepreload" href="${version}/worker.js">
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="apple-touch-icon" href="icon-180.png">
<link rel="manifest" href="manifest.webmanifest">`
  const fixed = [
    ['manifest.webmanifest', JSON.stringify(manifest)],
    ['icon.svg', icon(logo, '#8a867c')],
    ...(await icons(logo)),
  ]
  const hash = createHash('sha256').update(template)
  for (const [name, contents] of [...versioned, ...fixed]) hash.update(name).update(contents)
  // Whatever changes, the folder's name does: nothing in it can be stale in anybody's cache.
  const version = hash.digest('hex').slice(0, 12)
  const policy = `<meta http-equiv="content-security-policy" content="${POLICY}">`
  const index = fill(template, { policy, head: head(version), logo: inside(logo), body: '' })
  const files = [...fixed, ...versioned.map(([name, contents]) => [`${version}/${name}`, contents])]
  const names = JSON.stringify(['./', ...files.map(([name]) => name)])
  const worker = fill(await readFile(source('sw.js'), 'utf8'), { version, files: names })
  const all = [...files, ['index.html', index], ['sw.js', worker]]
  await mkdir(out(`site/${version}`), { recursive: true })
  await Promise.all(all.map(([name, contents]) => writeFile(out(`site/${name}`), contents)))
  return all
}

const inside = logo => logo.replace(/<\/?svg[^>]*>|<title>.*<\/title>/g, '')

const single = async (template, logo, network) => {
  const bundle = async (entry, texts) => {
    const { outputFiles } = await build({
      ...common,
      entryPoints: [source(entry)],
      format: 'iife',
      conditions: ['single'],
      alias: packages(true),
      plugins: [noConverter, made(texts)],
    })
    return Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text]))
  }
  const worker = await bundle('worker.ts', { weights: Buffer.from(network).toString('base64') })
  const page = await bundle('main.ts', { worker: worker['worker.js'] })
  const face = `data:image/svg+xml;base64,${icon(logo, '#8a867c').toString('base64')}`
  return fill(template, {
    policy: '',
    head: `<link rel="icon" href="${face}">\n<style>${page['main.css'].replaceAll('</style', '<\\/style')}</style>`,
    logo: inside(logo),
    body: `<script>${page['main.js'].replaceAll('</script', '<\\/script')}</script>`,
  })
}

/** Builds both; tells their sizes in bytes, the site's without what only phones and crawlers ask for. */
export const buildWeb = async () => {
  const [template, logo, network] = await Promise.all([
    readFile(source('index.html'), 'utf8'),
    readFile(source('logo.svg'), 'utf8'),
    weights(),
  ])
  await rm(out(''), { recursive: true, force: true })
  const files = await site(template, logo, network)
  const page = await single(template, logo, network)
  await writeFile(out('convlet.html'), page)
  const bytes = contents => Buffer.byteLength(contents)
  return { site: files.reduce((sum, [, contents]) => sum + bytes(contents), 0), single: bytes(page) }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildWeb())
