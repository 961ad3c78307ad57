// The only file that touches WebAssembly: the boundary is crossed by integers and floats alone.
import { fail } from './error.js'
import type { Call } from './ops/op.js'

export type Module = WebAssembly.Module

/** The two builds of the kernels: plain SIMD runs on every engine with SIMD, relaxed SIMD uses fused multiply-add where the engine has it. */
export type Build = 'simd' | 'relaxed'

/** The exported kernels. All take numbers and return nothing. */
export type Kernels = Readonly<Record<string, (...args: number[]) => void>>

/** A model's memory and the kernels that work in it. */
export interface Instance {
  readonly buffer: ArrayBuffer
  readonly kernels: Kernels
}

/** A kernel call ready to be made. */
export type Step = () => void

// (module (func unreachable f32x4.relaxed_madd drop)): behind `unreachable` the operands are there, whatever they are.
const PROBE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0, 253, 133, 2, 26, 11]

/** The faster of the builds that this engine runs. */
export const fastest = (): Build => (globalThis.WebAssembly?.validate(new Uint8Array(PROBE)) ? 'relaxed' : 'simd')

export const compileModule = async (bytes: Uint8Array): Promise<Module> => {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>)
  } catch (cause) {
    // Lockdown mode on Apple's devices has no WebAssembly at all.
    return fail(
      'UNSUPPORTED',
      `the engine does not compile the kernels, it may lack SIMD: ${(cause as Error).message}`,
      cause,
    )
  }
}

/** Compiles while the bytes arrive. A server that calls them anything but application/wasm costs that, no more. */
export const compileResponse = async (response: Response): Promise<Module> => {
  const copy = response.clone()
  try {
    return await WebAssembly.compileStreaming(response)
  } catch {
    return compileModule(new Uint8Array(await copy.arrayBuffer()))
  }
}

/** One memory of exactly so many bytes, a multiple of 64 KiB, which never grows, and the kernels that work in it. */
export const instantiate = (module: Module, bytes: number): Instance => {
  try {
    const memory = new WebAssembly.Memory({ initial: bytes / 65536, maximum: bytes / 65536 })
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    return { buffer: memory.buffer, kernels: exports as unknown as Kernels }
  } catch (cause) {
    return fail('MEMORY', `the engine did not give ${bytes} bytes of memory: ${(cause as Error).message}`, cause)
  }
}

export const bind = (kernels: Kernels, [name, ...args]: Call): Step =>
  kernels[name]?.bind(null, ...args) ?? fail('UNSUPPORTED', `the wasm module lacks ${name}: pass convlet/infer.wasm`)
