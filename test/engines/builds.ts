// Stands for test/builds.ts: the modules come from who loads this, since engines differ in how they get theirs.
import type { KernelBuild } from '../builds.js'

declare global {
  /** By the names of the files in dist/; those that the engine does not compile are missing. */
  var convletModules: Readonly<Record<string, WebAssembly.Module>>
}

const PAGES = 64
const NAMES = ['simd', 'relaxed'] as const

const files = (entry: 'infer' | 'train') =>
  NAMES.flatMap(name => {
    const wasm = globalThis.convletModules[name === 'simd' ? `${entry}.wasm` : `${entry}.relaxed.wasm`]
    return wasm ? [{ build: name, wasm }] : []
  })

export const modules = files('infer')
export const trainModules = files('train')

const instances = (modules: ReturnType<typeof files>): readonly KernelBuild[] =>
  modules.map(({ build, wasm }) => {
    const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES })
    const { exports } = new WebAssembly.Instance(wasm, { env: { memory } })
    return { name: build, memory: memory.buffer, kernels: exports as KernelBuild['kernels'] }
  })

export const builds = instances(modules)
export const trainBuilds = instances(trainModules)
export const build = (name: KernelBuild['name']): KernelBuild => builds.find(build => build.name === name)!
