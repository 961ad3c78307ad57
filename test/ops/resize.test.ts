import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { load } from '../../ts/entry/node.js'
import { encodeModel } from '../../ts/file.js'
import { U } from '../bounds.js'
import { modules } from '../builds.js'
import { check, reads, writes } from '../check.js'
import { agree, filled, node } from '../graphs.js'
import { resize } from '../ref/resize.js'
import { abs, toNhwc } from '../ref/tensor.js'
import { behind, one } from './maps.js'

const test = suite('resizing')

const COORDINATES = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric']
const ROUNDING = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']

const kernels = { nearest: 'resize_nearest', linear: 'resize_linear' } as const

test('kernels: channels', () => {
  for (const c of [1, 2, 3, 4, 5, 7, 8, 9, 13])
    for (const mode of ['nearest', 'linear'] as const) {
      const x = filled([2, c, 3, 5], c)
      x.data[c] = mode === 'nearest' ? Number.POSITIVE_INFINITY : 0.5
      const y = toNhwc(resize(x, { mode, coordinates: 'asymmetric', rounding: 'floor', sizes: [7, 4] })).data
      const most = Math.max(...abs(x).data)
      const within = mode === 'linear' ? () => 8 * U * most : undefined
      const dims = [2, 3, 5, c, 7, 4, 0, 3, 7, 0, 5, 4, 0]
      check(kernels[mode], `${c} channels`, writes(y, within), reads(toNhwc(x).data), ...dims)
    }
})

const SIZES = [
  [1, 1],
  [1, 7],
  [3, 4],
  [4, 2],
  [6, 8],
  [5, 9],
  [7, 3],
]

test('Resize: every mode, to sizes', async () => {
  for (const coordinates of COORDINATES)
    for (const sizes of SIZES) {
      await one('Resize', [5, 3, 4], { mode: 'linear', coordinates, sizes }, [], { batch: 2 })
      for (const rounding of ROUNDING)
        await one('Resize', [3, 3, 4], { mode: 'nearest', coordinates, rounding, sizes }, [], { batch: 2 })
    }
})

test('Resize: every mode, by scales', async () => {
  const scales = [
    [2, 2],
    [0.5, 3],
    [0.6, 0.7],
    [2.3, 1.9],
    [1 / 3, 0.3],
    [1, 1],
  ]
  for (const coordinates of COORDINATES)
    for (const pair of scales.map(pair => pair.map(Math.fround))) {
      await one('Resize', [5, 4, 10], { mode: 'linear', coordinates, scales: pair })
      for (const rounding of ROUNDING)
        await one('Resize', [2, 4, 10], { mode: 'nearest', coordinates, rounding, scales: pair })
    }
})

test('Resize behind a convolution', async () => {
  for (const mode of ['nearest', 'linear'])
    await behind('Resize', { mode, coordinates: 'half_pixel', rounding: 'floor', scales: [2, 1.5] })
})

test('scales follow the image, sizes do not', async () => {
  for (const [attrs, wanted] of [
    [{ scales: [2, 1.5] }, [1, 3, 12, 12]],
    [{ sizes: [5, 7] }, [1, 3, 5, 7]],
  ] as const) {
    const how = { mode: 'linear', coordinates: 'half_pixel', ...attrs }
    const graph = {
      inputs: [{ name: 'x', shape: [1, 3, 4, 4] }],
      outputs: ['y'],
      nodes: [node('Resize', ['x'], 'y', how)],
    }
    const bytes = await encodeModel({ tensors: new Map(), graph })
    const net = await load(bytes, { ...modules[0]!, inputShape: [3, 6, 8] })
    assert.equal(net.outputs.y, wanted)
    const x = filled([1, 3, 6, 8], 1)
    const y = net.run(Float32Array.from(x.data)).y!
    const reference = resize(x, how as never).data
    assert.ok(y.every((v, i) => Math.abs(v - reference[i]!) < 1e-6))
    net.dispose()
  }
})

test('what does not fit is told', async () => {
  const fails = async (x: number[], attrs: Record<string, number[]>, wanted: RegExp) => {
    const nodes = [node('Resize', ['x'], 'y', { mode: 'linear', coordinates: 'half_pixel', ...attrs })]
    const failure = await agree({ inputs: { x }, outputs: ['y'], nodes }).catch(String)
    assert.match(failure as string, wanted)
  }
  await fails([3, 4, 4], { scales: [0.1, 1] }, /Resize "y": cannot bring 4×4 to scale 0.1,1/)
  await fails([3, 4, 4], {}, /cannot bring 4×4 to scale/)
  await fails([3, 4], { sizes: [2, 2] }, /needs a map/)
})

test.run()
