// ONNX files of convlet's own networks, with weights that no training made: speed does not depend on what was learnt.
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const root = new URL('../..', import.meta.url)
const folder = fileURLToPath(new URL('build/bench/', root))

/** A seeded generator of numbers between −1 and 1 (xorshift). */
function numbers(seed) {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state / 2 ** 31
  }
}

/** Numbers that keep the sizes of a layer's outputs about those of its inputs (He et al. 2015), variances near 1. */
function tensorOf([name, shape], random) {
  const count = shape.reduce((a, b) => a * b, 1)
  const matrix = shape.length > 1
  const scale = matrix ? Math.sqrt((6 * shape[0]) / count) : 0.1
  const base = !matrix && /(running_var|\.weight)$/.test(name) ? 1 : 0
  const data = Float32Array.from({ length: count }, () => base + scale * random())
  return [name, { dtype: 'F32', shape, data: new Uint8Array(data.buffer) }]
}

export async function names() {
  const { networks } = await import('../../dist/models.js')
  return Object.keys(networks)
}

/** Path of the ONNX file of a network of convlet/models, made at its first use. */
export async function networkFile(name) {
  const path = `${folder}${name}.onnx`
  if (existsSync(path)) return path
  const { networks } = await import('../../dist/models.js')
  if (!(name in networks)) throw new Error(`${name}: no network of convlet/models: ${Object.keys(networks).join(', ')}`)
  const { toOnnx } = await import('../../dist/convert.js')
  const { parameters, ...graph } = networks[name]()
  const random = numbers(1)
  const tensors = new Map(Object.entries(parameters).map(entry => tensorOf(entry, random)))
  await mkdir(folder, { recursive: true })
  await writeFile(`${path}.tmp`, toOnnx({ graph, tensors, source: `convlet/models ${name}` }))
  await rename(`${path}.tmp`, path)
  return path
}
