// The only file that touches WebAssembly: the boundary is crossed by integers and floats alone.
import type { Build } from './api.js'
import { ConvletError } from './error.js'
import type { Call } from './ops/op.js'

export type Module = WebAssembly.Module

/** The exported kernels. All take numbers and return nothing. */
export type Kernels = Readonly<Record<string, (...args: number[]) => void>>

/** A kernel call ready to be made. */
export interface Step {
  readonly kernel: (...args: number[]) => void
  readonly args: readonly number[]
}

// (module (func (param v128 v128 v128) (result v128) local.get 0..2 f32x4.relaxed_madd))
const PROBE = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0],
  ...[32, 0, 32, 1, 32, 2, 253, 133, 2, 11],
])

const supported = (): boolean => {
  // Lockdown mode on Apple's devices has no WebAssembly at all.
  if (typeof WebAssembly === 'undefined')
    throw new ConvletError('UNSUPPORTED', 'this engine has no WebAssembly (is the device in lockdown mode?).')
  return WebAssembly.validate(PROBE)
}

/** The builds that this engine runs, the faster first. */
export const builds = (): readonly Build[] => (supported() ? ['relaxed', 'simd'] : ['simd'])

export const compileModule = async (bytes: Uint8Array): Promise<Module> => {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>)
  } catch (cause) {
    throw new ConvletError('UNSUPPORTED', 'this engine does not run WebAssembly SIMD; it needs one of 2021 or later.', {
      cause,
    })
  }
}

/** One memory of exactly so many bytes, a multiple of 64 KiB, which never grows, and the kernels that work in it. */
export const instantiate = (module: Module, bytes: number): { memory: ArrayBuffer; kernels: Kernels } => {
  const pages = bytes / 65536
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    return { memory: memory.buffer, kernels: exports as unknown as Kernels }
  } catch (cause) {
    throw new ConvletError('MEMORY', `the engine did not give ${bytes} bytes of memory: ${(cause as Error).message}`, {
      cause,
    })
  }
}

// Sliced, an array that began with a name stays one of references: of one that holds numbers alone and not all of them
// small integers, V8 would copy each number to the heap at every call.
export const bind = (kernels: Kernels, call: Call): Step => ({
  kernel: kernels[call[0]]!,
  args: call.slice(1) as number[],
})

export const call = (kernels: Kernels, ...[name, ...args]: Call): void => kernels[name]!(...args)

export const execute = (steps: readonly Step[]): void => {
  for (let i = 0; i < steps.length; i++) {
    const { kernel, args } = steps[i]!
    kernel(...args)
  }
}
