import fc from 'fast-check'
import { suite } from 'uvu'
import { dot } from '../bounds.js'
import { at, check, KEEP, NONE, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { conv, gemm } from '../ref/conv.js'
import { add, clamp } from '../ref/eltwise.js'
import { pad } from '../ref/layout.js'
import { panels } from '../ref/pack.js'
import { sliding } from '../ref/pool.js'
import { abs, map, size, type Tensor, toNhwc } from '../ref/tensor.js'

const test = suite('kernels: convolution')

/** Seven floats behind the bias are read with its last panel. */
const BIAS_SLACK = 28

const filled = (shape: readonly number[], seed: number): Tensor => ({ shape, data: floats(size(shape), seed) })

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
  bias: true,
  residual: false,
  limits: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as readonly [number, number],
  seed: 1,
}
type Case = typeof base

/** One group of a convolution by `conv_direct`, against the reference; the other groups' channels must stay as they are. */
const direct = (changes: Partial<Case>) => {
  const c: Case = { ...base, ...changes }
  const { n, groups, group, kernel, stride, dilation } = c
  const [channels, outputs] = [c.channels * groups, c.outputs * groups]
  const x = filled([n, channels, ...c.image], c.seed)
  const w = filled([outputs, c.channels, ...kernel], c.seed + 1)
  const b = c.bias ? filled([outputs], c.seed + 2) : undefined
  const window = { stride, dilation, groups, pad: [c.pad, c.pad, c.pad, c.pad] as const }
  const plain = conv(x, w, b, window)
  const residual = c.residual ? filled(plain.shape, c.seed + 3) : undefined
  const y = toNhwc(clamp(residual === undefined ? plain : add(plain, residual), ...c.limits))
  const sizes = conv(abs(x), abs(w), b && abs(b), window)
  const magnitude = toNhwc(residual === undefined ? sizes : add(sizes, abs(residual)))

  const mine = (i: number) => Math.floor((i % outputs) / c.outputs) === group
  const padded = toNhwc(pad(x, [0, 0, c.pad, c.pad, 0, 0, c.pad, c.pad]))
  const row = padded.shape[2]! * channels * 4
  const own = w.data.subarray((size(w.shape) / groups) * group, (size(w.shape) / groups) * (group + 1))
  const packed = panels({ shape: [c.outputs, c.channels, kernel[0] * kernel[1]], data: own }, 0)
  const shift = group * c.outputs * 4
  const runs = groups === 1 && dilation[1] === 1
  check(
    'conv_direct',
    JSON.stringify(changes),
    at(
      writes(
        Array.from(y.data, (v, i) => (mine(i) ? v : KEEP)),
        dot(size(w.shape.slice(1)), magnitude.data),
      ),
      shift,
    ),
    residual === undefined ? NONE : at(reads(toNhwc(residual).data), shift),
    at(reads(padded.data), group * c.channels * 4),
    reads(packed),
    b === undefined ? NONE : at(reads(b.data, BIAS_SLACK), shift),
    n,
    ...sliding(...c.image, { ...window, kernel }).out,
    c.outputs,
    padded.shape[1]! * row,
    stride[0] * row,
    stride[1] * channels * 4,
    kernel[0],
    dilation[0] * row,
    ...(runs ? [1, 0, kernel[1] * channels] : [kernel[1], dilation[1] * channels * 4, c.channels]),
    outputs * 4,
    ...c.limits,
  )
}

const around = [1, 2, 3, 4, 5, 7, 8, 9, 17]

test('output channels around the tile', () => {
  for (const outputs of around)
    for (const residual of [false, true]) direct({ outputs, residual, bias: !residual, seed: outputs })
})

test('output pixels around the tile', () => {
  for (const width of around) direct({ image: [1, width], outputs: 5, seed: width })
  for (const height of around) direct({ image: [height, 3], kernel: [1, 3], outputs: 9, seed: height })
})

test('channels and images', () => {
  for (const channels of around) direct({ channels, kernel: [2, 3], n: 2, seed: channels })
  for (const n of [1, 2, 3, 5]) direct({ n, image: [3, 3], kernel: [2, 2], seed: n })
})

test('kernel, stride and dilation', () => {
  for (const kernel of [
    [1, 1],
    [3, 3],
    [5, 5],
    [1, 7],
    [7, 1],
    [2, 3],
  ] as const)
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 3],
      [1, 2],
      [3, 1],
    ] as const)
      for (const dilation of [
        [1, 1],
        [2, 2],
        [1, 2],
        [2, 1],
      ] as const)
        direct({ kernel, stride, dilation, image: [13, 14], pad: 1, outputs: 5, channels: 2 })
})

test('padding', () => {
  for (const p of [0, 1, 2]) direct({ pad: p, kernel: [3, 3], image: [4, 7], residual: true })
})

test('groups, depthwise included', () => {
  for (const [groups, channels, outputs] of [
    [2, 3, 5],
    [3, 4, 8],
    [2, 1, 9],
    [5, 1, 1],
    [17, 1, 1],
    [4, 2, 1],
  ] as const)
    for (const dilation of [
      [1, 1],
      [2, 2],
    ] as const)
      for (let group = 0; group < groups; group++)
        direct({ groups, group, channels, outputs, dilation, kernel: [3, 3], image: [6, 7], pad: 1, residual: true })
})

test('limits, with and without bias and residual', () => {
  for (const limits of [
    [0, Number.POSITIVE_INFINITY],
    [0, 0.25],
    [-0.5, 0.5],
    [-0.1, Number.POSITIVE_INFINITY],
  ] as const)
    for (const bias of [false, true])
      for (const residual of [false, true]) direct({ limits, bias, residual, kernel: [3, 3], outputs: 13 })
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
    bias: fc.boolean(),
    residual: fc.boolean(),
    limits: fc.constantFrom(base.limits, [0, Number.POSITIVE_INFINITY] as const, [-0.25, 0.5] as const),
    seed: fc.nat(),
  })
  .map(c => ({ ...c, group: c.group % c.groups }))
  .filter(c => [0, 1].every(i => c.image[i]! + 2 * c.pad >= (c.kernel[i]! - 1) * c.dilation[i]! + 1))

test('any convolution', () => {
  fc.assert(fc.property(cases, direct), { seed: 1, numRuns: 150 })
})

test('one NaN or infinity reaches exactly the windows that see it', () => {
  for (const special of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const x = filled([1, 3, 5, 5], 7)
    x.data[25 + 12] = special
    const w = map(filled([6, 3, 3, 3], 8), v => Math.abs(v) + 0.5)
    const y = toNhwc(conv(x, w, undefined))
    check(
      'conv_direct',
      `${special}`,
      writes(y.data, () => 1e-4),
      NONE,
      reads(toNhwc(x).data),
      reads(panels({ shape: [6, 3, 9], data: w.data }, 0)),
      NONE,
      ...[1, 3, 3, 6, 300, 60, 12, 3, 60, 1, 0, 9, 24, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    )
  }
})

const streamed = (
  k: number,
  outputs: number,
  bias: boolean,
  residual: boolean,
  limits: Case['limits'],
  seed: number,
) => {
  const x = filled([1, k], seed)
  const w = filled([outputs, k], seed + 1)
  const b = bias ? filled([outputs], seed + 2) : undefined
  const res = residual ? filled([1, outputs], seed + 3) : undefined
  const plain = gemm(x, w, b)
  const sizes = gemm(abs(x), abs(w), b && abs(b))
  check(
    'gemv',
    `k ${k}, ${outputs} outputs, bias ${bias}, residual ${residual}, limits ${limits}, seed ${seed}`,
    writes(
      clamp(res === undefined ? plain : add(plain, res), ...limits).data,
      dot(k, (res ? add(sizes, abs(res)) : sizes).data),
    ),
    res === undefined ? NONE : reads(res.data),
    reads(x.data),
    reads(panels({ shape: [outputs, k, 1], data: w.data }, 0)),
    b === undefined ? NONE : reads(b.data, BIAS_SLACK),
    k,
    outputs,
    ...limits,
  )
}

test('gemv around the tile', () => {
  for (const k of [...around, 13, 64, 120, 1000])
    for (const outputs of [...around, 31, 32, 33, 40, 64, 71])
      streamed(k, outputs, outputs % 2 === 0, k % 2 === 0, base.limits, k)
  for (const limits of [
    [0, Number.POSITIVE_INFINITY],
    [-0.5, 0.5],
  ] as const)
    for (const bias of [false, true])
      for (const residual of [false, true])
        for (const outputs of [13, 45]) streamed(17, outputs, bias, residual, limits, 3)
})

test.run()
