import { suite } from 'uvu'
import { gamma, TINY, U } from '../bounds.js'
import { check, NONE, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import * as ref from '../ref/grad/loss.js'
import { map, size, type Tensor } from '../ref/tensor.js'
import { confirm } from './differences.js'

const test = suite('gradients: losses')

const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const classes = [1, 2, 3, 4, 5, 7, 8, 9, 10, 17, 1000]
const filled = (shape: readonly number[], seed = 1, times = 1): Tensor => ({
  shape,
  data: floats(size(shape), seed).map(v => Math.fround(v * times)),
})

/** Labels of n images: every class in turn. */
const turns = (n: number, c: number): number[] => Array.from({ length: n }, (_, i) => (i * 7 + 1) % c)
const weighted = (c: number): number[] => [...floats(c, 11).map(v => Math.fround(Math.abs(v) + 0.25))]

const entropy = (label: string, logits: Tensor, given: ref.Entropy, scale = 1) => {
  const [n, c] = logits.shape as readonly [number, number]
  const { labels, weights, smoothing = 0 } = given
  const loss = ref.crossEntropy(logits, given).data
  // Differences of logits are exact in double precision; their exponentials are good to 2 units.
  const most = Math.max(...(weights ?? [1]))
  const near = (i: number) => 3 * U * most + U * Math.abs(loss[i]!)
  const rest = [reads(labels), weights === undefined ? NONE : reads(weights), n, c, smoothing] as const
  check('cross_entropy', label, writes(loss, near), reads(logits.data), ...rest)

  const d = ref.crossEntropyGrad(logits, given, scale)
  const count = ref.entropyCount(c, given)
  const all = weights?.reduce((a, b) => a + b, 0) ?? c
  // A probability of at most 1, times Σw·ε/c + (1 − ε)·w, less what is subtracted: five roundings of the largest term.
  const term = (Math.abs(scale) / (count || 1)) * (most + (smoothing / c) * all)
  const within = (i: number) =>
    gamma(7) * (term * Math.min(1, Math.abs(d.data[i]! / term) + U) + term * U) + 6 * U * term
  check('cross_entropy_grad', label, writes(d.data, within), reads(logits.data), ...rest, scale)
  const place = updates(logits.data, d.data, within)
  check('cross_entropy_grad', `${label}, in place`, place, place, ...rest, scale)
}

test('cross_entropy: classes, weights, smoothing', () => {
  for (const c of classes)
    for (const n of [1, 3])
      for (const smoothing of [0, 0.1])
        for (const weights of [undefined, weighted(c)]) {
          const given = { labels: turns(n, c), smoothing, ...(weights && { weights }) }
          entropy(`${n}×${c}, smoothing ${smoothing}, ${weights && 'weights'}`, filled([n, c], c, 5), given, 0.3)
        }
})

test('cross_entropy: sure, wrong, and out of range', () => {
  for (const times of [30, 80, 1000])
    for (const c of [3, 10]) entropy(`×${times}`, filled([5, c], 3, times), { labels: turns(5, c) })
  const labels = [1, -100, 5, 4, nan, 3, inf]
  for (const smoothing of [0, 0.2]) {
    entropy('labels to ignore', filled([7, 5], 2, 3), { labels, smoothing })
    entropy('labels to ignore, weights', filled([7, 5], 2, 3), { labels, smoothing, weights: weighted(5) })
  }
  entropy('nothing but labels to ignore', filled([2, 5]), { labels: [-1, 5] })
  entropy('weights of 0', filled([2, 5]), { labels: [2, 2], weights: [1, 1, 0, 1, 1] })
  const far = filled([2, 5])
  far.data.set([-inf, -inf], 0)
  entropy('impossible classes', far, { labels: [3, 3] })
  far.data.set([nan], 2)
  const [loss, d] = [ref.crossEntropy(far, { labels: [3, 3] }), new Float64Array(10).fill(nan)]
  d.set(ref.crossEntropyGrad(far, { labels: [3, 3] }, 1).data.slice(5), 5)
  const rest = [reads([3, 3]), NONE, 2, 5, 0] as const
  check(
    'cross_entropy',
    'NaN',
    writes([nan, loss.data[1]!], () => 4 * U),
    reads(far.data),
    ...rest,
  )
  check(
    'cross_entropy_grad',
    'NaN',
    writes(d, () => 4 * U),
    reads(far.data),
    ...rest,
    1,
  )
})

test('mse', () => {
  for (const c of classes)
    for (const n of [1, 3]) {
      const [y, target] = [filled([n, c], 1), filled([n, c], 2)]
      const loss = ref.mse(y, target).data
      const label = `${n}×${c}`
      check(
        'mse',
        label,
        writes(loss, i => U * loss[i]!),
        reads(y.data),
        reads(target.data),
        n,
        c,
      )
      const d = ref.mseGrad(y, target, 0.7).data
      const within = (i: number) => gamma(3) * Math.abs(d[i]!) + TINY
      check('mse_grad', label, writes(d, within), reads(y.data), reads(target.data), n, c, 0.7)
      const place = updates(y.data, d, within)
      check('mse_grad', `${label}, in place`, place, place, reads(target.data), n, c, 0.7)
    }
})

test('the twins, by differences', () => {
  for (const smoothing of [0, 0.1])
    for (const weights of [undefined, weighted(6)]) {
      const given = { labels: [1, -1, 3, 5], smoothing, ...(weights && { weights }) }
      const x = filled([4, 6], 4, 3)
      const count = ref.entropyCount(6, given)
      const mean = (x: Tensor) => map(ref.crossEntropy(x, given), v => v / count)
      const ones = { shape: [4], data: new Float64Array(4).fill(0.3) }
      confirm(`smoothing ${smoothing}`, ref.crossEntropyGrad(x, given, 0.3), mean, x, ones)
    }
  const [y, target] = [filled([3, 5], 1), filled([3, 5], 2)]
  const thirds = { shape: [3], data: new Float64Array(3).fill(0.7 / 3) }
  confirm('mse', ref.mseGrad(y, target, 0.7), y => ref.mse(y, target), y, thirds)
})

test.run()
