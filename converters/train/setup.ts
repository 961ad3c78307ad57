// What the options mean to the library.
import type { Initialiser, Loss, Optimizer, Schedule, TrainerOptions } from '../../ts/train/api.js'
import {
  adagrad,
  adam,
  adamW,
  biasAndNorm,
  constant,
  cosine,
  crossEntropy,
  he,
  lecun,
  momentum,
  nesterov,
  oneCycle,
  rmsprop,
  sgd,
  stepDecay,
  warmUp,
  xavier,
} from '../../ts/train.js'
import type { TrainingOptions } from './options.js'

const OPTIMIZERS = { sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw: adamW }
const SCHEDULES = { constant, step: stepDecay, cosine, 'one-cycle': oneCycle }
const INITIALISERS = { he, xavier, lecun }

export const optimizerOf = ({ optimizer, lr, weightDecay, l1, decayBiasNorm }: TrainingOptions): Optimizer => {
  const given = {
    ...(lr && { lr }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(l1 !== undefined && { l1 }),
  }
  const groups = decayBiasNorm ? [] : [{ match: biasAndNorm, weightDecay: 0, l1: 0 }]
  return OPTIMIZERS[optimizer]({ ...given, groups })
}

export const scheduleOf = ({ schedule, warmUp: over }: TrainingOptions): Schedule => {
  const then = SCHEDULES[schedule]()
  return over === undefined ? then : warmUp(over, then)
}

const lossOf = ({ labelSmoothing }: TrainingOptions): Loss =>
  crossEntropy(labelSmoothing === undefined ? {} : { smoothing: labelSmoothing })

const initialiserOf = ({ initialiser }: TrainingOptions): Initialiser => INITIALISERS[initialiser]()

/** All that the trainer is told, but for its network. */
export const trainerOptions = (options: TrainingOptions): TrainerOptions => ({
  optimizer: optimizerOf(options),
  loss: lossOf(options),
  initialiser: initialiserOf(options),
  batch: options.batch,
  seed: options.seed,
  accumulate: options.accumulate,
  norm: options.freezeNorm ? 'frozen' : 'batch',
  ...(options.train && { train: options.train }),
  ...(options.inputShape && { inputShape: options.inputShape }),
  ...(options.clipNorm && { clip: { norm: options.clipNorm } }),
  ...(options.recompute && { recompute: true }),
  ...(options.cacheFeatures && { cacheFeatures: true }),
})
