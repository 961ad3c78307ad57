// convlet/train in Node.
import { planners, trainers } from '../train/trainer.js'
import { node } from './platform.js'

export * from '../train.js'

/**
 * Makes a network ready to be trained: from a convlet file, from PyTorch's weights with `{ graph }`, or, with `undefined`, from
 * nothing. Images are float32, NCHW, between 1 and `batch` of them at a time. All memory is planned beforehand and told by `memory`.
 *
 * @throws ConvletError as `load` does; `INPUT` for options that cannot work, such as patterns of `train` that match nothing;
 * `UNSUPPORTED` with the list of operators that training cannot go through; `MEMORY` beyond `memoryLimit`.
 */
export const trainer = /* @__PURE__ */ trainers({
  ...node,
  // Another entry of the package: who never exports does not load the converter.
  toOnnx: async model => (await import('convlet/convert')).toOnnx(model),
})

/** What training will train and cost, before any of it is allocated. Throws as `trainer` does. */
export const planTraining = /* @__PURE__ */ planners(node)
