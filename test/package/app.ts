// A small app around convlet as users write it, in a folder of its own that has the package in its node_modules.
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import sharp from 'sharp'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import { load } from '../../ts/entry/node.js'
import { modules } from '../builds.js'

const meta = JSON.parse(readFileSync('models/lenet5/lenet5.json', 'utf8'))
export const model = await convert(readFileSync('models/lenet5/lenet5.onnx'), meta)

const images = await Promise.all(
  Array.from({ length: 10 }, async (_, d) => {
    const pixels = sharp(`models/lenet5/digits/${d}.png`).toColourspace('srgb').ensureAlpha().raw()
    const { data, info } = await pixels.toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.height }
  }),
)

/** By build, by digit: the probability of each label. */
export type Scores = Readonly<Record<string, readonly (readonly number[])[]>>

const net = await load(model, modules[0]!)
const wanted = images.map(image =>
  net
    .classify(image, { top: 10 })
    .sort((a, b) => a.index - b.index)
    .map(({ probability }) => probability),
)

/** The scores are Node's: equal where the kernels are, close with those that round once instead of twice. */
export const checkScores = ({ simd, fastest }: Scores) => {
  for (const found of [simd, fastest].filter(rows => rows !== undefined)) {
    assert.is(found.length, 10)
    for (const [d, scores] of found.entries()) assert.is(scores.indexOf(Math.max(...scores)), d, `digit ${d}`)
  }
  // exp of the engine is not always correctly rounded: the last digit of a probability may differ.
  const far = (found: Scores[string]) =>
    Math.max(...found.flatMap((scores, d) => scores.map((p, i) => Math.abs(p - wanted[d]![i]!))))
  if (simd) assert.ok(far(simd) <= 1e-12, `${far(simd)} from Node's`)
  assert.ok(far(fastest!) <= 1e-5, `${far(fastest!)} from Node's`)
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const data = `const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
export const model = () => bytes('${base64(model)}')
export const images = [${images.map(
  ({ data, width, height }) => `{ data: bytes('${base64(data)}'), width: ${width}, height: ${height} }`,
)}]
`

/** The scores of both builds; `source` and `options` are JavaScript. */
export const program = (entry: string, source: string, options = '{}', before = '') => `import { load } from '${entry}'
import { images, model } from './data.js'
${before}
const scores = async options => {
  const net = await load(${source}, options)
  const rows = images.map(image => net.classify(image, { top: 10 }).sort((a, b) => a.index - b.index).map(p => p.probability))
  net.dispose()
  return rows
}
export const answer = async () => ({
  simd: await scores({ build: 'simd', ...${options} }),
  fastest: await scores({ ...${options} }),
})
`

/** A fresh folder with the package, the model and the digits. */
export const folder = (name: string, files: Readonly<Record<string, string>>): string => {
  const path = resolve('build/package', name)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(join(path, 'node_modules'), { recursive: true })
  symlinkSync(resolve('.'), join(path, 'node_modules/convlet'), 'junction')
  writeFileSync(join(path, 'model.safetensors'), model)
  for (const [file, text] of Object.entries({ 'data.js': data, ...files })) writeFileSync(join(path, file), text)
  return path
}

/** Bundles an app for browsers to out/ of its folder, the package's wasm files beside it. */
export const esbuild = async (path: string, options: object = {}) => {
  const { metafile } = await build({
    absWorkingDir: path,
    entryPoints: ['app.js'],
    bundle: true,
    minify: true,
    format: 'esm',
    outdir: 'out',
    metafile: true,
    logLevel: 'silent',
    ...options,
  })
  return metafile
}
