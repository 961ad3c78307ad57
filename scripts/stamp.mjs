// Whether dist/ is of the sources as they are: by content, so that a checkout, a touch or a copy builds nothing anew.
// Only node's own modules: packages may not be there yet.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const STAMP = 'dist/stamp.json'

const under = (folder, ext) =>
  readdirSync(folder, { recursive: true })
    .map(file => join(folder, file))
    .filter(file => file.endsWith(ext))
    .sort()

const common = ['package-lock.json', 'scripts/build.mjs', 'scripts/run.mjs']
/** What each part of a build is made of, and a file by which it is known to be there. */
const parts = {
  kernels: {
    sources: () => [...common, 'asconfig.json', ...under('assembly', '.ts')],
    made: ['infer', 'train'].flatMap(entry => [`${entry}.wasm`, `${entry}.relaxed.wasm`, `${entry}.debug.wasm`]),
  },
  bundles: {
    sources: () => [
      ...common,
      'package.json',
      'scripts/licences.mjs',
      ...readdirSync('.').filter(file => /^tsconfig.*\.json$/.test(file)),
      ...['ts', 'converters', 'models'].flatMap(folder => under(folder, '.ts')),
    ],
    made: [
      'node.js',
      'train.js',
      'web.js',
      'workerd.js',
      'shards.js',
      'shards.node.js',
      'convert.js',
      'cli.js',
      'types',
    ],
  },
  inline: {
    sources: () => [...common, 'asconfig.json', ...under('assembly', '.ts'), ...under('ts', '.ts')],
    made: ['inline.js', 'train.inline.js'],
  },
}

export const hashOf = files => {
  const hash = createHash('sha256')
  for (const file of files) {
    const bytes = readFileSync(file)
    hash.update(`${file.replaceAll('\\', '/')} ${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex')
}

export const readJson = file => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}

export const partNames = Object.keys(parts)
export const partHash = part => hashOf(parts[part].sources())

/** The parts of dist/ that are missing or were built from other sources. */
export const staleParts = () => {
  const stamp = readJson(STAMP)
  return partNames.filter(
    part => !parts[part].made.every(file => existsSync(`dist/${file}`)) || stamp[part] !== partHash(part),
  )
}

export const setStamp = hashes => {
  mkdirSync('dist', { recursive: true })
  writeFileSync(STAMP, `${JSON.stringify({ ...readJson(STAMP), ...hashes }, null, 2)}\n`)
}
