import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gamma, TINY } from '../bounds.js'
import { check, KEEP, NONE, reads, scratch, writes } from '../check.js'
import { floats } from '../random.js'
import { conv } from '../ref/conv.js'
import { abs, size, type Tensor } from '../ref/tensor.js'
import { type Tile, winograd, winogradSizes, winogradSteps, winogradWeights } from '../ref/winograd.js'

const test = suite('kernels: Winograd')

const random = (shape: readonly number[], seed: number): Tensor => ({ shape, data: floats(size(shape), seed) })

/** NCHW to NHWC. */
const nhwc = ({ shape, data }: Tensor): Float64Array => {
  const [n, c, h, w] = shape as readonly [number, number, number, number]
  const result = new Float64Array(data.length)
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < h * w; p++) result[(i * h * w + p) * c + k] = data[(i * c + k) * h * w + p]!
  return result
}

/** Floats between the planes of transformed weights. */
const SKEW = 16

/** Weights [OC][C][T] as panels [OC/8][T][C][8], each of the T with `skew` floats behind it; `fill` is what the rest holds. */
const panels = <T>({ shape, data }: Tensor, skew: number, fill: T): (number | T)[] => {
  const [oc, c] = shape as readonly [number, number]
  const taps = size(shape.slice(2))
  const plane = c * 8 + skew
  const result = Array.from<number | T>({ length: Math.ceil(oc / 8) * taps * plane }).fill(fill)
  for (let o = 0; o < oc; o++)
    for (let i = 0; i < c; i++)
      for (let t = 0; t < taps; t++)
        result[((o >> 3) * taps + t) * plane + i * 8 + (o & 7)] = data[(o * c + i) * taps + t]!
  return result
}

interface Case {
  readonly n?: number
  readonly h: number
  readonly w: number
  readonly c: number
  readonly oc: number
  readonly pad?: readonly [number, number, number, number]
  readonly kernel?: 3 | 5
  readonly tile?: Tile
  readonly block?: number
  /** Floats between one pixel's results and the next one's, as in a part of a larger map. */
  readonly gap?: number
  readonly residual?: boolean
  readonly limits?: readonly [number, number]
}

/** Pixels of so many channels, with a gap behind each. */
const apart = <T>(data: Iterable<number>, oc: number, gap: number, filler: T): (number | T)[] =>
  Array.from(data).flatMap((v, i) => (i % oc === oc - 1 ? [v, ...Array<T>(gap).fill(filler)] : [v]))

const run = ({
  n = 1,
  h,
  w,
  c,
  oc,
  pad = [1, 1, 1, 1],
  kernel = 3,
  tile = 4,
  block = 4,
  gap = 0,
  residual = false,
  limits = [-9e9, 9e9],
}: Case) => {
  const x = random([n, c, h, w], 1)
  const weights = random([oc, c, kernel, kernel], 2)
  const bias = random([oc], 3)
  const window = { pad, stride: [1, 1], dilation: [1, 1] } as const
  const y = conv(x, weights, bias, window)
  const [, , oh, ow] = y.shape as readonly [number, number, number, number]
  const res = random(y.shape, 4)
  const sizes = winogradSizes(abs(x), abs(weights), window, tile)
  const wanted = y.data.map((v, i) => Math.min(Math.max(v + (residual ? res.data[i]! : 0), limits[0]), limits[1]))
  const total = { shape: y.shape, data: sizes.data.map((v, i) => v + Math.abs(y.data[i]!) + 2) }
  const magnitude = apart(nhwc(total), oc, gap, 0)
  const planes = (tile + kernel - 1) ** 2
  // Weights that the kernel transforms, and weights that are transformed already.
  for (const [label, packed, u] of [
    ['', panels(weights, 0, 0), scratch(planes * (c * 8 + SKEW))],
    ['transformed', panels(winogradWeights(weights, tile), SKEW, 0), NONE],
  ] as const)
    check(
      'conv_winograd',
      `${JSON.stringify({ n, h, w, c, oc, pad, kernel, tile, block, gap, residual, limits })} ${label}`,
      writes(
        apart(nhwc({ shape: y.shape, data: wanted }), oc, gap, KEEP),
        i => gamma(winogradSteps(c)) * magnitude[i]! + TINY,
      ),
      residual ? reads(apart(nhwc(res), oc, gap, Number.NaN)) : NONE,
      reads(nhwc(x)),
      reads(packed),
      reads(bias.data),
      // Scratch: whatever it holds before and after.
      u,
      scratch(planes * (block * c + SKEW)),
      scratch(planes * (block * 8 + SKEW)),
      scratch(planes * 4),
      ...[n, h, w, c, oh, ow, oc, pad[0], pad[1], kernel, tile, block, (oc + gap) * 4, ...limits],
    )
}

const cases: readonly Case[] = [
  { h: 4, w: 4, c: 4, oc: 4 },
  { h: 1, w: 1, c: 4, oc: 8 },
  { h: 3, w: 5, c: 4, oc: 12 },
  { h: 7, w: 7, c: 8, oc: 8, residual: true },
  { h: 8, w: 9, c: 12, oc: 20, block: 8 },
  { h: 13, w: 6, c: 4, oc: 8, block: 12, residual: true, limits: [0, 6] },
  { n: 3, h: 5, w: 7, c: 8, oc: 12, block: 8, residual: true },
  { h: 9, w: 9, c: 4, oc: 4, pad: [0, 0, 0, 0] },
  { h: 6, w: 6, c: 4, oc: 4, pad: [0, 1, 2, 0] },
  { h: 5, w: 4, c: 16, oc: 8, pad: [2, 2, 2, 2], limits: [0, Number.POSITIVE_INFINITY] },
  { n: 2, h: 5, w: 6, c: 4, oc: 12, block: 8, gap: 3, residual: true },
  { h: 8, w: 7, c: 8, oc: 4, gap: 1, limits: [0, 1] },
]
const forms = [
  { kernel: 3, tile: 4 },
  { kernel: 3, tile: 2 },
  { kernel: 5, tile: 3 },
] as const
type Form = (typeof forms)[number]
const name = ({ kernel, tile }: Form) => `F(${tile}×${tile}, ${kernel}×${kernel})`

for (const form of forms)
  for (const one of cases) {
    // A wider window has one more zero on every side: the maps stay what they are.
    const pad = (one.pad ?? [1, 1, 1, 1]).map(p => p + (form.kernel - 3) / 2) as [number, number, number, number]
    test(`${name(form)}: ${one.h}×${one.w}, ${one.c} → ${one.oc}`, () => run({ ...one, ...form, pad }))
  }

for (const form of forms)
  test(`${name(form)}: the transforms of the references are a convolution`, () => {
    const { kernel, tile } = form
    const [x, w] = [random([2, 3, 5, 6], 1), random([4, 3, kernel, kernel], 2)]
    const window = { pad: [1, 0, 1, 2], stride: [1, 1], dilation: [1, 1] } as const
    const [wanted, got] = [conv(x, w, undefined, window), winograd(x, w, window, tile)]
    assert.equal(got.shape, wanted.shape)
    for (const [i, v] of got.data.entries()) assert.ok(Math.abs(v - wanted.data[i]!) < 1e-13, `element ${i} is ${v}`)
  })

test('the sizes of what F(2×2) adds up are within those of F(4×4)', () => {
  for (const pad of [0, 1, 2]) {
    const [x, w] = [random([1, 4, 7, 9], 1), random([8, 4, 3, 3], 2)]
    const window = { pad: [pad, pad, pad, pad], stride: [1, 1], dilation: [1, 1] } as const
    const [four, two] = ([4, 2] as const).map(tile => winogradSizes(abs(x), abs(w), window, tile))
    for (const [i, v] of two!.data.entries()) assert.ok(v <= four!.data[i]!, `element ${i}`)
  }
})

/** Weights [OC][C][K][K] packed from channel `first` on, `rows` of them. */
const pack = ({ kernel, tile }: Form, oc: number, c: number, first = 0, rows = oc) => {
  const weights = random([oc, c, kernel, kernel], 5)
  const each = c * kernel ** 2
  const own = { shape: [rows, c, kernel, kernel], data: weights.data.slice(first * each, (first + rows) * each) }
  const part = ({ shape, data }: Tensor): Tensor => {
    const each = size(shape.slice(1))
    const all = new Float64Array((first + rows) * each).fill(Number.NaN)
    all.set(data, first * each)
    return { shape: [first + rows, ...shape.slice(1)], data: all }
  }
  const expected = panels(part(winogradWeights(own, tile)), SKEW, KEEP)
  const sizes = panels(part(winogradWeights(abs(own), tile, true)), SKEW, 0)
  check(
    'pack_winograd',
    `${kernel}×${kernel}, ${tile}×${tile}, ${oc} × ${c}, ${rows} from ${first} on`,
    writes(
      expected.map(v => (Number.isNaN(v) ? KEEP : v)),
      i => gamma(10) * sizes[i]! + TINY,
    ),
    reads(own.data),
    ...[first, rows, c, kernel, tile],
  )
}

for (const form of forms)
  test(`${name(form)}: weights transformed as they arrive`, () => {
    for (const oc of [4, 8, 12, 20]) for (const c of [4, 8, 12]) pack(form, oc, c)
    for (const [first, rows] of [
      [4, 4],
      [4, 8],
      [8, 12],
      [16, 4],
    ] as const)
      pack(form, 20, 4, first, rows)
  })

test('random cases', () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most })
  fc.assert(
    fc.property(
      fc.record({
        n: small(1, 2),
        h: small(5, 11),
        w: small(5, 11),
        c: small(1, 4).map(v => v * 4),
        oc: small(1, 5).map(v => v * 4),
        pad: fc.tuple(small(0, 2), small(0, 2), small(0, 2), small(0, 2)),
        form: fc.constantFrom(...forms),
        block: small(1, 3).map(v => v * 4),
        gap: small(0, 9),
        residual: fc.boolean(),
      }),
      ({ form, ...one }) => run({ ...one, ...form }),
    ),
    { numRuns: 60, seed: 7 },
  )
})

test.run()
