// Optimizers with PyTorch's formulas and defaults (torch.optim). Each is one kernel over one parameter.
import { fail } from '../error.js'
import type { Call } from '../ops/op.js'
import type { Optimizer, Parameter, Places } from './api.js'
import { between } from './check.js'
import { matches } from './patterns.js'

/** What a group of parameters may have of its own. */
export interface GroupOptions {
  readonly lr?: number
  /** L2: times the parameter, added to its gradient; of `adamW`, decoupled: the parameter shrinks by lr · weightDecay. */
  readonly weightDecay?: number
  /** Times the parameter's sign, added to its gradient. */
  readonly l1?: number
}

/** Parameters by patterns of their names, or by a test: `{ match: biasAndNorm, weightDecay: 0 }`. The first that matches counts. */
export type Group<T extends GroupOptions> = Partial<T> & {
  readonly match: readonly string[] | ((parameter: Parameter) => boolean)
}

type Grouped<T extends GroupOptions> = T & { readonly groups?: readonly Group<T>[] }

/** Biases and batch norms, which are better left without weight decay (He et al. 2019, "Bag of tricks"). */
export const biasAndNorm = ({ kind }: Parameter): boolean => kind !== 'weight'

/** The largest number below 1 in single precision. */
const BELOW_1 = 1 - 2 ** -24

/** The largest shares of what is averaged that may be kept: Adam divides by what is not. */
const SHARES: Readonly<Record<string, number>> = { alpha: 1, beta1: BELOW_1, beta2: BELOW_1 }

/** Refuses what no optimizer can work with, with the option's name. */
const check = (name: string, { match, nesterov, ...numbers }: Readonly<Record<string, unknown>>): void => {
  for (const [key, value] of Object.entries(numbers)) between(`${name}: ${key}`, value, 0, SHARES[key])
  if (match !== undefined && typeof match !== 'function' && !Array.isArray(match))
    fail('INPUT', `${name}: match must be a list of patterns or a function, is ${match}`)
}

const make = <T extends Required<GroupOptions>>(
  name: string,
  moments: number,
  { groups = [], ...all }: T & { readonly groups?: readonly Group<Partial<T>>[] },
  update: (places: Places, options: T, lr: number, step: number) => Call,
): Optimizer => {
  for (const part of [all, ...groups]) check(name, part)
  const options = (parameter: Parameter): object => {
    const isOwn = ({ match }: Group<Partial<T>>) =>
      typeof match === 'function' ? match(parameter) : matches(match, parameter.name)
    return { ...all, ...groups.find(isOwn) }
  }
  return {
    ...{ name, moments, lr: all.lr, options },
    update: (places, own, step, factor) => update(places, own as T, (own as T).lr * factor, step),
  }
}

export interface SgdOptions extends GroupOptions {
  /** Share of the last update that goes on (Polyak 1964). Default 0. */
  readonly momentum?: number
  /** Default 0. */
  readonly dampening?: number
  /** Looks ahead (Nesterov 1983, as in Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean
}

/** Stochastic gradient descent. `lr` default 0.01. */
export const sgd = (options: Grouped<SgdOptions> = {}): Optimizer => {
  const all = { lr: 0.01, weightDecay: 0, l1: 0, momentum: 0, dampening: 0, nesterov: false, ...options }
  if (all.nesterov && (!all.momentum || all.dampening)) fail('INPUT', 'sgd: nesterov wants a momentum and no dampening')
  const moves = [all, ...(options.groups ?? [])].some(({ momentum }) => momentum)
  return make('sgd', moves ? 1 : 0, all, ({ w, moments: [m = 0], g, n }, o, lr, step) => [
    ...(['sgd', w, o.momentum ? m : 0, g, n, lr, o.momentum, o.dampening, Number(o.nesterov)] as const),
    ...[o.weightDecay, o.l1, Number(step === 1)],
  ])
}

/** SGD with momentum 0.9. */
export const momentum = (options: Grouped<SgdOptions> = {}): Optimizer => sgd({ momentum: 0.9, ...options })

/** SGD with Nesterov's momentum 0.9. */
export const nesterov = (options: Grouped<SgdOptions> = {}): Optimizer =>
  sgd({ momentum: 0.9, nesterov: true, ...options })

export interface AdagradOptions extends GroupOptions {
  readonly epsilon?: number
}

/** AdaGrad (Duchi et al. 2011). `lr` default 0.01, `epsilon` 1e-10. */
export const adagrad = (options: Grouped<AdagradOptions> = {}): Optimizer =>
  make(
    'adagrad',
    1,
    { lr: 0.01, weightDecay: 0, l1: 0, epsilon: 1e-10, ...options },
    ({ w, moments: [sum = 0], g, n }, o, lr) => ['adagrad', w, sum, g, n, lr, o.epsilon, o.weightDecay, o.l1],
  )

export interface RmspropOptions extends GroupOptions {
  /** Share of the old in the mean of squares. Default 0.99. */
  readonly alpha?: number
  readonly epsilon?: number
  readonly momentum?: number
}

/** RMSProp (Hinton 2012, lecture 6e). `lr` default 0.01, `epsilon` 1e-8. */
export const rmsprop = (options: Grouped<RmspropOptions> = {}): Optimizer => {
  const all = { lr: 0.01, weightDecay: 0, l1: 0, alpha: 0.99, epsilon: 1e-8, momentum: 0, ...options }
  const moves = [all, ...(options.groups ?? [])].some(({ momentum }) => momentum)
  return make('rmsprop', moves ? 2 : 1, all, ({ w, moments: [square = 0, m = 0], g, n }, o, lr) => [
    ...(['rmsprop', w, square, o.momentum ? m : 0, g, n, lr, o.alpha, o.epsilon, o.momentum] as const),
    ...[o.weightDecay, o.l1],
  ])
}

export interface AdamOptions extends GroupOptions {
  /** Shares of the old in the means of gradients and of their squares. Default 0.9 and 0.999. */
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
}

const adamLike =
  (name: string, decoupled: boolean, weightDecay: number) =>
  (options: Grouped<AdamOptions> = {}): Optimizer =>
    make(
      name,
      2,
      { lr: 1e-3, weightDecay, l1: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...options },
      ({ w, moments: [m = 0, v = 0], g, n }, o, lr, step) => [
        ...(['adam', w, m, v, g, n, lr, o.beta1, o.beta2, o.epsilon] as const),
        ...[1 - o.beta1 ** step, 1 - o.beta2 ** step, o.weightDecay, Number(decoupled), o.l1],
      ],
    )

/** Adam (Kingma & Ba 2014). `lr` default 1e-3, `epsilon` 1e-8. */
export const adam = adamLike('adam', false, 0)

/** Adam with decoupled weight decay (Loshchilov & Hutter 2017), default 0.01. */
export const adamW = adamLike('adamW', true, 0.01)
