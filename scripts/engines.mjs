// npm run engines: the tests of the kernels in every engine that is here; with all of them, docs/engines.md too.
import { build } from 'esbuild'
import { setup } from './setup.mjs'

await setup()
await build({
  entryPoints: ['test/engines/table.ts'],
  outfile: 'build/engines-table.mjs',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
})
await import('../build/engines-table.mjs')
