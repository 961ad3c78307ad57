import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gamma, TINY } from '../bounds.js'
import { check, reads, scratch, updates } from '../check.js'
import { filled } from '../graphs.js'
import { conv } from '../ref/conv.js'
import { convGradWeight } from '../ref/grad/conv.js'
import { winogradGradWeight } from '../ref/grad/winograd.js'
import { panels } from '../ref/pack.js'
import { map, type Tensor, toNhwc } from '../ref/tensor.js'

const test = suite('gradients: Winograd')

interface Case {
  readonly n?: number
  readonly h: number
  readonly w: number
  readonly c: number
  readonly oc: number
  readonly pad?: readonly [number, number, number, number]
  readonly block?: number
}

const tensors = ({ n = 1, h, w, c, oc, pad = [1, 1, 1, 1] }: Case) => {
  const x = filled([n, c, h, w], 1)
  const before = filled([oc, c, 3, 3], 2)
  return { x, before, dy: filled(conv(x, before, undefined, { pad }).shape, 3), pad }
}

const packed = ({ shape, data }: Tensor, blank: number) => panels({ shape: [shape[0]!, shape[1]!, 9], data }, blank)

const run = (one: Case) => {
  const { n = 1, h, w, c, oc, block = 3 } = one
  const { x, dy, before, pad } = tensors(one)
  const [oh, ow] = dy.shape.slice(2) as [number, number]
  const dw = map(convGradWeight(dy, x, before.shape, { pad }), (v, i) => v + before.data[i]!)
  const sizes = map(winogradGradWeight(dy, x, [pad[0], pad[1]], true), (v, i) => v + Math.abs(before.data[i]!))
  const bounds = packed(sizes, 0)
  // A tile's product, and three transforms there and back.
  const steps = n * Math.ceil(oh / 4) * Math.ceil(ow / 4) + 40
  const rooms = [c * 8, block * c, block * Math.ceil(oc / 8) * 8, -12].map(floats => scratch(36 * (floats + 16)))
  check(
    'winograd_grad_weight',
    JSON.stringify(one),
    // 0.75 in the lanes without an output must stay, to the bit.
    updates(packed(before, 0.75), packed(dw, 0.75), i => gamma(steps) * bounds[i]! + (bounds[i]! && steps * TINY)),
    reads(toNhwc(x).data),
    reads(toNhwc(dy).data),
    ...rooms,
    ...[n, h, w, c, oh, ow, oc, pad[0], pad[1], block],
  )
}

test('the way there and back is the definition', () => {
  for (const one of [
    { n: 2, h: 5, w: 9, c: 2, oc: 3 },
    { h: 6, w: 7, c: 1, oc: 2, pad: [0, 2, 1, 0] },
  ] as const) {
    const { x, dy, before, pad } = tensors(one)
    const wanted = convGradWeight(dy, x, before.shape, { pad })
    const got = winogradGradWeight(dy, x, [pad[0], pad[1]])
    for (const [i, v] of wanted.data.entries()) assert.ok(Math.abs(got.data[i]! - v) < 1e-12)
  }
})

const cases: readonly Case[] = [
  { h: 4, w: 4, c: 4, oc: 4 },
  { h: 1, w: 1, c: 4, oc: 8 },
  { h: 8, w: 8, c: 8, oc: 8, block: 4 },
  { h: 7, w: 7, c: 12, oc: 12, n: 3, block: 5 },
  { h: 9, w: 6, c: 4, oc: 20, block: 1 },
  { h: 6, w: 13, c: 20, oc: 4, pad: [0, 0, 0, 0], block: 64 },
  { h: 5, w: 5, c: 4, oc: 4, pad: [2, 2, 2, 2] },
  { h: 5, w: 10, c: 4, oc: 16, pad: [0, 2, 1, 0], n: 2, block: 7 },
  { h: 14, w: 14, c: 8, oc: 4, n: 2, block: 16 },
]
for (const one of cases) test(JSON.stringify(one), () => run(one))

test('random cases', () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most })
  const fours = small(1, 4).map(v => v * 4)
  fc.assert(
    fc.property(
      fc.record({
        n: small(1, 3),
        h: small(3, 11),
        w: small(3, 11),
        c: fours,
        oc: fours,
        pad: fc.tuple(small(0, 2), small(0, 2), small(0, 2), small(0, 2)),
        block: small(1, 12),
      }),
      run,
    ),
    { numRuns: 30, seed: 5 },
  )
})

test.run()
