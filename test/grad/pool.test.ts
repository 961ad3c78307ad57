import fc from 'fast-check'
import { suite } from 'uvu'
import { gamma, TINY } from '../bounds.js'
import { check, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { avgPoolGrad, maxPoolGrad } from '../ref/grad/pool.js'
import { avgPool, maxPool, type Sliding, sliding } from '../ref/pool.js'
import { abs, map, size, type Tensor, toNhwc } from '../ref/tensor.js'
import { confirm } from './differences.js'

const test = suite('gradients: pooling')

const filled = (shape: readonly number[], seed = 1): Tensor => ({ shape, data: floats(size(shape), seed) })

/** Both pools on one map; the average with and without padding counted. */
const pooled = (x: Tensor, window: Sliding) => {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number]
  const { kernel, stride, dilation, pad, out } = sliding(h, w, window)
  const label = `${x.shape} ${JSON.stringify(window)}`
  const dims = [n, h, w, c, ...out, ...kernel, ...stride, pad[0], pad[1], ...dilation]
  const dy = filled([n, c, ...out], 2)
  const windows = kernel[0] * kernel[1]
  const [input, below] = [toNhwc(x).data, toNhwc(dy).data]
  const sizes = toNhwc(maxPoolGrad(abs(dy), x, window)).data
  const max = writes(toNhwc(maxPoolGrad(dy, x, window)).data, i => gamma(windows) * sizes[i]!)
  check('max_pool_grad', label, max, reads(below), reads(input), ...dims)
  for (const includePad of [false, true]) {
    const shares = toNhwc(avgPoolGrad(abs(dy), x.shape, { ...window, includePad })).data
    const avg = toNhwc(avgPoolGrad(dy, x.shape, { ...window, includePad })).data
    check(
      'avg_pool_grad',
      `${label} includePad ${includePad}`,
      writes(avg, i => gamma(windows + 2) * shares[i]! + 2 * TINY),
      reads(below),
      ...dims,
      ...(includePad ? pad : [0, 0, 0, 0]),
    )
  }
}

test('the twins, by differences', () => {
  for (const window of [
    { kernel: [2, 2], stride: [2, 2] },
    { kernel: [3, 3], pad: [1, 1, 1, 1], includePad: true },
    { kernel: [3, 2], stride: [2, 1], dilation: [1, 2], pad: [1, 0, 0, 1], ceil: true },
    { kernel: [2, 3], stride: [2, 2], pad: [0, 1, 1, 1], ceil: true, includePad: true },
  ] as const satisfies readonly Sliding[]) {
    const x = filled([2, 2, 6, 7])
    const dy = filled(maxPool(x, window).shape, 3)
    const label = JSON.stringify(window)
    confirm(`max ${label}`, maxPoolGrad(dy, x, window), x => maxPool(x, window), x, dy)
    confirm(`avg ${label}`, avgPoolGrad(dy, x.shape, window), x => avgPool(x, window), x, dy)
  }
})

test('channels around the vector', () => {
  for (const c of [1, 2, 3, 4, 5, 7, 8, 9, 13]) {
    pooled(filled([2, c, 4, 5], c), { kernel: [2, 2], stride: [2, 2], pad: [0, 0, 0, 1] })
    pooled(filled([2, c, 4, 6], c), { kernel: [2, 2], stride: [2, 2] })
    pooled(filled([2, c, 4, 6], c), { kernel: [3, 3], pad: [1, 1, 1, 1] })
  }
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
        for (const ceil of [false, true]) pooled(filled([1, 5, 8, 7]), { kernel, stride, dilation, ceil })
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
      [3, 3],
    ] as const)
      for (const ceil of [false, true]) pooled(filled([2, 5, 5, 6]), { kernel: [3, 3], stride, pad, ceil })
})

test('the whole map', () => {
  for (const [h, w] of [
    [1, 1],
    [7, 7],
    [1, 13],
    [5, 3],
  ] as const)
    pooled(filled([3, 6, h, w]), { kernel: [h, w], stride: [h, w] })
  pooled(filled([3, 6, 5, 5]), { kernel: [5, 5] })
})

test('equal maxima, and what is not an ordinary number', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number
  // Few different numbers: most windows have their maximum more than once.
  const coarse = map(filled([2, 9, 6, 6]), v => Math.round(v * 2))
  for (const c of [3, 4, 9]) {
    const x = { shape: [2, c, 6, 6], data: coarse.data.slice(0, 72 * c) }
    pooled(x, { kernel: [2, 2], stride: [2, 2] })
    pooled(x, { kernel: [3, 3], pad: [1, 1, 1, 1] })
    for (const values of [[nan], [nan, nan], [inf], [-0, 0], [nan, inf], new Array<number>(16).fill(-inf)]) {
      const odd = { ...x, data: x.data.slice() }
      for (let i = 0; i < c; i++) odd.data.set(values, 36 * i + 5)
      pooled(odd, { kernel: [2, 2], stride: [2, 2] })
      pooled(odd, { kernel: [3, 3], pad: [1, 1, 1, 1] })
    }
  }
})

const pair = (least: number, most: number) =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
const cases = fc
  .record({
    shape: fc.tuple(...[3, 9, 9, 9].map(max => fc.integer({ min: 1, max }))),
    kernel: pair(1, 4),
    stride: pair(1, 4),
    dilation: pair(1, 2),
    pad: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)),
    ceil: fc.boolean(),
    seed: fc.nat(),
  })
  .filter(({ shape: [, , h, w], ...window }) => {
    const { out } = sliding(h!, w!, window)
    if (out[0] < 1 || out[1] < 1) return false
    const ones: Tensor = { shape: [1, 1, h!, w!], data: new Float64Array(h! * w!).fill(1) }
    return maxPool(ones, window).data.every(v => v === 1)
  })

test('any pool', () => {
  fc.assert(
    fc.property(cases, ({ shape, seed, ...window }) => pooled(filled(shape, seed), window)),
    { seed: 5, numRuns: 150 },
  )
})

test.run()
