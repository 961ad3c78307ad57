// The runtime as a user's bundler makes it.
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface File {
  readonly name: string
  readonly text: string
}

/** Minified; `split` into what is loaded at the start and what is imported later, else in one file. */
export const bundle = async (contents: string, split = true) => {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: '.', sourcefile: 'entry' },
    bundle: true,
    minify: true,
    splitting: split,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outdir: '.',
    entryNames: 'entry',
    metafile: true,
    write: false,
  })
  const names = Object.keys(metafile.outputs)
  const texts = new Map(outputFiles.map(({ text }, i) => [names[i]!, text]))
  // Not only the entry, but what it imports on the way.
  const start = new Set(['entry.js'])
  for (const name of start)
    for (const { path, kind, external } of metafile.outputs[name]!.imports)
      if (kind === 'import-statement' && !external) start.add(path)
  const files = names.map((name): File => ({ name, text: texts.get(name)! }))
  return {
    start: files.filter(({ name }) => start.has(name)),
    later: files.filter(({ name }) => !start.has(name)),
  }
}

/** Bytes that are sent. */
export const weight = (files: readonly File[]): number =>
  files.reduce((sum, { text }) => sum + gzipSync(text, { level: 9 }).length, 0)
