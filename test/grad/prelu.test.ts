import { suite } from 'uvu'
import { gamma, TINY, U } from '../bounds.js'
import { check, NONE, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import { prelu } from '../ref/eltwise.js'
import { preluGrad } from '../ref/grad/prelu.js'
import { abs, map, size, type Tensor } from '../ref/tensor.js'
import { confirm } from './differences.js'

const test = suite('gradients: prelu')

const filled = (shape: readonly number[], seed = 1): Tensor => ({ shape, data: floats(size(shape), seed) })

const leaning = (x: Tensor) => {
  const [pixels, c] = x.shape as readonly [number, number]
  const [dy, slope, into] = [filled(x.shape, 2), filled([c], 3), filled([c], 4)]
  const { dx, dslope } = preluGrad(dy, x, slope)
  const sizes = preluGrad(abs(dy), x, slope).dslope
  const within = (i: number) => U * Math.abs(dx.data[i]!) + TINY
  const near = (i: number) =>
    gamma(Math.min(pixels, 300) + 3) * (Math.abs(sizes.data[i]!) + Math.abs(into.data[i]!)) + TINY
  const sums = updates(into.data, map(dslope, (v, i) => v + into.data[i]!).data, near)
  const label = `${pixels}×${c}`
  const rest = [reads(x.data), reads(slope.data), pixels, c]
  check('prelu_grad', label, writes(dx.data, within), sums, reads(dy.data), ...rest)
  check('prelu_grad', `${label}, frozen`, writes(dx.data, within), NONE, reads(dy.data), ...rest)
  const place = updates(dy.data, dx.data, within)
  check('prelu_grad', `${label}, in place`, place, sums, place, ...rest)
}

test('channels and pixels', () => {
  for (const c of [1, 2, 3, 4, 5, 7, 8, 9, 13, 17])
    for (const pixels of [1, 2, 3, 4, 5, 13]) leaning(filled([pixels, c], c))
  for (const c of [2, 4, 9]) for (const pixels of [255, 257, 600]) leaning(filled([pixels, c], c))
  leaning(filled([9, 2100]))
})

test('one slope for all', () => {
  for (const n of [1023, 1024, 1025, 1027, 1028, 2048, 5000]) leaning(filled([n, 1], n))
})

test('zeros', () => {
  leaning({ shape: [4, 2], data: Float64Array.of(0, -0, 1, -1, 0, 0, -0, 2 ** -149) })
})

test('the twin, by differences', () => {
  const [x, dy, slope] = [filled([5, 3], 1), filled([5, 3], 2), filled([3], 3)]
  const { dx, dslope } = preluGrad(dy, x, slope)
  confirm('x', dx, x => prelu(x, slope), x, dy)
  confirm('slope', dslope, slope => prelu(x, slope), slope, dy)
})

test.run()
