// convlet in one file, for pages from file://, webviews and extensions: the kernels are in it, as compressed text.
import relaxed from 'kernels:infer.relaxed.wasm'
import simd from 'kernels:infer.wasm'
import { inspector, loader } from '../load.js'
import { inline } from './inline.platform.js'

const platform = /* @__PURE__ */ inline({ 'infer.wasm': simd, 'infer.relaxed.wasm': relaxed })

export * from '../index.js'
export const load = /* @__PURE__ */ loader(platform)
export const inspect = /* @__PURE__ */ inspector(platform)
