import { suite } from 'uvu'
import { gamma, TINY, U } from '../bounds.js'
import { check, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import { clamp } from '../ref/eltwise.js'
import { batchNorm, batchNormSizes, lrn } from '../ref/norm.js'
import { size, type Tensor, tensor, toNhwc } from '../ref/tensor.js'

const test = suite('kernels: normalisation')

const around = [1, 2, 3, 4, 5, 7, 8, 9, 13, 17]
const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const filled = (shape: readonly number[], seed = 1): Tensor => ({ shape, data: floats(size(shape), seed) })

test('norm_factors', () => {
  for (const c of around)
    for (const epsilon of [Math.fround(1e-5), 0.125]) {
      const [scale, bias, mean] = [1, 2, 3].map(seed => floats(c, seed)) as [Float64Array, Float64Array, Float64Array]
      const variance = floats(c, 4).map(Math.abs)
      const s = scale.map((v, i) => v / Math.sqrt(variance[i]! + epsilon))
      const t = bias.map((v, i) => v - mean[i]! * s[i]!)
      check(
        'norm_factors',
        `${c} channels, epsilon ${epsilon}`,
        writes(s, i => 4 * U * Math.abs(s[i]!)),
        writes(t, i => 6 * U * (Math.abs(bias[i]!) + Math.abs(mean[i]! * s[i]!))),
        ...[scale, bias, mean, variance].map(v => reads(v)),
        c,
        epsilon,
      )
    }
})

/** y = x·s + t by the twin: a batch norm whose mean is 0 and whose variance is 1. */
const scaled = (x: Tensor, lo = -inf, hi = inf) => {
  const [outer, c, inner] = x.shape as readonly [number, number, number]
  const [s, t] = [filled([c], 5), filled([c], 6)]
  const none = { shape: [c], data: new Float64Array(c) }
  const unit = { shape: [c], data: new Float64Array(c).fill(1) }
  const y = clamp(batchNorm(x, [s, t, none, unit], 0), lo, hi).data
  const sizes = batchNormSizes(x, [s, t, none, unit], 0).data
  const within = (i: number) => gamma(2) * sizes[i]! + TINY
  const label = `${x.shape} in ${lo} to ${hi}`
  const dims = [outer, c, inner, lo, hi]
  check('affine', label, writes(y, within), reads(x.data), reads(s.data), reads(t.data), ...dims)
  const place = updates(x.data, y, within)
  check('affine', `${label}, in place`, place, place, reads(s.data), reads(t.data), ...dims)
}

test('affine', () => {
  for (const c of around) {
    for (const outer of [1, 3]) scaled(filled([outer, c, 1], c))
    for (const inner of around) scaled(filled([2, c, inner], inner))
    scaled(filled([3, c, 1], c), 0)
    scaled(filled([2, c, 5], c), -0.25, 0.5)
  }
  const x = filled([2, 5, 1])
  x.data.set([nan, inf, -inf, -0, 2 ** -149])
  scaled(x)
})

const responses = (x: Tensor, length: number, alpha: number, beta: number, bias: number) => {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number]
  const [a, b, k] = [alpha, beta, bias].map(Math.fround) as [number, number, number]
  const y = toNhwc(lrn(x, length, a, b, k)).data
  // Sums of positive numbers: relative errors, taken to the power of β.
  const relative = (length + 6) * U * (1 + Math.abs(b)) + 4 * U
  const within = (i: number) => relative * Math.abs(y[i]!) + TINY
  const label = `${x.shape}, size ${length}, alpha ${a}, beta ${b}, bias ${k}`
  check('lrn', label, writes(y, within), reads(toNhwc(x).data), n * h * w, c, length, a, b, k)
}

test('lrn: channels and sizes', () => {
  for (const c of around)
    for (const length of [1, 2, 3, 4, 5, 7, 20]) responses(filled([2, c, 2, 3], c), length, 0.5, 0.75, 1)
})

test('lrn: alpha, beta, bias', () => {
  for (const alpha of [1e-4, 2, 0])
    for (const beta of [0.75, 0.5, 1, 0.3, 0, 2.5])
      for (const bias of [1, 2, 0.1]) responses(filled([1, 9, 2, 2], 7), 5, alpha, beta, bias)
})

test('lrn: what is not an ordinary number', () => {
  for (const [channel, v] of [nan, inf, -inf, 0, -0, 1e18, 2 ** -149].entries()) {
    const x = tensor([1, 9, 1, 1], ([, c]) => Math.fround(c === channel ? v : 0.5))
    for (const beta of [0.75, 0.6]) responses(x, 3, 1e-4, beta, 1)
  }
})

test.run()
