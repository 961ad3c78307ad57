import fc from 'fast-check'
import { suite } from 'uvu'
import { ulps } from '../bounds.js'
import { check, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import { add, clamp, sigmoid, tanh } from '../ref/eltwise.js'
import { size, type Tensor } from '../ref/tensor.js'

const test = suite('kernels: element by element')

const around = [1, 2, 3, 4, 5, 7, 8, 9, 13, 17]
const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const denormal = 2 ** -140
const special = [nan, inf, -inf, 0, -0, denormal, -denormal, 2 ** -149, 3.4028234663852886e38, -3.4028234663852886e38]

const row = (data: ArrayLike<number>): Tensor => ({ shape: [data.length], data: Float64Array.from(data, Math.fround) })

/** The same call into another buffer and in place. */
const both = (
  kernel: string,
  label: string,
  x: Tensor,
  y: Tensor,
  within: ReturnType<typeof ulps> | undefined,
  ...constants: number[]
) => {
  check(kernel, label, writes(y.data, within), reads(x.data), x.data.length, ...constants)
  const place = updates(x.data, y.data, within)
  check(kernel, `${label}, in place`, place, place, x.data.length, ...constants)
}

const limited = (x: Tensor, lo: number, hi: number) =>
  both('clamp', `[${x.data}] in ${lo} to ${hi}`, x, clamp(x, lo, hi), undefined, lo, hi)

test('clamp: lengths and limits', () => {
  for (const n of around)
    for (const [lo, hi] of [
      [0, inf],
      [0, 0.5],
      [-0.5, 0.25],
      [-inf, inf],
      [-inf, 0],
    ] as const)
      limited(row(floats(n, n)), lo, hi)
})

test('clamp: what is not an ordinary number', () => {
  limited(row(special), 0, inf)
  limited(row(special), -1, 6)
  limited(row(special), -inf, inf)
})

// The numbers of tanh are the kernel's promise; those of sigmoid: e^−|x| is good to 1.5 units, the sum and the quotient
// round once each. Below −87 it is 0, where the truth is subnormal.
const curves = {
  tanh: (x: Tensor) => both('tanh', `[${x.data.slice(0, 20)}]`, x, tanh(x), ulps(3, tanh(x).data)),
  sigmoid: (x: Tensor) =>
    both('sigmoid', `[${x.data.slice(0, 20)}]`, x, sigmoid(x), ulps(4, sigmoid(x).data, 2 ** -125)),
}

for (const [name, curve] of Object.entries(curves)) {
  test(`${name}: lengths`, () => {
    for (const n of around) curve(row(floats(n, n)))
  })

  test(`${name}: what is not an ordinary number`, () => {
    curve(row(special))
    curve(row([87, -87, 88, -88, 89, -89, 103, -103, 104, -104, 1e10, -1e10, 9.01, -9.02, 9.03]))
  })

  test(`${name}: all magnitudes`, () => {
    const sizes = Array.from({ length: 2000 }, (_, i) => 2 ** (-149 + i * 0.08))
    curve(row(sizes))
    curve(row(sizes.map(v => -v)))
  })

  test(`${name}: densely where it bends`, () => {
    curve(row(Array.from({ length: 20_001 }, (_, i) => (i - 10_000) / 1000)))
    curve(row(floats(20_000, 5).map(v => v * 90)))
  })

  test(`${name}: any number`, () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { minLength: 1, maxLength: 40 }), values => curve(row(values))),
      { seed: 2, numRuns: 200 },
    )
  })
}

/** Steps in floats of a contiguous operand of up to 4 dimensions, 0 where it is stretched. */
const steps = (shape: readonly number[]): number[] => shape.map((d, i) => (d === 1 ? 0 : size(shape.slice(i + 1))))

const four = (shape: readonly number[]) => [...Array<number>(4 - shape.length).fill(1), ...shape]

const sum = (a: Tensor, b: Tensor, lo = -inf, hi = inf) => {
  const y = clamp(add(a, b), lo, hi)
  const constants = [...four(y.shape), ...steps(four(a.shape)), ...steps(four(b.shape)), lo, hi]
  const label = `${a.shape} + ${b.shape} in ${lo} to ${hi}`
  check('add', label, writes(y.data), reads(a.data), reads(b.data), ...constants)
  // In place where an operand has the result's shape.
  const [over, under] = [updates(a.data, y.data), updates(b.data, y.data)]
  if (size(a.shape) === size(y.shape)) check('add', `${label}, over a`, over, over, reads(b.data), ...constants)
  if (size(b.shape) === size(y.shape)) check('add', `${label}, over b`, under, reads(a.data), under, ...constants)
}

const filled = (shape: readonly number[], seed: number): Tensor => ({ shape, data: floats(size(shape), seed) })

test('add: lengths', () => {
  for (const n of around) sum(filled([n], n), filled([n], n + 1))
})

test('add: broadcasting', () => {
  for (const n of around) {
    for (const b of [[1], [n], [5, 1], [1, n], [3, 1, n], [3, 5, 1], [2, 1, 1, n], [2, 3, 5, 1], [1, 3, 1, 1]]) {
      sum(filled([2, 3, 5, n], n), filled(b, 1))
      sum(filled(b, 1), filled([2, 3, 5, n], n))
    }
    sum(filled([2, 1, 5, 1], n), filled([3, 1, n], n))
  }
})

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

test('add: limits, and what is not an ordinary number', () => {
  sum(filled([3, 7], 1), filled([3, 7], 2), 0)
  sum(filled([3, 7], 1), filled([7], 2), -0.25, 0.5)
  for (const v of special) sum(row(special), row([v]), 0, inf)
  for (const v of special) sum(row(special), row(special.map(() => v)))
})

test.run()
