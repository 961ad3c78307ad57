import fc from 'fast-check'
import { suite } from 'uvu'
import { dot } from '../bounds.js'
import { check, NONE, reads, writes } from '../check.js'
import { agree, node, weight } from '../graphs.js'
import { floats } from '../random.js'
import { conv } from '../ref/conv.js'
import { abs, size, type Tensor } from '../ref/tensor.js'

const test = suite('kernels: depthwise')

const random = (shape: readonly number[], seed: number): Tensor => ({ shape, data: floats(size(shape), seed) })

/** N×C×(H·W) to N×(H·W)×C. */
const channelsLast = ({ shape, data }: Tensor): Float64Array => {
  const [n, c, ...rest] = shape as readonly [number, number, ...number[]]
  const pixels = size(rest)
  const result = new Float64Array(data.length)
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < pixels; p++) result[(i * pixels + p) * c + k] = data[(i * c + k) * pixels + p]!
  return result
}

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
  readonly bias?: boolean
}

const run = ({
  n = 1,
  h,
  w,
  c,
  kernel = [3, 3],
  stride = [1, 1],
  pad = [1, 1, 1, 1],
  dilation = [1, 1],
  residual = false,
  bias = true,
}: Case) => {
  const x = random([n, c, h, w], 1)
  const weights = random([c, 1, ...kernel], 2)
  const b = random([c], 3)
  const window = { stride, pad, dilation, groups: c }
  const y = conv(x, weights, bias ? b : undefined, window)
  const sizes = conv(abs(x), abs(weights), bias ? abs(b) : undefined, window)
  const res = random(y.shape, 4)
  const wanted = { shape: y.shape, data: y.data.map((v, i) => v + (residual ? res.data[i]! : 0)) }
  const magnitude = { shape: y.shape, data: sizes.data.map((v, i) => v + (residual ? Math.abs(res.data[i]!) : 0)) }
  check(
    'conv_depthwise',
    JSON.stringify({ n, h, w, c, kernel, stride, pad, dilation, residual, bias }),
    writes(channelsLast(wanted), dot(kernel[0] * kernel[1], channelsLast(magnitude))),
    residual ? reads(channelsLast(res)) : NONE,
    reads(channelsLast(x)),
    reads(channelsLast({ shape: [1, c, ...kernel], data: weights.data })),
    bias ? reads(b.data) : NONE,
    ...[n, h, w, c, y.shape[2]!, y.shape[3]!, ...kernel, ...stride, pad[0], pad[1], ...dilation],
    ...[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  )
}

const cases: readonly Case[] = [
  { h: 1, w: 1, c: 4 },
  { h: 5, w: 9, c: 4 },
  { h: 6, w: 13, c: 7, residual: true },
  { h: 9, w: 9, c: 13, bias: false },
  { n: 2, h: 4, w: 8, c: 8, residual: true },
  { h: 9, w: 17, c: 5, stride: [2, 2] },
  { h: 8, w: 8, c: 8, stride: [2, 2], pad: [0, 0, 1, 1] },
  { h: 7, w: 19, c: 9, stride: [1, 3] },
  { h: 9, w: 11, c: 4, kernel: [5, 5], pad: [2, 2, 2, 2] },
  { h: 9, w: 11, c: 6, kernel: [1, 7], pad: [0, 3, 0, 3] },
  { h: 11, w: 12, c: 4, dilation: [2, 2], pad: [2, 2, 2, 2] },
  { h: 7, w: 7, c: 12, kernel: [7, 7], pad: [0, 0, 0, 0] },
  { h: 4, w: 6, c: 4, kernel: [2, 3], pad: [1, 2, 0, 1] },
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
        w: small(5, 12),
        c: small(4, 11),
        kernel: pair(1, 3),
        stride: pair(1, 3),
        pad: fc.tuple(small(0, 2), small(0, 2), small(0, 2), small(0, 2)),
        dilation: pair(1, 2),
        residual: fc.boolean(),
        bias: fc.boolean(),
      }),
      run,
    ),
    { numRuns: 60, seed: 5 },
  )
})

for (const c of [4, 6, 16])
  test(`the runtime: ${c} channels, a residual after it`, async () => {
    const attrs = { kernel: [3, 3], stride: [1, 1], pad: [1, 1, 1, 1], dilation: [1, 1], groups: c }
    await agree(
      {
        inputs: { x: [c, 7, 9] },
        outputs: ['y'],
        nodes: [
          node('Relu', ['x'], 'r'),
          node('Conv', ['r', 'w', 'b'], 'a', attrs),
          node('Add', ['a', 'r'], 's'),
          node('Relu', ['s'], 'y'),
        ],
        weights: { w: weight([c, 1, 3, 3], 1), b: weight([c], 2) },
      },
      { batch: 2, images: [2, 1] },
    )
  })

test.run()
