import type { Net } from '../../ts/api.js'
import { ConvletError } from '../../ts/error.js'
import { showShape } from '../terminal/text.js'
import type { Input } from './inputs.js'

/** How far the outputs of two networks are apart on one input. */
export interface Difference {
  readonly name: string
  /** The largest value's place in the first output, for each network, and the data's label. */
  readonly top: readonly [number, number]
  readonly label?: number
  /** Over all outputs. */
  readonly largest: number
  readonly mean: number
  /** The largest value of the first network's outputs. */
  readonly size: number
}

const describe = (shapes: Net['inputs']): string =>
  Object.entries(shapes)
    .map(([name, shape]) => `${name} ${showShape(shape)}`)
    .join(', ')

/** Throws unless both take the same input and give outputs of the same shapes. */
export const mustMatch = (a: Net, b: Net, [first, second]: readonly [string, string]): void => {
  for (const part of ['inputs', 'outputs'] as const) {
    const [x, y] = [a[part], b[part]]
    const shapes = (of: Net['inputs']) => Object.values(of).join(' ')
    if (shapes(x) !== shapes(y))
      throw new ConvletError(
        'SHAPE',
        `the ${part} are not the same: ${first} has ${describe(x)}, ${second} ${describe(y)}; verify compares files of one network.`,
      )
  }
  if (Object.keys(a.inputs).length > 1)
    throw new ConvletError('UNSUPPORTED', `verify compares networks with one input, these have ${describe(a.inputs)}.`)
}

const top = (values: Float32Array): number => values.reduce((best, v, i) => (v > values[best]! ? i : best), 0)

/** Runs both on an input. Outputs are compared in their order: converters may call them otherwise. */
export const difference = (a: Net, b: Net, { name, values, label }: Input): Difference => {
  const [x, y] = [Object.values(a.run(values)), Object.values(b.run(values))]
  let [largest, sum, count, size] = [0, 0, 0, 0]
  for (const [k, out] of x.entries())
    for (const [i, v] of out.entries()) {
      const d = Math.abs(v - y[k]![i]!)
      // What is no number in one of them is no small difference.
      largest = Math.max(largest, Number.isNaN(d) && !Object.is(v, y[k]![i]) ? Number.POSITIVE_INFINITY : d || 0)
      sum += d || 0
      size = Math.max(size, Math.abs(v))
      count++
    }
  const tops = [top(x[0]!), top(y[0]!)] as const
  return { name, top: tops, ...(label !== undefined && { label }), largest, mean: sum / count, size }
}

export interface Summary {
  readonly inputs: number
  /** How often both have the same class first. */
  readonly agree: number
  readonly largest: number
  readonly mean: number
  readonly size: number
  /** How often each is right, where the data have labels. */
  readonly right?: readonly [number, number]
}

export const summarise = (all: readonly Difference[]): Summary => {
  const most = (of: (d: Difference) => number) => all.reduce((m, d) => Math.max(m, of(d)), 0)
  const count = (is: (d: Difference) => boolean) => all.filter(is).length
  const right = ([0, 1] as const).map(i => count(({ top, label }) => top[i] === label)) as [number, number]
  return {
    inputs: all.length,
    agree: count(({ top }) => top[0] === top[1]),
    largest: most(({ largest }) => largest),
    mean: all.reduce((sum, { mean }) => sum + mean, 0) / all.length,
    size: most(({ size }) => size),
    ...(all[0]?.label !== undefined && { right }),
  }
}
