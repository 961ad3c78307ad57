import fc from 'fast-check'
import { suite } from 'uvu'
import { at, check, KEEP, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { pad, permute, slice, transpose } from '../ref/layout.js'
import { size, type Tensor } from '../ref/tensor.js'

const test = suite('kernels: layout')

const around = [1, 3, 4, 5, 7, 8, 9, 13]
const filled = (shape: readonly number[], seed: number): Tensor => ({ shape, data: floats(size(shape), seed) })

test('transpose: around the tile', () => {
  for (const n of [1, 3])
    for (const rows of around)
      for (const cols of around) {
        const x = filled([n, rows, cols], rows * 100 + cols)
        check('transpose', `${n}×${rows}×${cols}`, writes(transpose(x).data), reads(x.data), n, rows, cols)
      }
})

test('transpose: numbers are moved, not computed with', () => {
  const x = { shape: [1, 5, 3], data: filled([15], 1).data }
  x.data.set([Number.NaN, -0, 2 ** -149, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 4)
  check('transpose', 'special numbers', writes(transpose(x).data), reads(x.data), 1, 5, 3)
})

const padded = (shape: readonly number[], pads: readonly number[], value = 0) => {
  const x = filled(shape, size(shape))
  const y = pad(x, pads, value)
  check(
    'pad',
    `${shape} by ${pads} with ${value}`,
    writes(y.data),
    reads(x.data),
    ...[...shape, ...y.shape, ...pads.slice(0, 4)],
    value,
  )
}

test('pad: the innermost dimension', () => {
  for (const n of around)
    for (const before of [-2, -1, 0, 1, 2, 4, 5])
      for (const after of [-2, 0, 1, 3, 4]) {
        if (n + before + after > 0) padded([1, 2, 2, n], [0, 0, 0, before, 0, 0, 0, after], 0.5)
      }
})

test('pad: a map', () => {
  for (const c of around)
    for (const pads of [
      [0, 1, 1, 0, 0, 1, 1, 0],
      [0, 2, 0, 0, 0, 1, 3, 0],
      [0, 0, 0, 0, 0, 1, 1, 0],
      [1, -1, 1, 0, 1, 2, -2, 0],
    ])
      padded([2, 3, 4, c], pads)
})

test('pad: nothing of the input is left', () => {
  padded([1, 1, 2, 3], [0, 0, 3, 0, 0, 0, -2, 0], -1)
  padded([1, 1, 1, 3], [0, 0, 0, -3, 0, 0, 0, 5], -1)
  padded([1, 1, 1, 3], [0, 0, 0, -4, 0, 0, 0, 6], 2)
  padded([1, 1, 1, 3], [0, 0, 0, 6, 0, 0, 0, -4], 2)
})

test('pad: any', () => {
  const side = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 8, maxLength: 8 })
  const dims = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 4 })
  const value = fc.constantFrom(0, -0, Number.NaN, Number.NEGATIVE_INFINITY, 1.5)
  const valid = fc
    .tuple(dims, side, value)
    .filter(([shape, pads]) => shape.every((d, i) => d + pads[i]! + pads[i + 4]! > 0))
  fc.assert(
    fc.property(valid, args => padded(...args)),
    { seed: 3, numRuns: 200 },
  )
})

/** Steps of a contiguous box. */
const strides = (shape: readonly number[]) => shape.map((_, i) => size(shape.slice(i + 1)))

test('move: permutations', () => {
  const perms = [
    [0, 1, 2, 3],
    [0, 2, 3, 1],
    [0, 3, 1, 2],
    [3, 2, 1, 0],
    [1, 0, 3, 2],
    [0, 1, 3, 2],
  ]
  for (const n of around)
    for (const perm of perms) {
      const x = filled([2, 3, 4, n], n)
      const y = permute(x, perm)
      const own = strides(x.shape)
      const turned = perm.map(d => own[d]!)
      check('move', `${x.shape} by ${perm}`, writes(y.data), reads(x.data), ...y.shape, ...strides(y.shape), ...turned)
    }
})

test('move: backwards, and every other one', () => {
  for (const n of around)
    for (const step of [1, 2, 3, -1, -2]) {
      const x = filled([2, 2, 3, n], n)
      const start = step < 0 ? n - 1 : 0
      const y = slice(x, [start], [step < 0 ? -n - 1 : n], [3], [step])
      const own = [...strides(x.shape).slice(0, 3), step]
      const args = [...y.shape, ...strides(y.shape), ...own]
      check('move', `${x.shape} by ${step}`, writes(y.data), at(reads(x.data), start * 4), ...args)
    }
})

test('move: into a part of something larger', () => {
  for (const n of around)
    for (const skip of [0, 1, 3]) {
      const x = filled([1, 2, 3, n], n)
      const pitch = n + skip + 2
      const y: (number | undefined)[] = Array(6 * pitch).fill(KEEP)
      for (let i = 0; i < 6; i++) for (let k = 0; k < n; k++) y[i * pitch + skip + k] = x.data[i * n + k]!
      const args = [1, 1, 6, n, 0, 0, pitch, 1, 0, 0, n, 1]
      check('move', `${n} of ${pitch}, from ${skip} on`, at(writes(y), skip * 4), reads(x.data), ...args)
    }
})

test('move: numbers are moved, not computed with', () => {
  const data = [Number.NaN, -0, 2 ** -149, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const step of [1, -1]) {
    const y = step > 0 ? data : data.toReversed()
    const from = at(reads(data), step > 0 ? 0 : 16)
    check('move', `special numbers by ${step}`, writes(y), from, 1, 1, 1, 5, 0, 0, 0, 1, 0, 0, 0, step)
  }
})

test.run()
