// conv_transposed against its definition, which spreads every input over the outputs.
import { suite } from 'uvu'
import { dot } from '../bounds.js'
import { at, check, KEEP, NONE, reads, writes } from '../check.js'
import { filled } from '../graphs.js'
import { convTranspose } from '../ref/conv.js'
import { add, clamp } from '../ref/eltwise.js'
import * as layout from '../ref/layout.js'
import { panels } from '../ref/pack.js'
import { abs, get, map, tensor, toNhwc } from '../ref/tensor.js'

const test = suite('kernels: transposed convolution')

const base = {
  n: 1,
  channels: 3,
  outputs: 8,
  image: [3, 4] as readonly [number, number],
  kernel: [3, 3] as readonly [number, number],
  stride: [2, 2] as readonly [number, number],
  dilation: [1, 1] as readonly [number, number],
  pad: [0, 0, 0, 0] as readonly [number, number, number, number],
  groups: 1,
  group: 0,
  bias: true,
  residual: false,
  limits: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as readonly [number, number],
}

/** Along one axis, the taps that meet output 0, 1, …, each list from the last to the first. */
const met = (kernel: number, stride: number, dilation: number, pad: number): number[][] =>
  Array.from({ length: stride }, (_, r) =>
    [...Array(kernel).keys()].filter(k => (r + pad - k * dilation) % stride === 0).reverse(),
  )

/** One group by `conv_transposed`, against the definition; the other groups' channels must stay as they are. */
const direct = (changes: Partial<typeof base>) => {
  const c = { ...base, ...changes }
  const { n, groups, group, kernel, stride, dilation, pad, outputs } = c
  const [channels, all] = [c.channels * groups, outputs * groups]
  const x = filled([n, channels, ...c.image], 1)
  const w = filled([channels, outputs, ...kernel], 2)
  const b = c.bias ? filled([all], 3) : undefined
  const plain = convTranspose(x, w, b, c)
  const res = c.residual ? filled(plain.shape, 4) : undefined
  const y = toNhwc(clamp(res ? add(plain, res) : plain, ...c.limits))
  const sizes = convTranspose(abs(x), abs(w), b && abs(b), c)
  const magnitude = toNhwc(res ? add(sizes, abs(res)) : sizes)
  // As many zeros around it as the window reaches.
  const zeros = [0, 1].map(i => kernel[i]! * dilation[i]!) as [number, number]
  const padded = toNhwc(layout.pad(x, [0, 0, ...zeros, 0, 0, ...zeros]))
  const taps = kernel[0] * kernel[1]
  const [rows, columns] = ([0, 1] as const).map(i => met(kernel[i], stride[i], dilation[i], pad[i])) as [
    number[][],
    number[][],
  ]
  const order = rows.flatMap(ys => columns.flatMap(xs => ys.flatMap(ky => xs.map(kx => ky * kernel[1] + kx))))
  const own = tensor([outputs, c.channels, taps], ([o, k, t]) =>
    get(w, [group * c.channels + k!, o!, Math.floor(order[t!]! / kernel[1]), order[t!]! % kernel[1]]),
  )
  const mine = (i: number) => Math.floor((i % all) / outputs) === group
  const shift = group * outputs * 4
  check(
    'conv_transposed',
    JSON.stringify(changes),
    at(
      writes(
        Array.from(y.data, (v, i) => (mine(i) ? v : KEEP)),
        dot(c.channels * taps, magnitude.data),
      ),
      shift,
    ),
    res ? at(reads(toNhwc(res).data), shift) : NONE,
    at(reads(padded.data), group * c.channels * 4),
    reads(panels(own, 0)),
    b ? at(reads(b.data, 28), shift) : NONE,
    n,
    padded.shape[1]!,
    padded.shape[2]!,
    channels,
    c.channels,
    plain.shape[2]!,
    plain.shape[3]!,
    outputs,
    all,
    ...kernel,
    ...stride,
    pad[0] + zeros[0] * stride[0],
    pad[1] + zeros[1] * stride[1],
    ...dilation,
    ...c.limits,
  )
}

const around = [1, 3, 4, 5, 7, 8, 9, 17]

test('kernel: channels and pixels around the tile', () => {
  for (const v of around) {
    direct({ outputs: v, residual: v % 2 === 0, bias: v % 3 > 0 })
    direct({ channels: v, n: 2, kernel: [2, 2] })
    direct({ image: [1, v], outputs: 5, residual: true })
    direct({ image: [v, 2], stride: [1, 3] })
  }
})

test('kernel: windows', () => {
  for (const kernel of [
    [1, 1],
    [2, 3],
    [4, 4],
    [1, 5],
  ] as const)
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 4],
      [6, 1],
    ] as const)
      for (const dilation of [
        [1, 1],
        [2, 3],
      ] as const)
        for (const pad of [
          [0, 0, 0, 0],
          [1, 0, 0, 1],
        ] as const)
          if (kernel[0] * dilation[0] > 1 && kernel[1] * dilation[1] > 1)
            direct({ kernel, stride, dilation, pad, outputs: 5, residual: pad[0] > 0 })
})

test('kernel: groups, limits', () => {
  for (const [groups, channels, outputs] of [
    [2, 3, 5],
    [3, 1, 1],
    [2, 2, 9],
  ] as const)
    for (let group = 0; group < groups; group++)
      direct({ groups, group, channels, outputs, residual: true, limits: [-0.25, 0.5], image: [2, 5] })
})

test('kernel: a NaN reaches the outputs that see it, and no others', () => {
  const x = filled([1, 1, 2, 3], 1)
  x.data[4] = Number.NaN
  const w = map(filled([1, 1, 2, 2], 2), v => Math.abs(v) + 0.5)
  const zeros = toNhwc(layout.pad(x, [0, 0, 1, 1, 0, 0, 1, 1]))
  check(
    'conv_transposed',
    'NaN',
    writes(toNhwc(convTranspose(x, w, undefined, { kernel: [2, 2], stride: [2, 2] })).data, () => 1e-6),
    NONE,
    reads(zeros.data),
    reads(panels({ shape: [1, 1, 4], data: w.data }, 0)),
    NONE,
    ...[1, 4, 5, 1, 1, 4, 6, 1, 1, 2, 2, 2, 2, 2, 2, 1, 1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  )
})

test.run()
