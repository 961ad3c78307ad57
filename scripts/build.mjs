// Builds everything under dist/: the kernels (plain, relaxed, debug), the bundles and their types.
// usage: node scripts/build.mjs [kernels] [bundles] [inline]   (none: all)
import { existsSync } from 'node:fs'
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { thirdParty } from './licences.mjs'
import { asc, run } from './run.mjs'
import { partHash, partNames, setStamp } from './stamp.mjs'

const bundle = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  sourcemap: true,
  outdir: 'dist',
  logLevel: 'warning',
  metafile: true,
}
// commander is CommonJS and asks for node's own modules by require. Other packages are refused: protobufjs would take
// `long` where it happens to be installed, and numbers where it is not.
const requireShim = `import { createRequire as __createRequire } from 'node:module'
const require = id => {
  if (!id.startsWith('node:')) throw new Error(id + ' is not bundled')
  return __createRequire(import.meta.url)(id)
}`

const kernels = () =>
  Promise.all(
    ['infer', 'train'].flatMap(entry => [
      asc(`${entry}.ts`, `${entry}.wasm`, '--target', 'release'),
      asc(`${entry}.ts`, `${entry}.relaxed.wasm`, '--target', 'release', '--enable', 'relaxed-simd'),
      asc(`${entry}.ts`, `${entry}.debug.wasm`, '--target', 'debug'),
    ]),
  )

/** The package's own entry by its file: a page without a bundler knows no names of packages. */
const beside = {
  name: 'beside',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^convlet\/convert$/ }, () => ({ path: './convert.js', external: true })),
}

/** A file of dist/ as text. */
const kernelText = {
  name: 'kernels',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^kernels:/ }, ({ path }) => ({ path: path.replace('kernels:', ''), namespace: 'kernels' }))
    onLoad({ filter: /.*/, namespace: 'kernels' }, async ({ path }) => ({
      contents: gzipSync(await readFile(`dist/${path}`), { level: 9 }).toString('base64'),
      loader: 'text',
    }))
  },
}

const library = () =>
  // Split, so that all entries share one ConvletError. What they share lies beside them, as the wasm files do.
  build({
    ...bundle,
    splitting: true,
    chunkNames: 'shared-[hash]',
    plugins: [beside],
    entryPoints: {
      node: 'ts/entry/node.ts',
      train: 'ts/entry/train.ts',
      web: 'ts/entry/web.ts',
      'train.web': 'ts/entry/train.web.ts',
      workerd: 'ts/entry/workerd.ts',
      'train.workerd': 'ts/entry/train.workerd.ts',
      shards: 'ts/entry/shards.ts',
      'shards.node': 'ts/entry/shards.node.ts',
      convert: 'converters/index.ts',
      ...(existsSync('models/index.ts') && { models: 'models/index.ts' }),
    },
  })

const cli = () =>
  build({
    ...bundle,
    entryPoints: { cli: 'converters/cli.ts' },
    external: ['sharp'],
    banner: { js: requireShim },
  })

// For projects without the DOM's types; with them, the two are one.
const wasmGlobal = `declare global {
  namespace WebAssembly {
    interface Module {}
  }
}
`
const wasmModule = `import type { Module } from './ts/wasm.js'
declare const module: Module
export default module
`

const types = async () => {
  await rm('dist/types', { recursive: true, force: true })
  // Types are checked by `npm run typecheck`.
  await run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json', '--noCheck')
  await appendFile('dist/types/ts/wasm.d.ts', wasmGlobal)
  await writeFile('dist/types/wasm.d.ts', wasmModule)
}

/**
 * Takes out the imports of chunks by which esbuild keeps an order of evaluation: nothing here depends on it, the package says that
 * it has no side effects, and bundlers warn of each such line. Lines stay in place for the source maps.
 */
const withoutBareImports = ({ outputs }) =>
  Promise.all(
    Object.keys(outputs)
      .filter(file => file.endsWith('.js'))
      .map(async file => {
        const text = await readFile(file, 'utf8')
        await writeFile(file, text.replace(/^import "\.\/shared-\w+\.js";$/gm, ''))
      }),
  )

/** Removes the chunks of earlier builds. */
const sweep = async ({ outputs }) => {
  const stale = (await readdir('dist')).filter(f => f.startsWith('shared-') && !(`dist/${f}` in outputs))
  await Promise.all(stale.map(f => rm(`dist/${f}`)))
}

const bundles = async () => {
  const [a, b] = await Promise.all([library(), cli(), types()])
  await sweep(a.metafile)
  await withoutBareImports(a.metafile)
  await writeFile('dist/THIRD-PARTY.txt', await thirdParty([a.metafile, b.metafile]))
}

const inline = () =>
  build({
    ...bundle,
    platform: 'browser',
    minify: true,
    plugins: [kernelText, beside],
    entryPoints: { inline: 'ts/entry/inline.ts', 'train.inline': 'ts/entry/train.inline.ts' },
  })

const named = process.argv.slice(2)
const wanted = partNames.filter(part => named.length === 0 || named.includes(part))
// Of the sources as they are now: what is edited during the build is built by the next one.
const hashes = Object.fromEntries(wanted.map(part => [part, partHash(part)]))
setStamp(Object.fromEntries(wanted.map(part => [part, 'building'])))
const make = parts => Promise.all(Object.entries(parts).map(([part, run]) => wanted.includes(part) && run()))
await make({ kernels, bundles })
// It has the kernels in it.
await make({ inline })
setStamp(hashes)
