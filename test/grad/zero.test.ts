import { suite } from 'uvu'
import { check, writes } from '../check.js'

const test = suite('zero')

test('so many numbers and no more', () => {
  for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 13, 64, 257]) check('zero', `n ${n}`, writes(new Float64Array(n)), n)
})

test.run()
