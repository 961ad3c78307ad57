// convlet/train in browsers.
import { planners, trainers } from '../train/trainer.js'
import { browser, fetched } from './web.platform.js'

const web = /* @__PURE__ */ browser(
  /* @__PURE__ */ fetched(name =>
    name === 'train.wasm' ? new URL('./train.wasm', import.meta.url) : new URL('./train.relaxed.wasm', import.meta.url),
  ),
)

export * from '../train.js'
export const trainer = /* @__PURE__ */ trainers({
  ...web,
  toOnnx: async model => (await import('convlet/convert')).toOnnx(model),
})
export const planTraining = /* @__PURE__ */ planners(web)
