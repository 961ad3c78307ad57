import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { instantiate } from '@assemblyscript/loader'

/** The kernels of one build of dist/, in a memory of their own. */
export interface KernelBuild {
  readonly name: 'simd' | 'relaxed' | 'debug'
  readonly memory: ArrayBuffer
  readonly kernels: Readonly<Record<string, (...args: number[]) => void>>
}

/** Bytes of each build's memory: what the largest case needs, with room to spare. */
const PAGES = 64

const file = (name: string) => readFileSync(resolve('dist', name)) as Uint8Array<ArrayBuffer>

const memory = () => new WebAssembly.Memory({ initial: PAGES, maximum: PAGES })

const released = async (name: 'simd' | 'relaxed', bytes: Uint8Array<ArrayBuffer>): Promise<KernelBuild> => {
  const own = memory()
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory: own } })
  return { name, memory: own.buffer, kernels: instance.exports as KernelBuild['kernels'] }
}

/** The build with assertions; the loader turns an abort into an error that says what the assertion says. */
const debug = async (bytes: Uint8Array<ArrayBuffer>): Promise<KernelBuild> => {
  const own = memory()
  // Its `exports` are wrapped for optional arguments; the instance has the functions themselves, with their arity.
  const { instance } = await instantiate(bytes, { env: { memory: own } })
  return { name: 'debug', memory: own.buffer, kernels: instance.exports as KernelBuild['kernels'] }
}

const relaxed = file('infer.relaxed.wasm')
const hasRelaxed = WebAssembly.validate(relaxed)
if (!hasRelaxed)
  console.log('skipped: the relaxed build, this engine has no relaxed SIMD (Node 20: --experimental-wasm-relaxed-simd)')

const every = async (entry: 'infer' | 'train'): Promise<readonly KernelBuild[]> => [
  await released('simd', file(`${entry}.wasm`)),
  ...(hasRelaxed ? [await released('relaxed', file(`${entry}.relaxed.wasm`))] : []),
  await debug(file(`${entry}.debug.wasm`)),
]

/** Every build that this engine runs. */
export const builds = await every('infer')

/** The same for training: the kernels of inference, and those that only training has. */
export const trainBuilds = await every('train')

export const build = (name: KernelBuild['name']): KernelBuild => builds.find(build => build.name === name)!

/** What `load` takes, for each build that it knows. */
export const modules = [
  { build: 'simd' as const, wasm: await WebAssembly.compile(file('infer.wasm')) },
  ...(hasRelaxed ? [{ build: 'relaxed' as const, wasm: await WebAssembly.compile(relaxed) }] : []),
]

/** What `trainer` takes. */
export const trainModules = [
  { build: 'simd' as const, wasm: await WebAssembly.compile(file('train.wasm')) },
  ...(hasRelaxed ? [{ build: 'relaxed' as const, wasm: await WebAssembly.compile(file('train.relaxed.wasm')) }] : []),
]
