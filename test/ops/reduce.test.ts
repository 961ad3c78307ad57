import { suite } from 'uvu'
import { gamma, TINY } from '../bounds.js'
import { check, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { place, reduce, reductionBounds, reductions } from '../ref/reduce.js'
import type { Tensor } from '../ref/tensor.js'

const test = suite('kernels: reductions')

const around = [1, 2, 3, 4, 5, 7, 8, 9, 17]

type Dims = readonly [outer: number, n: number, inner: number]

const along = (values: Float64Array, shape: Dims, f: (values: readonly number[]) => number): Float64Array => {
  const x: Tensor = { shape, data: values }
  return reduce(x, [1], false, f).data
}

const kernels = {
  reduce_mean: 'ReduceMean',
  reduce_sum: 'ReduceSum',
  reduce_max: 'ReduceMax',
  reduce_min: 'ReduceMin',
  reduce_prod: 'ReduceProd',
  reduce_magnitudes: 'ReduceL1',
  reduce_squares: 'ReduceSumSquare',
} as const

/** Means of squares are sums of them by a number that is not exact. */
const meanSquares = (values: Float64Array, shape: Dims) => {
  const y = along(values, shape, values => reductions.ReduceSumSquare(values) / values.length)
  check(
    'reduce_mean_squares',
    shape.join('×'),
    writes(y, i => gamma(shape[1] + 8) * y[i]! + shape[1] * TINY),
    reads(values),
    ...shape,
  )
}

const reduced = (kernel: keyof typeof kernels, values: Float64Array, shape: Dims) => {
  const op = kernels[kernel]
  const y = along(values, shape, reductions[op])
  const bounds = along(values, shape, values =>
    reductionBounds[op](
      values,
      values.map(() => 0),
      reductions[op](values),
    ),
  )
  const within = (i: number) => bounds[i]! + shape[1] * TINY
  check(kernel, shape.join('×'), writes(y, within), reads(values), ...shape)
}

const places = { arg_max: [1, false], arg_max_last: [1, true], arg_min: [-1, false], arg_min_last: [-1, true] } as const

const placed = (kernel: keyof typeof places, values: Float64Array, shape: Dims) => {
  const [sign, last] = places[kernel]
  const y = along(values, shape, values => place(values, sign, last))
  check(kernel, `${shape.join('×')} [${values.slice(0, 20)}]`, writes(y), reads(values), ...shape)
}

const both = (run: (check: (values: Float64Array, shape: Dims) => void) => void) => {
  for (const kernel of Object.keys(kernels)) run((values, shape) => reduced(kernel as 'reduce_sum', values, shape))
  run(meanSquares)
  for (const kernel of Object.keys(places)) run((values, shape) => placed(kernel as 'arg_max', values, shape))
}

test('lengths', () => {
  both(run => {
    for (const n of [...around, 49]) {
      for (const outer of around) run(floats(outer * n, n), [outer, n, 1])
      for (const inner of around) run(floats(2 * n * inner, n), [2, n, inner])
    }
    run(floats(1000, 1), [1, 1000, 1])
  })
})

test('equals, of which the first or the last counts', () => {
  both(run => {
    for (const inner of [1, 3, 4]) {
      const few = floats(2 * 9 * inner, inner).map(v => Math.round(v * 2))
      run(few, [2, 9, inner])
    }
  })
})

test('what is not an ordinary number', () => {
  both(run => {
    for (const v of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0])
      for (const inner of [1, 3, 5])
        for (const every of [100, 3, 1]) {
          const values = floats(2 * 7 * inner, 1)
          for (let i = 4; i < values.length; i += every) values[i] = v
          run(values, [2, 7, inner])
        }
  })
})

test.run()
