// convlet in Node.
import { inspector, loader } from '../load.js'
import { node } from './platform.js'

export * from '../index.js'
export const load = /* @__PURE__ */ loader(node)
export const inspect = /* @__PURE__ */ inspector(node)
