// Bundles test files, one bundle each, to build/test; packages stay outside.
// usage: node scripts/bundle-tests.mjs [FILE.test.ts ...]   (none: all)
import { readdir, rm } from 'node:fs/promises'
import { build } from 'esbuild'

const named = process.argv.slice(2)
const all = async () =>
  (await readdir('test', { recursive: true })).filter(f => f.endsWith('.test.ts')).map(f => `test/${f}`)

await rm('build/test', { recursive: true, force: true })
await build({
  entryPoints: named.length > 0 ? named : await all(),
  outbase: 'test',
  outdir: 'build/test',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  logLevel: 'warning',
})
