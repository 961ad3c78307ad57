import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { builds, trainBuilds } from './builds.js'
import { at, check, KEEP, reads, updates, writes } from './check.js'

// The harness itself: a kernel called wrongly must be caught, whatever it does wrong.
const test = suite('harness')

const five = [1, 2, 3, 4, 5]

const caught = (message: RegExp, ...args: Parameters<typeof check>) => assert.throws(() => check(...args), message)

test('a right call passes', () => {
  check('copy', 'five', writes(five), reads(five), 5)
  check('copy', 'three of five', writes([1, 2, 3, KEEP, KEEP]), reads(five), 3)
})

test('a wrong number, with its index and both values', () => {
  caught(
    /copy \(simd, aligned\), wrong: element 2 of 5 \(buffer 0\) is 3, reference 7/,
    'copy',
    'wrong',
    writes([1, 2, 7, 4, 5]),
    reads(five),
    5,
  )
  caught(
    /is 3, reference 3.5, off by 0.5 of 0.25/,
    'copy',
    'far',
    writes([1, 2, 3.5, 4, 5], () => 0.25),
    reads(five),
    5,
  )
  caught(/is 0, reference 0/, 'copy', 'sign of zero', writes([-0]), reads([0]), 1)
  caught(
    /is 1, reference NaN/,
    'copy',
    'NaN',
    writes([Number.NaN], () => 9),
    reads([1]),
    1,
  )
  caught(
    /is NaN, reference 1/,
    'copy',
    'NaN',
    writes([1], () => 9),
    reads([Number.NaN]),
    1,
  )
  caught(
    /is Infinity, reference 1/,
    'copy',
    '∞',
    writes([1], () => 9),
    reads([Number.POSITIVE_INFINITY]),
    1,
  )
})

test('an element that is not written, and one that should not be', () => {
  caught(/element 4 of 5 \(buffer 0\) is not written, reference 5/, 'copy', 'short', writes(five), reads(five), 4)
  caught(/element 4 .* is written \(5\)/, 'copy', 'long', writes([1, 2, 3, 4, KEEP]), reads(five), 5)
})

test('writing outside a buffer', () => {
  caught(/writes 0 bytes beyond the end of buffer 0/, 'copy', 'beyond', writes([1, 2, 3, 4]), reads(five), 5)
  caught(/writes 4 bytes before its first buffer/, 'copy', 'before', at(writes([2, 3, 4]), -4), reads(five), 4)
})

test('reading outside a buffer', () => {
  caught(
    /is NaN \(read outside a buffer\), reference 5/,
    'clamp',
    'beyond',
    writes([2, 3, 4, 5, 5]),
    at(reads(five), 4),
    5,
    0,
    9,
  )
})

test('changing an input', () => {
  const x = reads(five)
  caught(/changes byte \d of an input \(buffer 0\)/, 'copy', 'over x', x, reads([9, 9, 9, 9, 9]), 5)
  check('clamp', 'declared', ...[updates(five, [2, 2, 3, 4, 4])].flatMap(y => [y, y]), 5, 2, 4)
})

test('a call with too few arguments', () => {
  caught(/takes 5 arguments, the case has 3/, 'clamp', 'no limits', writes(five), reads(five), 5)
})

test('every kernel has a case', () => {
  const sources = ['test/ops', 'test/grad']
    .flatMap(folder => readdirSync(folder).map(file => readFileSync(`${folder}/${file}`, 'utf8')))
    .join()
  for (const { name, kernels } of [...builds, ...trainBuilds]) {
    const functions = Object.keys(kernels).filter(key => typeof kernels[key] === 'function')
    // By its name in a call, or as the key of a table.
    const missing = functions.filter(
      kernel => !kernel.startsWith('__') && !new RegExp(`'${kernel}'|[\\s{]${kernel}: `).test(sources),
    )
    assert.equal(missing, [], name)
  }
})

test.run()
