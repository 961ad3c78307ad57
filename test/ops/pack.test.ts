import { suite } from 'uvu'
import { check, KEEP, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { panels } from '../ref/pack.js'

const test = suite('kernels: packing')

const around = [1, 3, 4, 5, 7, 8, 9, 17]

test('pack_panels: whole weights; lanes without a channel stay as they are', () => {
  for (const oc of around)
    for (const c of [1, 3, 5])
      for (const taps of [1, 2, 9]) {
        const w = { shape: [oc, c, taps], data: floats(oc * c * taps, oc) }
        check('pack_panels', `${oc}×${c}×${taps}`, writes(panels(w, KEEP)), reads(w.data), 0, oc, c, taps)
      }
})

test('pack_panels: a few rows at a time', () => {
  const [oc, c, taps] = [21, 3, 4]
  const w = { shape: [oc, c, taps], data: floats(oc * c * taps, 1) }
  for (const [first, rows] of [
    [0, 1],
    [7, 1],
    [7, 2],
    [8, 8],
    [5, 12],
    [20, 1],
    [3, 0],
  ] as const) {
    const only = w.data.map((v, i) => (i >= first * c * taps && i < (first + rows) * c * taps ? v : Number.NaN))
    const expected = panels({ ...w, data: only }, KEEP).map(v => (Number.isNaN(v) ? KEEP : v))
    // An input of no elements has no address: one more is there to point at.
    const part = Float64Array.of(...w.data.subarray(first * c * taps, (first + rows) * c * taps), 0)
    check('pack_panels', `rows ${first} to ${first + rows}`, writes(expected), reads(part), first, rows, c, taps)
  }
})

test('copy', () => {
  for (const n of around) {
    const x = floats(n, n)
    check('copy', `n ${n}`, writes(x), reads(x), n)
    check('copy', `n ${n} of ${n + 2}`, writes([...x, KEEP, KEEP]), reads(x), n)
  }
})

test.run()
