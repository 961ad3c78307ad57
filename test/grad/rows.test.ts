import fc from 'fast-check'
import { suite } from 'uvu'
import { dot } from '../bounds.js'
import { check, NONE, reads, scratch, updates, writes } from '../check.js'
import { filled } from '../graphs.js'
import { conv } from '../ref/conv.js'
import { convGradInput } from '../ref/grad/conv.js'
import { panels } from '../ref/pack.js'
import { abs, get, map, type Tensor, tensor, toNhwc } from '../ref/tensor.js'

const test = suite('gradients: convolution by its input, row by row')

interface Case {
  readonly n?: number
  readonly c?: number
  readonly oc?: number
  readonly image?: readonly [number, number]
  readonly kernel?: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pad?: readonly [number, number, number, number]
  readonly block?: number
  readonly residual?: boolean
}

/** Weights OC×C×KH×KW as the panels that flip_panels makes: [KW·C/8][KH, the last first][OC][8]. */
const turned = (w: Tensor): number[] => {
  const [oc, c, kh, kw] = w.shape as [number, number, number, number]
  return panels(
    tensor([kw * c, oc, kh], ([k, o, t]) => get(w, [o!, k! % c, kh - 1 - t!, Math.floor(k! / c)])),
    0,
  )
}

const run = (one: Case) => {
  const { n = 1, c = 6, oc = 5, image = [7, 8], kernel = [3, 3], pad = [0, 0, 0, 0], block = n, residual } = one
  const label = JSON.stringify(one)
  const w = filled([oc, c, ...kernel], 1)
  const shape = [n, c, ...image]
  const dy = filled(conv(filled(shape, 2), w, undefined, { pad }).shape, 3)
  const [oh, ow] = dy.shape.slice(2) as [number, number]
  const res = map(filled(shape, 4), v => (residual ? v : 0))
  const dx = toNhwc(map(convGradInput(dy, w, shape, { pad }), (v, i) => v + res.data[i]!)).data
  const sizes = map(convGradInput(abs(dy), abs(w), shape, { pad }), (v, i) => v + Math.abs(res.data[i]!))
  const within = dot(oc * kernel[0] * kernel[1], toNhwc(sizes).data)
  const rest = [
    ...[reads(toNhwc(dy).data), reads(turned(w))],
    scratch(block * ow * Math.ceil((kernel[1] * c) / 8) * 8 + 4),
    ...[n, ...image, c, oh, ow, oc, ...kernel, pad[0], pad[1], block],
  ]
  check('conv_grad_input', label, writes(dx, within), residual ? reads(toNhwc(res).data) : NONE, ...rest)
  if (!residual) return
  const place = updates(toNhwc(res).data, dx, within)
  check('conv_grad_input', `${label}, in place`, place, place, ...rest)
}

const around = [1, 2, 3, 4, 5, 7, 8, 9, 13]

test('channels around the tile and the vector', () => {
  for (const c of around) run({ c, residual: c % 2 === 0 })
  for (const oc of around) run({ oc })
})

test('columns and images around the tile', () => {
  for (const width of around) run({ image: [3, width + 2], n: 3, residual: width % 2 === 0 })
  for (const n of around) run({ n, image: [4, 5], block: Math.ceil(n / 2) })
})

test('blocks of images: all, some, one', () => {
  for (const block of [1, 2, 3, 4, 5, 9]) run({ n: 5, block, image: [4, 6], residual: true })
})

test('windows and padding', () => {
  for (const kernel of [
    [1, 1],
    [1, 4],
    [3, 1],
    [2, 3],
    [5, 5],
    [7, 8],
  ] as const)
    for (const pad of [
      [0, 0, 0, 0],
      [1, 2, 0, 1],
      // As much as the window reaches, and more: then there are outputs that saw nothing of the map.
      [kernel[0] - 1, kernel[1] - 1, kernel[0] - 1, kernel[1] - 1],
      [kernel[0] + 1, kernel[1], kernel[0], kernel[1] + 2],
    ] as const)
      run({ kernel, pad })
})

test("LeNet-5's second layer", () => run({ n: 2, c: 6, oc: 16, image: [14, 14], kernel: [5, 5] }))

test('random cases', () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most })
  fc.assert(
    fc.property(
      fc.record({
        n: small(1, 4),
        c: small(1, 10),
        oc: small(1, 10),
        image: fc.tuple(small(4, 9), small(4, 9)),
        kernel: fc.tuple(small(1, 4), small(1, 4)),
        pad: fc.tuple(small(0, 3), small(0, 3), small(0, 3), small(0, 3)),
        block: small(1, 4),
        residual: fc.boolean(),
      }),
      run,
    ),
    { numRuns: 60, seed: 7 },
  )
})

test.run()
