import fc from 'fast-check'
import { suite } from 'uvu'
import { dot } from '../bounds.js'
import { check, NONE, reads, scratch, updates, writes } from '../check.js'
import { filled } from '../graphs.js'
import { conv } from '../ref/conv.js'
import { convGradInput, convGradWeight } from '../ref/grad/conv.js'
import { abs, map, type Tensor, toNhwc } from '../ref/tensor.js'

const test = suite('gradients: depthwise')

interface Case {
  readonly n?: number
  readonly h: number
  readonly w: number
  readonly c: number
  readonly kernel?: readonly [number, number]
  readonly stride?: readonly [number, number]
  readonly pad?: readonly [number, number, number, number]
  readonly dilation?: readonly [number, number]
  readonly residual?: boolean
}

/** Weights C×1×KH×KW, or what mirrors them, as the kernels have them: [KH][KW][C]. */
const taps = ({ shape, data }: Tensor) => toNhwc({ shape: [1, shape[0]!, ...shape.slice(2)], data }).data

const run = (one: Case) => {
  const { n = 1, h, w, c, kernel = [3, 3], stride = [1, 1], pad = [1, 1, 1, 1], dilation = [1, 1], residual } = one
  const label = JSON.stringify(one)
  const x = filled([n, c, h, w], 1)
  const weights = filled([c, 1, ...kernel], 2)
  const window = { stride, pad, dilation, groups: c }
  const dy = filled(conv(x, weights, undefined, window).shape, 3)
  const [oh, ow] = dy.shape.slice(2) as [number, number]
  const dims = [n, h, w, c, oh, ow, ...kernel, ...stride, pad[0], pad[1], ...dilation]

  const before = filled(weights.shape, 4)
  const dw = map(convGradWeight(dy, x, weights.shape, window), (v, i) => v + before.data[i]!)
  const sizes = map(convGradWeight(abs(dy), abs(x), weights.shape, window), (v, i) => v + Math.abs(before.data[i]!))
  check(
    'depthwise_grad_weight',
    label,
    updates(taps(before), taps(dw), dot(n * oh * ow, taps(sizes))),
    reads(toNhwc(x).data),
    reads(toNhwc(dy).data),
    scratch(c * kernel[0] * kernel[1]),
    ...dims,
  )

  if (c < 4) return
  const res = map(filled(x.shape, 5), v => (residual ? v : 0))
  const dx = toNhwc(map(convGradInput(dy, weights, x.shape, window), (v, i) => v + res.data[i]!)).data
  const all = map(convGradInput(abs(dy), abs(weights), x.shape, window), (v, i) => v + Math.abs(res.data[i]!))
  const within = dot(kernel[0] * kernel[1], toNhwc(all).data)
  const inputs = [reads(toNhwc(dy).data), reads(taps(weights))]
  check(
    'depthwise_grad_input',
    label,
    writes(dx, within),
    residual ? reads(toNhwc(res).data) : NONE,
    ...inputs,
    ...dims,
  )
  if (residual && c % 4 === 0) {
    const place = updates(toNhwc(res).data, dx, within)
    check('depthwise_grad_input', `${label}, in place`, place, place, ...inputs, ...dims)
  }
}

const cases: readonly Case[] = [
  { h: 1, w: 1, c: 4 },
  { h: 5, w: 9, c: 1 },
  { h: 5, w: 9, c: 3 },
  { h: 5, w: 9, c: 4 },
  { h: 6, w: 13, c: 7, residual: true },
  { h: 9, w: 9, c: 13 },
  { n: 2, h: 4, w: 8, c: 8, residual: true },
  { h: 9, w: 17, c: 5, stride: [2, 2] },
  { h: 8, w: 18, c: 8, stride: [2, 2], pad: [0, 0, 1, 1], residual: true },
  { h: 7, w: 19, c: 9, stride: [1, 3] },
  // Columns that no output has seen, and rows.
  { h: 7, w: 9, c: 4, kernel: [1, 1], stride: [2, 3], pad: [0, 0, 0, 0], residual: true },
  { h: 7, w: 9, c: 6, kernel: [2, 2], stride: [3, 4], pad: [0, 1, 0, 0] },
  { h: 9, w: 11, c: 4, kernel: [5, 5], pad: [2, 2, 2, 2] },
  { h: 9, w: 21, c: 4, kernel: [5, 5], pad: [2, 2, 2, 2], stride: [2, 2] },
  { h: 9, w: 11, c: 6, kernel: [1, 7], pad: [0, 3, 0, 3] },
  { h: 11, w: 12, c: 4, dilation: [2, 2], pad: [2, 2, 2, 2] },
  // Stride and dilation with a common divisor, and without.
  { h: 15, w: 24, c: 4, dilation: [2, 4], pad: [2, 2, 2, 2], stride: [4, 2], residual: true },
  { h: 12, w: 23, c: 8, dilation: [3, 3], pad: [3, 3, 3, 3], stride: [2, 2] },
  { h: 7, w: 7, c: 12, kernel: [7, 7], pad: [0, 0, 0, 0] },
  { h: 4, w: 6, c: 4, kernel: [2, 3], pad: [1, 2, 0, 1] },
  // More pixels than are added up at once.
  { n: 3, h: 20, w: 20, c: 5 },
  { n: 2, h: 30, w: 25, c: 8, stride: [1, 2] },
]
for (const one of cases) test(JSON.stringify(one), () => run(one))

test('random cases', () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most })
  const pair = (least: number, most: number) => fc.tuple(small(least, most), small(least, most))
  fc.assert(
    fc.property(
      fc.record({
        n: small(1, 2),
        h: small(5, 12),
        w: small(5, 20),
        c: small(2, 11),
        kernel: pair(1, 3),
        stride: pair(1, 3),
        pad: fc.tuple(small(0, 2), small(0, 2), small(0, 2), small(0, 2)),
        dilation: pair(1, 2),
        residual: fc.boolean(),
      }),
      run,
    ),
    { numRuns: 60, seed: 5 },
  )
})

test.run()
