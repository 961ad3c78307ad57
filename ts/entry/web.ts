// convlet in browsers.
import { inspector, loader } from '../load.js'
import { browser, fetched } from './web.platform.js'

// Written out, so that bundlers see which files belong to it.
const web = /* @__PURE__ */ browser(
  /* @__PURE__ */ fetched(name =>
    name === 'infer.wasm' ? new URL('./infer.wasm', import.meta.url) : new URL('./infer.relaxed.wasm', import.meta.url),
  ),
)

export * from '../index.js'
export const load = /* @__PURE__ */ loader(web)
export const inspect = /* @__PURE__ */ inspector(web)
