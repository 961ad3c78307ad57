// convlet/train in Node.
import { planners, trainers } from '../train/trainer.js'
import { node } from './platform.js'

export * from '../train.js'
export const trainer = /* @__PURE__ */ trainers({
  ...node,
  // Another entry of the package: who never exports does not load the converter.
  toOnnx: async model => (await import('convlet/convert')).toOnnx(model),
})
export const planTraining = /* @__PURE__ */ planners(node)
