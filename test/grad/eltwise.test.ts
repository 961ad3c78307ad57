import { suite } from 'uvu'
import { gamma, TINY, U } from '../bounds.js'
import { check, reads, updates, type Within, writes } from '../check.js'
import { floats } from '../random.js'
import * as forward from '../ref/eltwise.js'
import * as ref from '../ref/grad/eltwise.js'
import { map, type Tensor } from '../ref/tensor.js'
import { confirm } from './differences.js'

const test = suite('gradients: element by element')

const around = [1, 2, 3, 4, 5, 7, 8, 9, 13, 17]
const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const special = [
  nan,
  inf,
  -inf,
  0,
  -0,
  2 ** -140,
  -(2 ** -140),
  2 ** -149,
  3.4028234663852886e38,
  -3.4028234663852886e38,
]
const edges = [
  0, -0, 1, -1, 3, -3, 6, -6, 0.25, -0.25, 14, -14, 15, -15, 30, -30, 87, -87, 88, -88, 104, -104, 1e10, -1e10,
]

const row = (data: ArrayLike<number>): Tensor => ({ shape: [data.length], data: Float64Array.from(data, Math.fround) })

/**
 * A kernel: its twin, the forward twin, whether y is saved or x, how far dx may be from the twin's for a dy and the saved
 * value, and its constants.
 */
type Gradient = readonly [
  twin: (dy: Tensor, s: Tensor) => Tensor,
  f: (x: Tensor) => Tensor,
  saved: 'x' | 'y',
  within: ((dx: number, dy: number, s: number) => number) | undefined,
  ...constants: number[],
]

const alpha = Math.fround(0.3)
const beta = Math.fround(0.45)
/** So many roundings, relative. */
const roundings =
  (count: number, least = TINY) =>
  (dx: number) =>
    gamma(count) * Math.abs(dx) + least
/** Roundings of a sum whose terms are as large as dy. */
const ofDy = (count: number) => (_: number, dy: number) => gamma(count) * Math.abs(dy) + TINY

const gradients: Readonly<Record<string, Gradient>> = {
  clamp_grad: [(dy, y) => ref.clampGrad(dy, y, 0, inf), x => forward.clamp(x, 0, inf), 'y', undefined, 0, inf],
  tanh_grad: [ref.tanhGrad, forward.tanh, 'y', roundings(4)],
  sigmoid_grad: [ref.sigmoidGrad, forward.sigmoid, 'y', roundings(3, 3 * TINY)],
  exp_grad: [ref.expGrad, forward.exp, 'y', roundings(1)],
  sqrt_grad: [ref.sqrtGrad, forward.sqrt, 'y', roundings(1)],
  leaky_relu_grad: [
    (dy, s) => ref.leakyReluGrad(dy, s, alpha),
    x => forward.leakyRelu(x, alpha),
    'y',
    roundings(1),
    alpha,
  ],
  elu_grad: [(dy, y) => ref.eluGrad(dy, y, alpha), x => forward.elu(x, alpha), 'y', roundings(2), alpha],
  // e^−|x| is good to 1.5 units; below −87 it is 0, where the truth is subnormal.
  softplus_grad: [
    ref.softplusGrad,
    forward.softplus,
    'x',
    (dx, dy) => gamma(10) * Math.abs(dx) + 2 ** -125 * Math.abs(dy) + TINY,
  ],
  hard_swish_grad: [ref.hardSwishGrad, forward.hardSwish, 'x', (_, dy) => gamma(4) * 1.5 * Math.abs(dy) + 2 * TINY],
  hard_sigmoid_grad: [
    (dy, y) => ref.hardSigmoidGrad(dy, y, alpha),
    x => forward.hardSigmoid(x, alpha, beta),
    'y',
    roundings(1),
    alpha,
  ],
  // Abramowitz and Stegun's 1.5e-7 of erfc, halved, and the roundings of a few terms of at most 1.
  gelu_grad: [ref.geluGrad, forward.gelu, 'x', (_, dy) => (0.75e-7 + 4 * U) * 1.2 * Math.abs(dy) + 2 * TINY],
  // An error of the exponent is one of the result, relative to σ: largest where x·u'·σ is, near 1.
  gelu_tanh_grad: [ref.geluTanhGrad, forward.geluTanh, 'x', ofDy(24)],
  abs_grad: [ref.absGrad, forward.abs, 'x', undefined],
}

for (const [kernel, [twin, f, saved, within, ...constants]] of Object.entries(gradients)) {
  const run = (values: ArrayLike<number>, dys: ArrayLike<number> = floats(values.length, 9)) => {
    const [x, dy] = [row(values), row(dys)]
    const s = saved === 'x' ? x : map(f(x), Math.fround)
    // What overflows in single precision, must; a zero of either sign is 0.
    const dx = map(twin(dy, s), v => (Number.isFinite(Math.fround(v)) ? v : Math.fround(v)))
    const bound: Within = i => within?.(dx.data[i]!, dy.data[i]!, s.data[i]!) ?? 0
    const label = `s [${s.data.slice(0, 20)}]`
    const n = values.length
    check(kernel, label, writes(dx.data, bound), reads(dy.data), reads(s.data), n, ...constants)
    const place = updates(dy.data, dx.data, bound)
    check(kernel, `${label}, in place`, place, place, reads(s.data), n, ...constants)
  }

  test(`${kernel}: the twin, by differences`, () => {
    const x = map(row(floats(200, 3)), v => (kernel === 'sqrt_grad' ? v * v + 0.1 : v * 4))
    const dy = row(floats(200, 4))
    confirm(kernel, twin(dy, saved === 'x' ? x : f(x)), f, x, dy)
  })

  test(`${kernel}: lengths`, () => {
    for (const n of around) run(floats(n, n).map(v => v * 4))
  })

  test(`${kernel}: kinks, and what is not an ordinary number`, () => {
    run(special, new Float64Array(special.length).fill(0.75))
    run(edges, new Float64Array(edges.length).fill(-0.75))
  })

  test(`${kernel}: all magnitudes`, () => {
    const sizes = Array.from({ length: 500 }, (_, i) => 2 ** (-149 + i * 0.32))
    run(sizes)
    run(sizes.map(v => -v))
  })

  test(`${kernel}: densely where it bends`, () => {
    run(Array.from({ length: 4001 }, (_, i) => (i - 2000) / 200))
    run(floats(4000, 5).map(v => v * 90))
  })
}

test('clamp_grad: limits on both sides', () => {
  const y = row([nan, -1, -0.5, -0.4, 0, 0.2, 0.25, 1, 6])
  const dy = row(floats(9, 1))
  for (const [lo, hi] of [
    [-0.5, 0.25],
    [-inf, 0.25],
    [-inf, inf],
    [0, 6],
  ] as const)
    check(
      'clamp_grad',
      `${lo} to ${hi}`,
      writes(ref.clampGrad(dy, y, lo, hi).data),
      reads(dy.data),
      reads(y.data),
      9,
      lo,
      hi,
    )
})

test('leaky_relu_grad: x saved, slopes of any sign', () => {
  for (const slope of [0, alpha, -0.5, 2]) {
    const [x, dy] = [row([0, -0, ...floats(11, 7)]), row(floats(13, 8))]
    const dx = ref.leakyReluGrad(dy, x, slope)
    const within = (i: number) => gamma(1) * Math.abs(dx.data[i]!)
    check('leaky_relu_grad', `slope ${slope}`, writes(dx.data, within), reads(dy.data), reads(x.data), 13, slope)
  }
})

test.run()
