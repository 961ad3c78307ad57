import { suite } from 'uvu'
import { check, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { panels } from '../ref/pack.js'
import { get, type Tensor, tensor } from '../ref/tensor.js'

const test = suite('gradients: panels')

const around = [1, 3, 4, 5, 7, 8, 9, 12, 17]

const weights = (shape: readonly [number, number, number], seed: number): Tensor => ({
  shape,
  data: floats(shape[0] * shape[1] * shape[2], seed),
})

/** w O×C×T as C×O×T, with the taps in this order. */
const transposed = (w: Tensor, order: readonly number[]): Tensor =>
  tensor([w.shape[1]!, w.shape[0]!, order.length], ([c, o, t]) => get(w, [o!, c!, order[t!]!]))

test('flip_panels', () => {
  for (const oc of around)
    for (const c of around)
      for (const taps of [1, 2, 9]) {
        const w = weights([oc, c, taps], oc)
        const order = [...Array(taps).keys()].reverse()
        const flipped = panels(transposed(w, order), 0)
        // What is in the lanes without an output is nobody's business.
        check('flip_panels', `${oc}×${c}×${taps}`, writes(flipped), reads(panels(w, Number.NaN)), oc, taps, c)
      }
})

/** Along one axis, the taps that meet output 0, 1, …, each list from the last to the first. */
const met = (kernel: number, stride: number, dilation: number, pad: number): number[][] =>
  Array.from({ length: stride }, (_, r) =>
    [...Array(kernel).keys()].filter(k => (r + pad - k * dilation) % stride === 0).reverse(),
  )

test('phase_panels: every tap once, in the order of conv_transposed', () => {
  for (const kernel of [
    [1, 1],
    [3, 3],
    [2, 5],
    [7, 7],
  ] as const)
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 2],
      [1, 4],
    ] as const)
      for (const dilation of [
        [1, 1],
        [2, 3],
      ] as const)
        for (const pad of [
          [0, 0],
          [1, 5],
        ] as const) {
          const [rows, columns] = ([0, 1] as const).map(i => met(kernel[i], stride[i], dilation[i], pad[i])) as [
            number[][],
            number[][],
          ]
          const order = rows.flatMap(ys => columns.flatMap(xs => ys.flatMap(ky => xs.map(kx => ky * kernel[1] + kx))))
          const [oc, c] = [5, 9]
          const w = weights([oc, c, kernel[0] * kernel[1]], 1)
          check(
            'phase_panels',
            JSON.stringify({ kernel, stride, dilation, pad }),
            writes(panels(transposed(w, order), 0)),
            reads(panels(w, Number.NaN)),
            ...[oc, ...kernel, c, ...stride, ...pad, ...dilation],
          )
        }
})

test('unpack_panels: the way back of pack_panels', () => {
  for (const oc of around)
    for (const c of [1, 3, 5])
      for (const taps of [1, 2, 9]) {
        const w = weights([oc, c, taps], oc)
        check('unpack_panels', `${oc}×${c}×${taps}`, writes(w.data), reads(panels(w, Number.NaN)), 0, oc, c, taps)
      }
})

test('unpack_panels: a few rows at a time', () => {
  const [oc, c, taps] = [21, 3, 4]
  const w = weights([oc, c, taps], 1)
  for (const [first, rows] of [
    [0, 1],
    [7, 1],
    [7, 2],
    [8, 8],
    [5, 12],
    [20, 1],
    [3, 2],
  ] as const) {
    const part = w.data.subarray(first * c * taps, (first + rows) * c * taps)
    check('unpack_panels', `rows ${first} on`, writes(part), reads(panels(w, Number.NaN)), first, rows, c, taps)
  }
})

test.run()
