// convlet in Cloudflare Workers.
import { inspector, loader } from '../load.js'
import { workerd } from './workerd.platform.js'

export * from '../index.js'
export const load = /* @__PURE__ */ loader(workerd)
export const inspect = /* @__PURE__ */ inspector(workerd)
