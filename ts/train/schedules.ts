import type { Schedule } from './api.js'

// Where it is not known how many steps there are, `steps` is not a number, and so must be the factor if it depends on it.

export const constant = (): Schedule => () => 1

/** Times `gamma` after every `every` steps; a number below 1 is a share of all steps. Default a tenth after each third. */
export const stepDecay =
  ({ every = 1 / 3, gamma = 0.1 } = {}): Schedule =>
  (step, steps) =>
    gamma ** Math.floor(step / (every < 1 ? every * steps : every))

/** Half a cosine from 1 to `least` (Loshchilov & Hutter 2016, without restarts). Default to 0. */
export const cosine =
  ({ least = 0 } = {}): Schedule =>
  (step, steps) =>
    least + ((1 - least) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2

/**
 * Smith & Topin 2017, as PyTorch's OneCycleLR with its cosines: from 1 / `start` up to 1 in the share `rise` of the steps, then
 * down to 1 / (`start` · `end`). The optimizer's learning rate is the highest one.
 */
export const oneCycle =
  ({ rise = 0.3, start = 25, end = 1e4 } = {}): Schedule =>
  (step, steps) => {
    const top = rise * steps - 1
    const last = steps - 1
    const between = (from: number, to: number, share: number) =>
      to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
    return step <= top
      ? between(1 / start, 1, top > 0 ? step / top : 1)
      : between(1, 1 / (start * end), last <= top ? 1 : Math.min((step - top) / (last - top), 1))
  }

/** Grows evenly from nearly 0 over the first steps (a number below 1: a share of all), then goes by another schedule. */
export const warmUp =
  (over: number, then: Schedule = constant()): Schedule =>
  (step, steps) => {
    const rising = over < 1 ? over * steps : over
    return step >= rising ? then(step - rising, steps - rising) : (step + 1) / (rising + 1)
  }
