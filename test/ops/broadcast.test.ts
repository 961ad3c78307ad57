import { suite } from 'uvu'
import { TINY, ulps } from '../bounds.js'
import { check, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import * as ref from '../ref/eltwise.js'
import { map, size, type Tensor } from '../ref/tensor.js'

const test = suite('kernels: two operands')

const around = [1, 2, 3, 4, 5, 7, 8, 9, 13, 17]
const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const denormal = 2 ** -140
const special = [nan, inf, -inf, 0, -0, denormal, -denormal, 2 ** -149, 3.4028234663852886e38, -3.4028234663852886e38]

const row = (data: ArrayLike<number>): Tensor => ({ shape: [data.length], data: Float64Array.from(data, Math.fround) })

/** Steps in floats of a contiguous operand of up to 4 dimensions, 0 where it is stretched. */
const steps = (shape: readonly number[]): number[] => shape.map((d, i) => (d === 1 ? 0 : size(shape.slice(i + 1))))

const four = (shape: readonly number[]) => [...Array<number>(4 - shape.length).fill(1), ...shape]

/** Each kernel's twin and how many units in the last place it may be off. */
const kernels: Readonly<Record<string, readonly [twin: (a: Tensor, b: Tensor) => Tensor, units: number]>> = {
  add: [ref.add, 0],
  sub: [ref.sub, 0],
  mul: [ref.mul, 0],
  div: [ref.div, 0],
  max: [ref.max, 0],
  min: [ref.min, 0],
  prelu: [ref.prelu, 0],
  pow: [ref.pow, 1],
}

const pair = (kernel: string, a: Tensor, b: Tensor, lo = -inf, hi = inf) => {
  const [twin, units] = kernels[kernel]!
  // What overflows or fades away in single precision does so before the limits.
  const y = ref.clamp(map(twin(a, b), Math.fround), lo, hi)
  const within = units ? ulps(units, y.data, TINY) : undefined
  const constants = [...four(y.shape), ...steps(four(a.shape)), ...steps(four(b.shape)), lo, hi]
  const label = `${a.shape} and ${b.shape} in ${lo} to ${hi}`
  check(kernel, label, writes(y.data, within), reads(a.data), reads(b.data), ...constants)
  // In place where an operand has the result's shape.
  const [over, under] = [updates(a.data, y.data, within), updates(b.data, y.data, within)]
  if (size(a.shape) === size(y.shape)) check(kernel, `${label}, over a`, over, over, reads(b.data), ...constants)
  if (size(b.shape) === size(y.shape)) check(kernel, `${label}, over b`, under, reads(a.data), under, ...constants)
}

const filled = (shape: readonly number[], seed: number): Tensor => ({ shape, data: floats(size(shape), seed) })

for (const kernel of Object.keys(kernels)) {
  test(`${kernel}: lengths`, () => {
    for (const n of around) pair(kernel, filled([n], n), filled([n], n + 1))
  })

  test(`${kernel}: broadcasting`, () => {
    for (const n of around) {
      for (const b of [[1], [n], [5, 1], [1, n], [3, 1, n], [3, 5, 1], [2, 1, 1, n], [2, 3, 5, 1], [1, 3, 1, 1]]) {
        pair(kernel, filled([2, 3, 5, n], n), filled(b, 1))
        pair(kernel, filled(b, 1), filled([2, 3, 5, n], n))
      }
      pair(kernel, filled([2, 1, 5, 1], n), filled([3, 1, n], n))
    }
  })

  test(`${kernel}: limits, and what is not an ordinary number`, () => {
    pair(kernel, filled([3, 7], 1), filled([3, 7], 2), 0)
    pair(kernel, filled([3, 7], 1), filled([7], 2), -0.25, 0.5)
    for (const v of special) pair(kernel, row(special), row([v]), 0, inf)
    for (const v of special) pair(kernel, row(special), row(special.map(() => v)))
  })
}

test('add: an operand in another order', () => {
  // a as it lies in NCHW order, y and b in NHWC.
  for (const [c, pixels] of [
    [3, 4],
    [4, 3],
    [5, 7],
    [1, 9],
  ] as const) {
    const [a, b] = [floats(c * pixels, c), floats(c * pixels, pixels)]
    const y = Float64Array.from(b, (v, i) => v + a[(i % c) * pixels + Math.floor(i / c)]!)
    check(
      'add',
      `${c} channels`,
      writes(y),
      reads(a),
      reads(b),
      ...[1, 1, pixels, c, 0, 0, 1, pixels, 0, 0, c, 1, -inf, inf],
    )
  }
})

test('pow: bases and exponents', () => {
  const bases = [0.1, 0.5, 0.7, 0.99999994, 1, 1.0000001, 1.5, 2, 3, 10, 1e-30, 1e30, denormal]
  const exponents = [2, 3, 0.5, -0.5, -1, -2, 1 / 3, 0.75, 7, 20.5, 1e-8, 100, -100, 16777215, 16777216, 1e30, -1e30]
  const all = bases.flatMap(v => [v, -v])
  for (const exponent of exponents) {
    pair('pow', row(all), row([exponent]))
    pair('pow', row(all), row(all.map(() => exponent)))
  }
  pair('pow', row(floats(5000, 1).map(v => 10 * v ** 5)), row(floats(5000, 2).map(v => 20 * v)))
  pair('pow', row(floats(5000, 3).map(v => 1 + v / 100)), row(floats(5000, 4).map(v => 3000 * v)))
})

test.run()
