// Stands for ts/entry/node.ts: kernels are handed in.
import { sha256 } from '../../ts/entry/sha256.js'
import { fail } from '../../ts/error.js'
import { inspector, loader } from '../../ts/load.js'
import type { Platform } from '../../ts/platform.js'

const platform: Platform = {
  wasm: async () => fail('UNSUPPORTED', 'pass { wasm }'),
  cached: async () => fail('UNSUPPORTED', 'nothing is kept here'),
  sha256,
}

export * from '../../ts/index.js'
export const load = loader(platform)
export const inspect = inspector(platform)
