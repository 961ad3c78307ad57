// Networks whose outputs must be the same numbers, to the last bit, on every engine: by the plain build no sum is rounded in another way.
// @ts-expect-error made by bundle.ts
import { digits, lenet5 } from 'convlet:lenet5'
import { networks } from '../../models/index.js'
import { sha256 } from '../../ts/entry/sha256.js'
import { encodeModel } from '../../ts/file.js'
import type { Tensor } from '../../ts/types.js'
import { modules } from '../engines/builds.js'
import { random } from '../random.js'
import { load } from './entry.js'

/** What is built and given weights, with the image's size. */
const built = [
  ['googlenet', 64],
  ['mobilenet_v2', 64],
  ['resnet18', 64],
  ['resnet20', 32],
  ['squeezenet1_1', 64],
] as const

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/** Weights by operations that IEEE 754 rounds in one way only: of Math, sqrt alone. */
const weights = (parameters: Readonly<Record<string, readonly number[]>>): Map<string, Tensor> => {
  const next = random(1)
  return new Map(
    Object.entries(parameters).map(([name, shape]) => {
      const norm = name.endsWith('running_var') || (name.endsWith('.weight') && shape.length === 1)
      const scale = shape.length > 1 ? Math.sqrt(3 / size(shape.slice(1))) : 0.1
      const values = Float32Array.from({ length: size(shape) }, () => (norm ? 1 : 0) + scale * (2 * next() - 1))
      return [name, { dtype: 'F32', shape, data: new Uint8Array(values.buffer) }]
    }),
  )
}

const hashOf = (outputs: readonly Float32Array[]): string | Promise<string> => {
  const hash = sha256()
  for (const { buffer, byteOffset, byteLength } of outputs) hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  return hash.digest('hex')
}

export interface NetworkResult {
  /** Of the plain build's outputs. */
  readonly hash: string
  /** The relaxed build's distance from them, relative to the largest; absent where the engine has none. */
  readonly relaxed?: number
}

/** Runs one network on its images, on each build. */
const compare = async (
  file: Uint8Array,
  images: readonly Float32Array[],
  options: object = {},
): Promise<NetworkResult> => {
  const outputs: Float32Array[][] = []
  for (const module of modules) {
    const net = await load(file, { ...options, ...module })
    outputs.push(images.flatMap(image => Object.values(net.run(image)).map(values => values.slice())))
    net.dispose()
  }
  const [plain, relaxed] = outputs as [Float32Array[], Float32Array[]?]
  const largest = Math.max(...plain.flatMap(values => [...values].map(Math.abs)))
  const far = relaxed?.flatMap((values, i) => [...values].map((v, j) => Math.abs(v - plain[i]![j]!)))
  return { hash: await hashOf(plain), ...(far && { relaxed: Math.max(...far) / largest }) }
}

export const runNetworks = async (): Promise<Readonly<Record<string, NetworkResult>>> => {
  const results: Record<string, NetworkResult> = {}
  // 28×28 bytes, in the middle of 32×32 numbers.
  const images = (digits as Uint8Array[]).map(pixels => {
    const image = new Float32Array(32 * 32)
    for (let i = 0; i < 32 * 32; i++) {
      const [y, x] = [Math.floor(i / 32) - 2, (i % 32) - 2]
      const pixel = y >= 0 && y < 28 && x >= 0 && x < 28 ? pixels[y * 28 + x]! : 0
      image[i] = (pixel / 255 - 0.1307) / 0.3081
    }
    return image
  })
  results.lenet5 = await compare(lenet5, images)
  for (const [name, side] of built) {
    const graph = networks[name]!({ classes: 10 })
    const channels = graph.inputs[0]!.shape[1]!
    const next = random(2)
    const image = Float32Array.from({ length: channels * side * side }, () => 2 * next() - 1)
    const file = await encodeModel({ tensors: weights(graph.parameters!), graph })
    results[name] = await compare(file, [image], { inputShape: [channels, side, side] })
  }
  return results
}
