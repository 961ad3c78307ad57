import fc from 'fast-check'
import { suite } from 'uvu'
import { dot } from '../bounds.js'
import { at, check, reads, scratch, updates } from '../check.js'
import { filled } from '../graphs.js'
import { conv } from '../ref/conv.js'
import { convGradBias, convGradInput, convGradWeight } from '../ref/grad/conv.js'
import { pad } from '../ref/layout.js'
import { panels } from '../ref/pack.js'
import { abs, map, size, type Tensor, toNhwc } from '../ref/tensor.js'
import { confirm } from './differences.js'

const test = suite('gradients: convolution')

const base = {
  n: 1,
  channels: 3,
  outputs: 8,
  image: [5, 5] as readonly [number, number],
  kernel: [1, 1] as readonly [number, number],
  stride: [1, 1] as readonly [number, number],
  dilation: [1, 1] as readonly [number, number],
  pad: 0,
  groups: 1,
  group: 0,
  block: 64,
  seed: 1,
}
type Case = typeof base

const windowOf = ({ stride, dilation, groups, pad: p }: Case) => ({
  stride,
  dilation,
  groups,
  pad: [p, p, p, p] as const,
})

/** The case's x and w, and a dy. */
const tensors = (c: Case) => {
  const x = filled([c.n, c.channels * c.groups, ...c.image], c.seed)
  const w = filled([c.outputs * c.groups, c.channels, ...c.kernel], c.seed + 1)
  return { x, w, dy: filled(conv(x, w, undefined, windowOf(c)).shape, c.seed + 2) }
}

/** One group's part of weights O×C×KH×KW as panels; `blank` in the lanes without an output. */
const packed = (w: Tensor, c: Case, blank: number): number[] => {
  const count = size(w.shape) / c.groups
  const data = w.data.subarray(count * c.group, count * (c.group + 1))
  return panels({ shape: [c.outputs, c.channels, c.kernel[0] * c.kernel[1]], data }, blank)
}

/** One group's weights' gradient by `conv_grad_weight`, added to what was there. */
const weight = (changes: Partial<Case>) => {
  const c: Case = { ...base, ...changes }
  const { n, groups, group, kernel, stride, dilation, block } = c
  const window = windowOf(c)
  const { x, w, dy } = tensors(c)
  const [, , oh, ow] = dy.shape as [number, number, number, number]
  const before = filled(w.shape, c.seed + 3)
  const dw = map(convGradWeight(dy, x, w.shape, window), (v, i) => v + before.data[i]!)
  const sizes = map(convGradWeight(abs(dy), abs(x), w.shape, window), (v, i) => v + Math.abs(before.data[i]!))

  const channels = c.channels * groups
  const padded = toNhwc(pad(x, [0, 0, c.pad, c.pad, 0, 0, c.pad, c.pad]))
  const row = padded.shape[2]! * channels * 4
  const runs = groups === 1 && dilation[1] === 1
  // 0.75 in the lanes without an output must stay, to the bit.
  check(
    'conv_grad_weight',
    JSON.stringify(changes),
    updates(packed(before, c, 0.75), packed(dw, c, 0.75), dot(n * oh * ow, packed(sizes, c, 0))),
    at(reads(padded.data), group * c.channels * 4),
    at(reads(toNhwc(dy).data), group * c.outputs * 4),
    scratch(block * (Math.ceil(c.outputs / 8) * 8 + 32)),
    ...[n, oh, ow, c.outputs, padded.shape[1]! * row, stride[0] * row, stride[1] * channels * 4],
    ...[kernel[0], dilation[0] * row],
    ...(runs ? [1, 0, kernel[1] * channels] : [kernel[1], dilation[1] * channels * 4, c.channels]),
    ...[c.outputs * groups * 4, block],
  )
}

test('the twins, by differences', () => {
  for (const changes of [
    { n: 2, kernel: [3, 3], pad: 1, outputs: 4 },
    { kernel: [3, 2], stride: [2, 1], image: [6, 5], outputs: 2 },
    { kernel: [2, 3], dilation: [2, 1], pad: 2, outputs: 2, channels: 2 },
    { groups: 3, channels: 2, outputs: 2, kernel: [2, 2], stride: [2, 3], pad: 1 },
  ] as const) {
    const c: Case = { ...base, ...changes }
    const { x, w, dy } = tensors(c)
    const window = windowOf(c)
    const label = JSON.stringify(changes)
    confirm(`dw, ${label}`, convGradWeight(dy, x, w.shape, window), v => conv(x, v, undefined, window), w, dy)
    confirm(`dx, ${label}`, convGradInput(dy, w, x.shape, window), v => conv(v, w, undefined, window), x, dy)
    const b = filled([w.shape[0]!], 5)
    confirm(`db, ${label}`, convGradBias(dy), v => conv(x, w, v, window), b, dy)
  }
})

const around = [1, 2, 3, 4, 5, 7, 8, 9, 17]

test('output channels around the tile', () => {
  for (const outputs of around) weight({ outputs, seed: outputs })
})

test('elements of the window around the tile, and around what is copied together', () => {
  for (const channels of [...around, 31, 32, 33, 37]) weight({ channels, outputs: 9, seed: channels })
  for (const channels of around) weight({ channels, kernel: [2, 3], n: 2, seed: channels })
})

test('pixels around the block: parts of rows, rows, images', () => {
  for (const block of [1, 2, 3, 4, 7, 8, 12, 13, 24, 35, 36, 100]) {
    weight({ block, image: [3, 6], n: 2, kernel: [2, 2], pad: 1 })
    weight({ block, image: [3, 4], n: 3, outputs: 5 })
    weight({ block, image: [3, 4], n: 3, kernel: [2, 2], outputs: 17 })
    weight({ block, image: [4, 4], n: 2, stride: [2, 2] })
  }
})

test('fully connected: a product of matrices', () => {
  for (const n of [1, 2, 31, 32, 33])
    for (const [channels, outputs] of [
      [40, 10],
      [13, 4],
      [3, 17],
    ] as const)
      weight({ n, channels, outputs, image: [1, 1] })
  // A window as large as the map.
  weight({ n: 5, image: [3, 4], kernel: [3, 4], outputs: 6 })
})

test('one row, one column', () => {
  for (const image of [
    [1, 9],
    [9, 1],
  ] as const)
    for (const n of [1, 3]) for (const block of [4, 9, 64]) weight({ n, image, block, stride: [2, 1], channels: 2 })
})

test('first layers', () => {
  weight({ channels: 1, kernel: [5, 5], outputs: 6, image: [9, 8], n: 3 })
  weight({ channels: 3, kernel: [7, 7], outputs: 9, image: [15, 16], stride: [2, 2], pad: 3 })
  weight({ channels: 3, kernel: [3, 3], outputs: 16, image: [6, 7], pad: 1, n: 2 })
  weight({ channels: 3, kernel: [3, 3], outputs: 24, image: [6, 7], pad: 1, n: 2 })
})

test('kernel, stride and dilation', () => {
  // Of few outputs and pixels that lie close x is read where it is, else it is copied.
  for (const kernel of [
    [1, 1],
    [3, 3],
    [1, 7],
    [7, 1],
    [2, 3],
  ] as const)
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 1],
    ] as const)
      for (const dilation of [
        [1, 1],
        [2, 2],
        [1, 2],
      ] as const)
        for (const [outputs, channels] of [
          [5, 2],
          [17, 2],
          [3, 5],
        ] as const)
          weight({ kernel, stride, dilation, image: [13, 14], pad: 1, outputs, channels, block: 30 })
})

test('groups', () => {
  for (const [groups, channels, outputs] of [
    [2, 3, 5],
    [3, 4, 8],
    [2, 1, 9],
    [4, 2, 1],
  ] as const)
    for (const dilation of [
      [1, 1],
      [2, 2],
    ] as const)
      for (let group = 0; group < groups; group++)
        weight({ groups, group, channels, outputs, dilation, kernel: [3, 3], image: [6, 7], pad: 1 })
})

const pair = (least: number, most: number) =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
const cases = fc
  .record({
    n: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 9 }),
    outputs: fc.integer({ min: 1, max: 18 }),
    image: pair(1, 8),
    kernel: pair(1, 4),
    stride: pair(1, 3),
    dilation: pair(1, 2),
    pad: fc.integer({ min: 0, max: 2 }),
    groups: fc.integer({ min: 1, max: 3 }),
    group: fc.nat(2),
    block: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
  })
  .map(c => ({ ...c, group: c.group % c.groups }))
  .filter(c => [0, 1].every(i => c.image[i]! + 2 * c.pad >= (c.kernel[i]! - 1) * c.dilation[i]! + 1))

test('any convolution', () => {
  fc.assert(fc.property(cases, weight), { seed: 1, numRuns: 100 })
})

test('sum_pixels: channels and pixels', () => {
  for (const outputs of [...around, 15, 16, 33])
    for (const [pixels, pitch] of [
      [1, outputs],
      [7, outputs + 3],
      [300, outputs],
    ] as const) {
      const dy = filled([pixels, pitch], outputs)
      const before = filled([outputs], 2)
      const part = (f: (v: number) => number) =>
        convGradBias({
          shape: [1, outputs, pixels, 1],
          data: Float64Array.from({ length: outputs * pixels }, (_, i) =>
            f(dy.data[(i % pixels) * pitch + Math.floor(i / pixels)]!),
          ),
        })
      const db = map(
        part(v => v),
        (v, i) => v + before.data[i]!,
      )
      const sizes = map(part(Math.abs), (v, i) => v + Math.abs(before.data[i]!))
      // After the last pixel's channels nothing is read.
      const given = dy.data.subarray(0, pixels * pitch - (pitch - outputs))
      check(
        'sum_pixels',
        `${pixels} pixels, ${outputs} of ${pitch}`,
        updates(before.data, db.data, dot(pixels, sizes.data)),
        reads(given),
        ...[pixels, outputs, pitch * 4],
      )
    }
})

test('sum_pixels: 800,000 pixels are summed as exactly as 256', () => {
  for (const [outputs, pixels] of [
    [1, 800000],
    [16, 50000],
  ] as const) {
    const dy = map(filled([1, outputs, pixels, 1], 1), v => Math.fround(v + 1))
    const db = convGradBias(dy)
    check(
      'sum_pixels',
      `${pixels} pixels`,
      updates(new Float64Array(outputs), db.data, dot(256, db.data)),
      reads(toNhwc(dy).data),
      ...[pixels, outputs, outputs * 4],
    )
  }
})

test.run()
