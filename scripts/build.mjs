// Builds everything under dist/: the kernels (plain, relaxed, debug), the bundles and their types.
// usage: node scripts/build.mjs
import { mkdir } from 'node:fs/promises'
import { build } from 'esbuild'
import { asc, run } from './run.mjs'

const bundle = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  sourcemap: true,
  outdir: 'dist',
  logLevel: 'warning',
}
// protobufjs is CommonJS and asks for node's own modules by require.
const requireShim =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);"

await mkdir('dist', { recursive: true })
await Promise.all([
  asc('infer.ts', 'infer.wasm', '--target', 'release'),
  asc('infer.ts', 'infer.relaxed.wasm', '--target', 'release', '--enable', 'relaxed-simd'),
  asc('infer.ts', 'infer.debug.wasm', '--target', 'debug'),
  build({ ...bundle, entryPoints: { node: 'ts/entry/node.ts', models: 'models/index.ts' } }),
  build({
    ...bundle,
    entryPoints: { convert: 'converters/index.ts', cli: 'converters/cli.ts' },
    external: ['sharp'],
    legalComments: 'linked',
    banner: { js: requireShim },
  }),
  run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'),
])
