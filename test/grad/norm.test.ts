import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gamma, TINY, U } from '../bounds.js'
import { check, NONE, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import { clamp } from '../ref/eltwise.js'
import * as ref from '../ref/grad/norm.js'
import { abs, map, size, type Tensor } from '../ref/tensor.js'
import { confirm } from './differences.js'

const test = suite('gradients: batch normalisation')

const { POSITIVE_INFINITY: inf } = Number
const channels = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 37]
const epsilon = Math.fround(1e-5)
const momentum = Math.fround(0.1)

const single = (x: Tensor): Tensor => map(x, Math.fround)
const filled = (shape: readonly number[], seed = 1): Tensor => ({ shape, data: floats(size(shape), seed) })

/** A map whose channels have means and sizes of their own. */
const uneven = (pixels: number, c: number, mean = 1): Tensor =>
  single(map(filled([pixels, c], c + pixels), (v, i) => v * (1 + (i % c) / 4) + mean * ((i % c) - 1.5)))

const both = (mean: Tensor, invstd: Tensor) => reads([...mean.data, ...invstd.data])

const statistics = (label: string, x: Tensor, fraction = momentum) => {
  const [pixels, c] = x.shape as readonly [number, number]
  const { mean, variance, invstd } = ref.batchStats(x, epsilon)
  // A millionth, of the deviation for the mean and of itself for 1/deviation.
  const within = (i: number) =>
    i < c ? U * Math.abs(mean.data[i]!) + 1e-6 * Math.sqrt(variance.data[i]!) + TINY : 1e-6 * invstd.data[i - c]!
  const stats = writes([...mean.data, ...invstd.data], within)
  const [m, v] = [filled([c], 2), abs(filled([c], 3))]
  const moved = [ref.running(m, mean, fraction), ref.running(v, variance, fraction, pixels)] as const
  const means = updates(
    m.data,
    moved[0].data,
    i => 4 * U * (Math.abs(m.data[i]!) + Math.abs(mean.data[i]!)) + within(i),
  )
  const variances = updates(v.data, moved[1].data, i => 4 * U * v.data[i]! + 3e-6 * variance.data[i]! * fraction)
  check('batch_stats', label, stats, means, variances, reads(x.data), pixels, c, epsilon, fraction)
  check('batch_stats', `${label}, not kept`, stats, NONE, NONE, reads(x.data), pixels, c, epsilon, fraction)
}

test('batch_stats: sizes', () => {
  for (const c of channels) for (const pixels of [1, 2, 3, 5, 13]) statistics(`${pixels}×${c}`, uneven(pixels, c))
  for (const c of [1, 3, 4, 16, 23])
    for (const pixels of [63, 64, 65, 300]) statistics(`${pixels}×${c}`, uneven(pixels, c))
  statistics('8000×21', uneven(8000, 21))
  for (const fraction of [0, 0.5, 1]) statistics(`momentum ${fraction}`, uneven(9, 9), fraction)
})

test('batch_stats: large means, outliers, constants', () => {
  for (const c of [3, 17]) {
    for (const mean of [100, 1e4, 1e6]) statistics(`mean ${mean}`, uneven(700, c, mean))
    // Of the first pixel, of one block, of the last pixel.
    for (const from of [0, 64, 699]) {
      const x = uneven(700, c)
      x.data.fill(1000, from * c, from * c + c)
      statistics(`outliers at ${from}`, x)
    }
    statistics(
      'one number',
      map(filled([200, c]), () => 0.25),
    )
    // Two halves whose means are far apart.
    statistics('a step', single(map(filled([640, c]), (v, i) => v + (i < 320 * c ? 0 : 1e4))))
  }
})

test('running_stats', () => {
  for (const c of channels) {
    const [mean, variance] = [filled([c], 2), abs(filled([c], 3))]
    const wanted = [...mean.data, ...variance.data.map(v => 1 / Math.sqrt(v + epsilon))]
    const stats = writes(wanted, i => (i < c ? 0 : 4 * U * wanted[i]!))
    check('running_stats', `${c} channels`, stats, reads(mean.data), reads(variance.data), c, epsilon)
  }
})

const trained = (x: Tensor, lo = -inf, hi = inf) => {
  const [pixels, c] = x.shape as readonly [number, number]
  const { mean, invstd } = ref.batchStats(x, epsilon)
  const [m, s] = [single(mean), single(invstd)]
  const [scale, shift] = [filled([c], 5), filled([c], 6)]
  const y = clamp(ref.batchNorm(x, m, s, scale, shift), lo, hi).data
  const sizes = ref.batchNorm(
    map(x, (v, i) => Math.abs(v - m.data[i % c]!)),
    map(m, () => 0),
    s,
    abs(scale),
    abs(shift),
  )
  const within = (i: number) => gamma(5) * sizes.data[i]! + TINY
  const label = `${x.shape} in ${lo} to ${hi}`
  const rest = [both(m, s), reads(scale.data), reads(shift.data), pixels, c, lo, hi]
  check('batch_norm', label, writes(y, within), reads(x.data), ...rest)
  const place = updates(x.data, y, within)
  check('batch_norm', `${label}, in place`, place, place, ...rest)
}

test('batch_norm', () => {
  for (const c of channels) for (const pixels of [1, 2, 3, 4, 5, 13]) trained(uneven(pixels, c))
  for (const c of [2, 4, 9]) for (const pixels of [64, 130]) trained(uneven(pixels, c), 0)
  trained(uneven(9, 1100), -0.5, 0.5)
  trained(uneven(300, 5, 1e4))
})

const backward = (x: Tensor, dy: Tensor) => {
  const [pixels, c] = x.shape as readonly [number, number]
  const label = `${x.shape}`
  const { mean, invstd } = ref.batchStats(x, epsilon)
  const stats = { mean: single(mean), invstd: single(invstd) }
  const sums = ref.batchNormSums(dy, x, stats.mean, stats.invstd)
  const hat = ref.normalised(x, stats.mean, stats.invstd)
  const sizes = ref.batchNormSums(
    abs(dy),
    abs(hat),
    map(mean, () => 0),
    map(mean, () => 1),
  )
  const bound = [...sizes.sum.data, ...sizes.dot.data].map(v => gamma(Math.min(pixels, 300) + 4) * v + TINY)
  const wanted = [...sums.sum.data, ...sums.dot.data]
  const into = [filled([c], 7), filled([c], 8)] as const
  const [dscale, dshift] = [sums.dot, sums.sum].map((s, k) => {
    const at = (i: number) => bound[k === 0 ? c + i : i]! + U * (Math.abs(into[k]!.data[i]!) + Math.abs(s.data[i]!))
    return updates(into[k]!.data, map(s, (v, i) => v + into[k]!.data[i]!).data, at)
  }) as [ReturnType<typeof updates>, ReturnType<typeof updates>]
  const rest = [reads(dy.data), reads(x.data), both(stats.mean, stats.invstd), pixels, c]
  const totals = writes(wanted, i => bound[i]!)
  check('batch_norm_sums', label, totals, dscale, dshift, ...rest)
  check('batch_norm_sums', `${label}, frozen parameters`, totals, NONE, NONE, ...rest)

  const given = { sum: single(sums.sum), dot: single(sums.dot) }
  const scale = filled([c], 9)
  const dx = ref.batchNormGrad(dy, x, stats, given, scale).data
  const within = (i: number) => {
    const k = i % c
    const parts = Math.abs(given.sum.data[k]!) + Math.abs(hat.data[i]! * given.dot.data[k]!)
    return gamma(9) * Math.abs(scale.data[k]! * stats.invstd.data[k]!) * (Math.abs(dy.data[i]!) + parts / pixels) + TINY
  }
  const last = [reads(scale.data), pixels, c]
  const all = [both(stats.mean, stats.invstd), reads([...given.sum.data, ...given.dot.data]), ...last]
  check('batch_norm_grad', label, writes(dx, within), reads(dy.data), reads(x.data), ...all)
  const place = updates(dy.data, dx, within)
  check('batch_norm_grad', `${label}, in place`, place, place, reads(x.data), ...all)

  const frozen = map(dy, (d, i) => d * scale.data[i % c]! * stats.invstd.data[i % c]!).data
  const near = (i: number) => gamma(3) * Math.abs(frozen[i]!) + TINY
  const fixed = [both(stats.mean, stats.invstd), NONE, ...last]
  check('batch_norm_grad', `${label}, frozen`, writes(frozen, near), reads(dy.data), NONE, ...fixed)
}

test('batch_norm_sums and batch_norm_grad', () => {
  for (const c of channels)
    for (const pixels of [1, 2, 3, 4, 5, 13]) backward(uneven(pixels, c), filled([pixels, c], 4))
  for (const c of [2, 4, 9, 33])
    for (const pixels of [64, 255, 530]) backward(uneven(pixels, c), filled([pixels, c], 4))
  backward(uneven(9, 1100), filled([9, 1100], 4))
  backward(uneven(300, 5, 1e4), filled([300, 5], 4))
})

test('the twins, by differences', () => {
  for (const pixels of [2, 7]) {
    const [x, dy] = [uneven(pixels, 3), filled([pixels, 3], 4)]
    const [scale, shift] = [filled([3], 5), filled([3], 6)]
    const norm = (x: Tensor, scale: Tensor, shift: Tensor) => {
      const { mean, invstd } = ref.batchStats(x, 0.01)
      return ref.batchNorm(x, mean, invstd, scale, shift)
    }
    const stats = ref.batchStats(x, 0.01)
    const sums = ref.batchNormSums(dy, x, stats.mean, stats.invstd)
    confirm('x', ref.batchNormGrad(dy, x, stats, sums, scale), x => norm(x, scale, shift), x, dy)
    confirm('scale', sums.dot, scale => norm(x, scale, shift), scale, dy)
    confirm('shift', sums.sum, shift => norm(x, scale, shift), shift, dy)
  }
  assert.is(ref.running(filled([1]), filled([1]), 0, 1).data[0], filled([1]).data[0])
})

test.run()
