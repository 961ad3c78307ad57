import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { U } from '../bounds.js'
import { trainBuilds } from '../builds.js'
import { check, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import { dropout, kept } from '../ref/grad/dropout.js'

const test = suite('dropout')

// Its bits: as a float, a NaN among them, it would be another one in engines that keep one NaN only.
const seedOf = (seed: number) => new Uint16Array(Uint32Array.of(seed).buffer)

test('dropout: lengths, rates, in place', () => {
  for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 13, 17, 1000])
    for (const rate of [0, 0.1, 0.5, 0.9, 1].map(Math.fround))
      for (const [seed, layer] of [
        [0, 0],
        [1, 2],
        [0xffffffff, 1000],
      ] as const) {
        const x = floats(n, n)
        const y = dropout(x, seed, layer, rate)
        const within = (i: number) => 2 * U * Math.abs(y[i]!)
        const label = `${n} at ${rate}, seed ${seed}, layer ${layer}`
        check('dropout', label, writes(y, within), reads(x), reads(seedOf(seed)), layer, n, rate)
        const place = updates(x, y, within)
        check('dropout', `${label}, in place`, place, place, reads(seedOf(seed)), layer, n, rate)
      }
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, -0, 1, 2, 3]
  const y = dropout(Float64Array.from(odd), 3, 0, 0.5)
  check(
    'dropout',
    'not ordinary',
    writes(y, () => 0),
    reads(odd),
    reads(seedOf(3)),
    0,
    6,
    0.5,
  )
})

const N = 1 << 16
const { memory, kernels } = trainBuilds[0]!

/** What the kernel keeps of N ones: 1 or 0 each. */
const mask = (seed: number, layer: number, rate: number): Uint8Array => {
  const [at, ones] = [1 << 20, new Float32Array(memory, (1 << 20) + 64, N)]
  ones.fill(1)
  new Uint32Array(memory, at, 1)[0] = seed
  kernels.dropout!(ones.byteOffset, ones.byteOffset, at, layer, N, rate)
  return Uint8Array.from(ones, v => (v > 0 ? 1 : 0))
}

/** How many deviations of a fair count the share of ones is from `share`. */
const deviations = (ones: number, count: number, share: number): number =>
  (ones - count * share) / Math.sqrt(count * share * (1 - share))

const both = (a: Uint8Array, b: Uint8Array, shift = 0): number => {
  let count = 0
  for (let i = 0; i + shift < N; i++) count += a[i]! & b[i + shift]!
  return count
}

// Some two thousand draws in all: a normal variate passes 4.5 once in 150,000.
const FAIR = 4.5
const seeds = [0, 1, 2, 3, 42, 1000, 0x80000000, 0xffffffff]

test('as many are kept as the rate says', () => {
  for (const rate of [0.1, 0.5, 0.8].map(Math.fround))
    for (const seed of seeds)
      for (const layer of [0, 1, 2, 50]) {
        const ones = mask(seed, layer, rate).reduce((a, b) => a + b, 0)
        const off = deviations(ones, N, 1 - rate)
        assert.ok(Math.abs(off) < FAIR, `rate ${rate}, seed ${seed}, layer ${layer}: ${off} deviations`)
      }
})

test('neighbours know nothing of one another', () => {
  for (const rate of [0.2, 0.5].map(Math.fround))
    for (const seed of seeds) {
      const m = mask(seed, 1, rate)
      for (const shift of [1, 2, 3, 4, 5, 7, 8, 16, 32, 64, 100, 256, 1024, 4096]) {
        const off = deviations(both(m, m, shift), N - shift, (1 - rate) ** 2)
        // Overlapping pairs are a little dependent: their variance is at most three times that of independent ones.
        assert.ok(Math.abs(off) < FAIR * Math.sqrt(3), `seed ${seed}, ${shift} apart: ${off} deviations`)
      }
    }
})

test('nor do layers, nor seeds, at any small distance', () => {
  const rate = 0.5
  const masks = seeds.flatMap(seed => [0, 1, 2, 3].map(layer => mask(seed, layer, rate)))
  for (const [i, a] of masks.entries())
    for (const b of masks.slice(0, i))
      for (const shift of [0, 1, 4]) {
        const off = deviations(both(a, b, shift), N - shift, 0.25)
        assert.ok(Math.abs(off) < FAIR * 1.2, `masks ${i} and ${masks.indexOf(b)}, ${shift} apart: ${off} deviations`)
      }
})

test('groups of eight are spread as they should be', () => {
  for (const seed of seeds) {
    const m = mask(seed, 7, 0.5)
    const counts = new Float64Array(256)
    for (let i = 0; i < N; i += 8) counts[m.slice(i, i + 8).reduce((a, b) => a * 2 + b, 0)]!++
    const wanted = N / 8 / 256
    const chi = counts.reduce((sum, v) => sum + (v - wanted) ** 2 / wanted, 0)
    // χ² of 255 degrees: mean 255, deviation 22.6.
    assert.ok(chi > 165 && chi < 360, `seed ${seed}: ${chi}`)
  }
})

test('the twin is one with the kernel, and the same twice', () => {
  assert.equal(
    [...mask(5, 6, 0.5)],
    Array.from({ length: N }, (_, i) => Number(kept(5, 6, i, 0.5))),
  )
  assert.equal([...mask(5, 6, 0.5)], [...mask(5, 6, 0.5)])
})

test.run()
