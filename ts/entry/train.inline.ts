// convlet/train with the kernels in it; the way to ONNX stays beside it until a bundler takes it in.
import relaxed from 'kernels:train.relaxed.wasm'
import simd from 'kernels:train.wasm'
import { planners, trainers } from '../train/trainer.js'
import { inline } from './inline.platform.js'

const platform = /* @__PURE__ */ inline({ 'train.wasm': simd, 'train.relaxed.wasm': relaxed })

export * from '../train.js'
export const trainer = /* @__PURE__ */ trainers({
  ...platform,
  toOnnx: async model => (await import('convlet/convert')).toOnnx(model),
})
export const planTraining = /* @__PURE__ */ planners(platform)
