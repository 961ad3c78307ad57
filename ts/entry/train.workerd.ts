// convlet/train in Cloudflare Workers.
import { planners, trainers } from '../train/trainer.js'
import { workerd } from './workerd.platform.js'

export * from '../train.js'
export const trainer = /* @__PURE__ */ trainers({
  ...workerd,
  toOnnx: async model => (await import('convlet/convert')).toOnnx(model),
})
export const planTraining = /* @__PURE__ */ planners(workerd)
