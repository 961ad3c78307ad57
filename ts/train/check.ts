// What options must be like: what is not refused here would be lost much later, in weights that are not a number.
import { fail } from '../error.js'
import type { Graph } from '../types.js'
import type { TrainerOptions } from './api.js'

const show = (value: unknown): string => (typeof value === 'string' ? `"${value}"` : `${value}`)

/** Refuses what is not a whole number from 1. */
export const positive = (name: string, value: unknown): void => {
  if (!(Number.isInteger(value) && (value as number) > 0))
    fail('INPUT', `${name} must be a positive integer, is ${show(value)}`)
}

/** Refuses what is not a finite number from `least` to `most`. */
export const between = (name: string, value: unknown, least: number, most = Infinity): void => {
  if (typeof value !== 'number' || !(value >= least && value <= most && value < Infinity))
    fail('INPUT', `${name} must be a number from ${least}${most < Infinity ? ` to ${most}` : ''}, is ${show(value)}`)
}

/** Refuses what is none of these. */
export const among = (name: string, value: unknown, words: readonly string[]): void => {
  if (!words.includes(value as string)) fail('INPUT', `${name} must be ${words.join(' or ')}, is ${show(value)}`)
}

/** Checks the options of a trainer that are numbers and words. */
export const checkOptions = (options: TrainerOptions): void => {
  const {
    optimizer,
    batch = 32,
    accumulate = 1,
    momentum = 0.1,
    seed = 0,
    norm = 'batch',
    clip,
    build = 'simd',
    classes,
    loss,
  } = options
  if (typeof optimizer?.update !== 'function') fail('INPUT', 'optimizer is missing: sgd(), adam() or one of the others')
  positive('batch', batch)
  positive('accumulate', accumulate)
  between('momentum', momentum, 0, 1)
  between('seed', seed, -(2 ** 53), 2 ** 53)
  among('build', build, ['simd', 'relaxed'])
  among('norm', norm, ['batch', 'frozen'])
  for (const [name, value] of Object.entries(clip ?? {})) {
    among('clip', name, ['norm', 'value'])
    if (value !== undefined) between(`clip.${name}`, value, 0)
  }
  if (!['undefined', 'number'].includes(typeof classes) && !Array.isArray(classes))
    fail('INPUT', `classes must be a positive integer or names, is ${show(classes)}`)
  if (!loss) return
  among('loss', loss.kind, ['crossEntropy', 'mse'])
  between('smoothing', loss.smoothing ?? 0, 0, 1)
  for (const [i, weight] of loss.classWeights?.entries() ?? []) between(`weight ${i} of the classes`, weight, 0)
}

/** Checks that a loss weighs outputs that there are. The main one cannot count nothing: its scores are what is measured. */
export const checkHeads = (heads: Readonly<Record<string, number>> = {}, { outputs }: Graph): void => {
  for (const [name, weight] of Object.entries(heads)) {
    if (!outputs.includes(name))
      fail('INPUT', `the loss weighs "${name}", the network's outputs are ${outputs.join(', ')}`)
    between(`the weight of head "${name}"`, weight, 0)
    if (weight === 0 && name === outputs[0]) fail('INPUT', `the weight of the main output "${name}" must be above 0`)
  }
}
