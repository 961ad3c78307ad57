import fc from 'fast-check'
import { suite } from 'uvu'
import { gamma, TINY } from '../bounds.js'
import { check, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { avgPool, maxPool, type Sliding, sliding } from '../ref/pool.js'
import { abs, size, type Tensor, toNhwc } from '../ref/tensor.js'

const test = suite('kernels: pooling')

type Four = readonly [number, number, number, number]

/** The maximum of both zeros may be either of them. */
const exact = () => 0

/** Both pools on one map; the average with and without padding counted. */
const pooled = (x: Tensor, window: Sliding) => {
  const [n, c, h, w] = x.shape as Four
  const { kernel, stride, dilation, pad, out } = sliding(h, w, window)
  const label = `${x.shape} ${JSON.stringify(window)}`
  const dims = [n, h, w, c, ...out, ...kernel, ...stride, pad[0], pad[1], ...dilation]
  const input = toNhwc(x).data
  check('max_pool', label, writes(toNhwc(maxPool(x, window)).data, exact), reads(input), ...dims)
  const taps = kernel[0] * kernel[1]
  for (const includePad of [false, true]) {
    const y = toNhwc(avgPool(x, { ...window, includePad })).data
    const sizes = toNhwc(avgPool(abs(x), { ...window, includePad })).data
    const within = (i: number) => gamma(taps + 2) * sizes[i]! + 2 * TINY
    check(
      'avg_pool',
      `${label} includePad ${includePad}`,
      writes(y, within),
      reads(input),
      ...dims,
      ...(includePad ? pad : [0, 0, 0, 0]),
    )
  }
}

const filled = (shape: Four, seed = 1): Tensor => ({ shape, data: floats(size(shape), seed) })

test('channels around the vector', () => {
  for (const c of [1, 2, 3, 4, 5, 7, 8, 9, 13])
    pooled(filled([2, c, 4, 5], c), { kernel: [2, 2], stride: [2, 2], pad: [0, 0, 0, 1] })
})

test('kernel, stride, dilation and ceil', () => {
  for (const kernel of [
    [1, 1],
    [2, 2],
    [3, 3],
    [1, 3],
    [3, 2],
  ] as const)
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 3],
      [2, 1],
    ] as const)
      for (const dilation of [
        [1, 1],
        [2, 2],
        [1, 2],
      ] as const)
        for (const ceil of [false, true]) pooled(filled([1, 3, 8, 7]), { kernel, stride, dilation, ceil })
})

test('padding, the four sides apart', () => {
  for (const pad of [
    [1, 1, 1, 1],
    [0, 1, 0, 1],
    [1, 0, 0, 0],
    [0, 0, 2, 2],
    [2, 1, 0, 1],
    [0, 2, 1, 0],
  ] as const)
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 2],
    ] as const)
      for (const ceil of [false, true]) pooled(filled([2, 5, 5, 6]), { kernel: [3, 3], stride, pad, ceil })
})

test('dilated windows in the padding', () => {
  for (const pad of [
    [1, 1, 1, 1],
    [2, 2, 2, 2],
    [3, 0, 1, 2],
  ] as const)
    pooled(filled([1, 4, 6, 6]), { kernel: [3, 3], dilation: [2, 2], pad })
})

test('the whole map', () => {
  for (const [h, w] of [
    [1, 1],
    [7, 7],
    [1, 13],
    [5, 3],
  ] as const)
    pooled(filled([3, 6, h, w]), { kernel: [h, w] })
})

test('what is not an ordinary number', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number
  for (const values of [[nan], [inf], [-inf], [-0, 0], [inf, nan], [-inf, -inf, -inf, -inf, nan], [2 ** -149]]) {
    // Fewer channels than a vector, and more.
    for (const c of [2, 4, 7]) {
      const x = filled([1, c, 4, 4])
      for (let i = 0; i < c; i++) x.data.set(values, 16 * i + 5)
      pooled(x, { kernel: [2, 2], stride: [2, 2] })
      pooled(x, { kernel: [3, 3], pad: [1, 1, 1, 1] })
    }
  }
  const lowest: Tensor = { shape: [1, 5, 3, 3], data: new Float64Array(45).fill(-inf) }
  pooled(lowest, { kernel: [3, 3], pad: [1, 1, 1, 1] })
  pooled({ ...lowest, data: new Float64Array(45).fill(-0) }, { kernel: [2, 2] })
})

const pair = (least: number, most: number) =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
const cases = fc
  .record({
    shape: fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
    ),
    kernel: pair(1, 4),
    stride: pair(1, 3),
    dilation: pair(1, 2),
    pad: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    ceil: fc.boolean(),
    seed: fc.nat(),
  })
  .filter(({ shape: [, , h, w], ...window }) => {
    const { out } = sliding(h, w, window)
    if (out[0] < 1 || out[1] < 1) return false
    // Every window must touch the map: what the kernels leave to the caller.
    const ones: Tensor = { shape: [1, 1, h, w], data: new Float64Array(h * w).fill(1) }
    return maxPool(ones, window).data.every(v => v === 1)
  })

test('any pool', () => {
  fc.assert(
    fc.property(cases, ({ shape, seed, ...window }) => pooled(filled(shape, seed), window)),
    { seed: 4, numRuns: 150 },
  )
})

test.run()
