import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compile } from '../../ts/compile.js'
import { gamma, TINY } from '../bounds.js'
import { check, NONE, reads, scratch, writes } from '../check.js'
import { agree, node, weight } from '../graphs.js'
import { floats } from '../random.js'
import { conv } from '../ref/conv.js'
import { abs, size, type Tensor } from '../ref/tensor.js'
import { winogradSizes, winogradSteps } from '../ref/winograd.js'

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

/** Panels [OC/8][3][3][C][8]. */
const panels = ({ shape, data }: Tensor): Float64Array => {
  const [oc, c] = shape as readonly [number, number]
  const result = new Float64Array(Math.ceil(oc / 8) * 8 * c * 9)
  for (let o = 0; o < oc; o++)
    for (let i = 0; i < c; i++)
      for (let t = 0; t < 9; t++) result[(((o >> 3) * 9 + t) * c + i) * 8 + (o & 7)] = data[(o * c + i) * 9 + t]!
  return result
}

interface Case {
  readonly n?: number
  readonly h: number
  readonly w: number
  readonly c: number
  readonly oc: number
  readonly pad?: readonly [number, number, number, number]
  readonly block?: number
  readonly residual?: boolean
  readonly limits?: readonly [number, number]
}

const run = ({ n = 1, h, w, c, oc, pad = [1, 1, 1, 1], block = 4, residual = false, limits = [-9e9, 9e9] }: Case) => {
  const x = random([n, c, h, w], 1)
  const weights = random([oc, c, 3, 3], 2)
  const bias = random([oc], 3)
  const window = { pad, stride: [1, 1], dilation: [1, 1] } as const
  const y = conv(x, weights, bias, window)
  const [, , oh, ow] = y.shape as readonly [number, number, number, number]
  const res = random(y.shape, 4)
  const sizes = winogradSizes(abs(x), abs(weights), window)
  const wanted = y.data.map((v, i) => Math.min(Math.max(v + (residual ? res.data[i]! : 0), limits[0]), limits[1]))
  const magnitude = nhwc({
    shape: y.shape,
    data: sizes.data.map((v, i) => v + Math.abs(y.data[i]!) + 2),
  })
  check(
    'conv_winograd',
    JSON.stringify({ n, h, w, c, oc, pad, block, residual, limits }),
    writes(nhwc({ shape: y.shape, data: wanted }), i => gamma(winogradSteps(c)) * magnitude[i]! + TINY),
    residual ? reads(nhwc(res)) : NONE,
    reads(nhwc(x)),
    reads(panels(weights)),
    reads(bias.data),
    // Scratch: whatever it holds before and after.
    scratch(36 * (c * 8 + 16)),
    scratch(36 * (block * c + 16)),
    scratch(36 * (block * 8 + 16)),
    scratch(144),
    ...[n, h, w, c, oh, ow, oc, pad[0], pad[1], block, ...limits],
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
]
for (const one of cases) test(`${one.h}×${one.w}, ${one.c} → ${one.oc}`, () => run(one))

test('random cases', () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most })
  fc.assert(
    fc.property(
      fc.record({
        n: small(1, 2),
        h: small(3, 11),
        w: small(3, 11),
        c: small(1, 4).map(v => v * 4),
        oc: small(1, 5).map(v => v * 4),
        pad: fc.tuple(small(0, 2), small(0, 2), small(0, 2), small(0, 2)),
        block: small(1, 3).map(v => v * 4),
        residual: fc.boolean(),
      }),
      run,
    ),
    { numRuns: 40, seed: 7 },
  )
})

const attrs = { kernel: [3, 3], stride: [1, 1], pad: [1, 1, 1, 1], dilation: [1, 1], groups: 1 }

/** A graph of one convolution that is worth Winograd's way, and what it is followed by. */
const network = (c: number, oc: number, size: number) => ({
  inputs: { x: [c, size, size] },
  outputs: ['y'],
  nodes: [node('Conv', ['x', 'w', 'b'], 'a', attrs), node('Relu', ['a'], 'y')],
  weights: { w: weight([oc, c, 3, 3], 1), b: weight([oc], 2) },
})

for (const [c, oc, size] of [
  [16, 16, 16],
  [32, 32, 9],
  [64, 32, 7],
] as const)
  test(`the runtime: ${c} → ${oc} channels of ${size}×${size}, whole and smaller batches`, async () => {
    await agree(network(c, oc, size), { batch: 3, images: [3, 1, 2] })
  })

test('the tests above reach the kernel', () => {
  const kernels = (c: number, oc: number, size: number) => {
    const { nodes, weights, outputs } = network(c, oc, size)
    const tensors = new Map(
      Object.entries(weights).map(([name, { shape }]) => [name, { dtype: 'F32' as const, shape, begin: 0, end: 0 }]),
    )
    const graph = { inputs: [{ name: 'x', shape: [1, c, size, size] }], outputs, nodes }
    return compile({ tensors, graph, dataBegin: 0, dataLength: 0 }).layers[0]!.kernels
  }
  for (const [c, oc, size] of [
    [16, 16, 16],
    [32, 32, 9],
    [64, 32, 7],
  ] as const)
    assert.ok(kernels(c, oc, size).includes('conv_winograd'))
  // Too few channels for the transforms to pay.
  assert.ok(kernels(4, 4, 16).includes('conv_direct'))
})

test.run()
