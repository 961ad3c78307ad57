import { suite } from 'uvu'
import { gamma, TINY } from '../bounds.js'
import { check, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { mean } from '../ref/reduce.js'
import { abs, type Tensor } from '../ref/tensor.js'

const test = suite('kernels: reductions')

const around = [1, 2, 3, 4, 5, 7, 8, 9, 17]

const reduced = (values: Float64Array, shape: readonly [outer: number, n: number, inner: number]) => {
  const x: Tensor = { shape, data: values }
  const sizes = mean(abs(x), [1]).data
  const within = (i: number) => gamma(shape[1] + 2) * sizes[i]! + TINY
  check('reduce_mean', shape.join('×'), writes(mean(x, [1]).data, within), reads(values), ...shape)
}

test('reduce_mean', () => {
  for (const n of [...around, 49, 1000]) {
    for (const outer of [1, 3]) reduced(floats(outer * n, n), [outer, n, 1])
    for (const inner of around) reduced(floats(2 * n * inner, n), [2, n, inner])
  }
})

test('reduce_mean: what is not an ordinary number', () => {
  for (const v of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0])
    for (const inner of [1, 3, 5]) {
      const values = floats(2 * 7 * inner, 1)
      values[4] = v
      reduced(values, [2, 7, inner])
    }
})

test.run()
