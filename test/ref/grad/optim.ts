// PyTorch's optimizers (torch.optim 1.13), one step: new weights and state from old ones.

export type Row = ArrayLike<number>

export interface Penalties {
  readonly decay: number
  readonly l1: number
}

/** The gradient with the penalties' own: L2 of decay/2·w² and l1·|w|. */
const penalised = (g: number, w: number, { decay, l1 }: Penalties): number => g + decay * w + l1 * Math.sign(w)

const map = (n: number, f: (i: number) => number): Float64Array => Float64Array.from({ length: n }, (_, i) => f(i))

export interface Sgd extends Penalties {
  readonly lr: number
  readonly momentum: number
  readonly dampening: number
  readonly nesterov: boolean
  readonly first: boolean
}

export const sgd = (w: Row, m: Row, g: Row, o: Sgd) => {
  const d = map(w.length, i => penalised(g[i]!, w[i]!, o))
  const moment = map(w.length, i => (o.first ? d[i]! : o.momentum * m[i]! + (1 - o.dampening) * d[i]!))
  const step = (i: number) => {
    if (o.momentum === 0) return d[i]!
    return o.nesterov ? d[i]! + o.momentum * moment[i]! : moment[i]!
  }
  return { w: map(w.length, i => w[i]! - o.lr * step(i)), m: moment }
}

export interface Adagrad extends Penalties {
  readonly lr: number
  readonly epsilon: number
}

export const adagrad = (w: Row, sum: Row, g: Row, o: Adagrad) => {
  const d = map(w.length, i => penalised(g[i]!, w[i]!, o))
  const next = map(w.length, i => sum[i]! + d[i]! ** 2)
  return { w: map(w.length, i => w[i]! - (o.lr * d[i]!) / (Math.sqrt(next[i]!) + o.epsilon)), sum: next }
}

export interface Rmsprop extends Penalties {
  readonly lr: number
  readonly alpha: number
  readonly epsilon: number
  readonly momentum: number
}

export const rmsprop = (w: Row, square: Row, m: Row, g: Row, o: Rmsprop) => {
  const d = map(w.length, i => penalised(g[i]!, w[i]!, o))
  const next = map(w.length, i => o.alpha * square[i]! + (1 - o.alpha) * d[i]! ** 2)
  const moment = map(w.length, i => {
    const step = d[i]! / (Math.sqrt(next[i]!) + o.epsilon)
    return o.momentum === 0 ? step : o.momentum * m[i]! + step
  })
  return { w: map(w.length, i => w[i]! - o.lr * moment[i]!), square: next, m: moment }
}

export interface Adam extends Penalties {
  readonly lr: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly decoupled: boolean
  /** Number of this step, from 1. */
  readonly step: number
}

export const adam = (w: Row, m: Row, v: Row, g: Row, o: Adam) => {
  const old = map(w.length, i => (o.decoupled ? w[i]! * (1 - o.lr * o.decay) : w[i]!))
  const d = map(w.length, i => penalised(g[i]!, old[i]!, o.decoupled ? { ...o, decay: 0 } : o))
  const first = map(w.length, i => o.beta1 * m[i]! + (1 - o.beta1) * d[i]!)
  const second = map(w.length, i => o.beta2 * v[i]! + (1 - o.beta2) * d[i]! ** 2)
  const next = map(w.length, i => {
    const mean = first[i]! / (1 - o.beta1 ** o.step)
    const square = second[i]! / (1 - o.beta2 ** o.step)
    return old[i]! - (o.lr * mean) / (Math.sqrt(square) + o.epsilon)
  })
  return { w: next, m: first, v: second }
}
