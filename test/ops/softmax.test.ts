import fc from 'fast-check'
import { suite } from 'uvu'
import { U, ulp } from '../bounds.js'
import { check, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import { logSoftmax, softmax } from '../ref/softmax.js'

const test = suite('kernels: softmax')

/**
 * A distance d from the largest number is rounded by |d|·u, which is the relative error of e^d, the same again in the
 * sum; e^d itself is good to 3 units, the sum rounds n times. Beyond d = −87 the kernel gives 0.
 */
const softened = (values: ArrayLike<number>, shape: readonly [outer: number, n: number, inner: number]) => {
  const x = Float64Array.from(values, Math.fround)
  const y = softmax({ shape, data: x }, 1).data
  const within = (i: number) => (y[i] === 0 ? 0 : y[i]! * (2 * 88 + shape[1] + 16) * U + 2 ** -125)
  const label = `${shape.join('×')} [${x.slice(0, 20)}]`
  check('softmax', label, writes(y, within), reads(x), ...shape)
  const place = updates(x, y, within)
  check('softmax', `${label}, in place`, place, place, ...shape)
  // The sum's relative error is the logarithm's error.
  const log = logSoftmax({ shape, data: x }, 1).data.map(v => (v < -3.4028234e38 ? Math.fround(v) : v))
  const off = (i: number) => (2 * 88 + shape[1] + 16) * U + ulp(log[i]!)
  const over = updates(x, log, off)
  check('log_softmax', label, writes(log, off), reads(x), ...shape)
  check('log_softmax', `${label}, in place`, over, over, ...shape)
}

const around = [1, 2, 3, 4, 5, 7, 8, 9, 17]

test('rows', () => {
  for (const n of [...around, 10, 1000])
    for (const outer of [1, 3])
      softened(
        floats(outer * n, n).map(v => v * 5),
        [outer, n, 1],
      )
})

test('columns', () => {
  for (const n of around)
    for (const inner of around)
      softened(
        floats(2 * n * inner, n).map(v => v * 5),
        [2, n, inner],
      )
})

test('close numbers are told apart', () => {
  // With differences below 1 the bound is that of their own distances.
  for (const n of [2, 5, 10]) {
    const x = floats(n, n).map(v => Math.fround(v / 2))
    const y = softmax({ shape: [1, n, 1], data: x }, 1).data
    check(
      'softmax',
      `n ${n}`,
      writes(y, i => y[i]! * (2 + n + 16) * U),
      reads(x),
      1,
      n,
      1,
    )
  }
})

test('huge numbers, minus infinity, NaN', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number
  const rows = [
    [1e38, -1e38, 3e38, 0, 1],
    [-1e38, -1e38, -1e38, -1e38, -1e38],
    [3e38, 3e38, 3e38, 3e38, -3e38],
    [-inf, 0, 1, 2, -inf],
    [-inf, -inf, -inf, -inf, 5],
    [5, -inf, -inf, -inf, -inf],
    [-inf, -inf, -inf, -inf, -inf],
    [1, nan, 2, 3, 4],
    [nan, -inf, 2, 3, 4],
    [1, 2, 3, 4, nan],
    [inf, 0, 1, 2, 3],
    [0, 100, -100, 87, -87],
    [0, -86.9, -87.1, -88, -104],
    [-0, 0, -0, 0, -0],
  ]
  for (const row of rows) {
    softened(row, [1, 5, 1])
    softened(
      row.flatMap(v => [v, v, 0]),
      [1, 5, 3],
    )
    softened(
      row.flatMap(v => [0.5, 0, v, 0.25, v]),
      [1, 5, 5],
    )
  }
})

test('any numbers', () => {
  const cases = fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(shape => {
      const count = shape[0] * shape[1] * shape[2]
      return fc.tuple(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: count, maxLength: count }),
        fc.constant(shape),
      )
    })
  fc.assert(
    fc.property(cases, args => softened(...args)),
    { seed: 5, numRuns: 150 },
  )
})

test.run()
