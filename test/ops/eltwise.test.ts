import fc from 'fast-check'
import { suite } from 'uvu'
import { gamma, TINY, U, ulps } from '../bounds.js'
import { check, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import * as ref from '../ref/eltwise.js'
import { clamp, sigmoid, tanh } from '../ref/eltwise.js'
import { map, type Tensor } from '../ref/tensor.js'

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

/** Kernels that are a formula of one number: their twin, how far they may be from it, their constants. */
type Formula = readonly [
  twin: (x: Tensor) => Tensor,
  within: ((x: Float64Array, y: Float64Array) => (i: number) => number) | undefined,
  ...constants: number[],
]

const alpha = Math.fround(0.3)
const beta = Math.fround(0.45)
const near =
  (count: number, least = 0) =>
  (_x: Float64Array, y: Float64Array) =>
    ulps(count, y, least)

const formulas: Readonly<Record<string, Formula>> = {
  abs: [ref.abs, undefined],
  neg: [ref.neg, undefined],
  sqrt: [ref.sqrt, near(0.5)],
  exp: [ref.exp, near(5, TINY)],
  elu: [x => ref.elu(x, alpha), near(5), alpha],
  leaky_relu: [x => ref.leakyRelu(x, alpha), near(0.5, TINY / 2), alpha],
  hard_sigmoid: [
    x => ref.hardSigmoid(x, alpha, beta),
    (x, y) => i => (y[i]! % 1 === 0 ? 2 * U : gamma(2) * (Math.abs(alpha * x[i]!) + beta)),
    alpha,
    beta,
  ],
  hard_swish: [ref.hardSwish, near(5, TINY)],
  softplus: [ref.softplus, near(4, 2 ** -125)],
  reciprocal: [ref.reciprocal, near(0.5, TINY / 2)],
  floor: [ref.floor, undefined],
  ceil: [ref.ceil, undefined],
  round: [ref.round, undefined],
  sign: [ref.sign, undefined],
  erf: [ref.erfs, near(4, TINY)],
  // erf near −1 has an error of one rounding of 1.
  gelu: [ref.gelu, (x, y) => i => Math.min(Math.abs(x[i]!), 14) * 1.2e-7 + ulps(2, y, TINY)(i)],
  // An error of the exponent is one of the result, relative.
  gelu_tanh: [
    ref.geluTanh,
    (x, y) => i => {
      const v = Math.max(x[i]!, -14)
      const exponent = v < 0 ? 1.6 * (-v - 0.045 * v ** 3) : 0
      return Math.abs(y[i]!) * (16 + 8 * exponent) * U + 2 ** -121
    },
  ],
}

for (const [kernel, [twin, within, ...constants]] of Object.entries(formulas)) {
  const run = (values: ArrayLike<number>) => {
    const x = row(values)
    // What overflows in single precision, must.
    const y = map(twin(x), v => (Number.isFinite(Math.fround(v)) ? v : Math.fround(v)))
    both(kernel, `[${x.data.slice(0, 20)}]`, x, y, within?.(x.data, y.data), ...constants)
  }

  test(`${kernel}: lengths`, () => {
    for (const n of around) run(floats(n, n).map(v => v * 3))
  })

  test(`${kernel}: what is not an ordinary number`, () => {
    run(special)
    run([87, -87, 88, -88, 89, -89, 103, -103, 104, -104, 110, -110, 1e10, -1e10, 3, -3, 14, -14, 88.7, 88.8])
  })

  test(`${kernel}: all magnitudes`, () => {
    const sizes = Array.from({ length: 2000 }, (_, i) => 2 ** (-149 + i * 0.08))
    run(sizes)
    run(sizes.map(v => -v))
  })

  test(`${kernel}: densely where it bends`, () => {
    run(Array.from({ length: 20_001 }, (_, i) => (i - 10_000) / 1000))
    run(floats(20_000, 5).map(v => v * 90))
  })
}

test.run()
