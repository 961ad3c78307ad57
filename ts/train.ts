export type {
  Batch,
  Batches,
  Dataset,
  Epoch,
  Evaluation,
  FitOptions,
  Initialiser,
  Loss,
  Optimizer,
  Parameter,
  Schedule,
  StepProgress,
  StepResult,
  Trainer,
  TrainerOptions,
  TrainMemory,
  TrainSource,
} from './train/api.js'
export { type Augmentation, crop, cutout, flip, shift } from './train/augment.js'
export { type BatchesOptions, batches, type Images } from './train/data.js'
export { he, lecun, xavier, zeros } from './train/initialisers.js'
export { crossEntropy, mse } from './train/losses.js'
export {
  type AdagradOptions,
  type AdamOptions,
  adagrad,
  adam,
  adamW,
  biasAndNorm,
  type Group,
  type GroupOptions,
  momentum,
  nesterov,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from './train/optimizers.js'
export { constant, cosine, oneCycle, stepDecay, warmUp } from './train/schedules.js'
