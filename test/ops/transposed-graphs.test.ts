// ConvTranspose in graphs.
import { suite } from 'uvu'
import type { Attr, Shape } from '../../ts/types.js'
import { agree, filled, node, type Runs, weight } from '../graphs.js'
import { one } from './maps.js'

const test = suite('operators: transposed convolution')

const transposed = (
  x: Shape,
  outputs: number,
  kernel: Shape,
  attrs: Record<string, Attr> = {},
  runs: Runs & { readonly bias?: boolean } = {},
) => {
  const groups = (attrs.groups as number) ?? 1
  const w = weight([x[0]!, outputs / groups, ...kernel], 3)
  return one('ConvTranspose', x, { kernel, ...attrs }, runs.bias === false ? [w] : [w, filled([outputs], 4)], runs)
}

const around = [1, 3, 4, 5, 7, 8, 9, 17]

test('channels', async () => {
  for (const c of around) {
    await transposed([c, 3, 5], 5, [3, 3], { stride: [2, 2] }, { batch: 2 })
    await transposed([3, 4, 3], c, [4, 4], { stride: [2, 2], pad: [1, 1, 1, 1] }, { bias: false })
    await transposed([c, 2, 3], c, [2, 2], { stride: [2, 2] }, { batch: 3 })
  }
})

test('kernel, stride, dilation, pads', async () => {
  for (const kernel of [
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
    [5, 2],
  ])
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 1],
      [4, 6],
    ])
      for (const dilation of [
        [1, 1],
        [2, 2],
        [1, 3],
      ])
        for (const [pad, outputPad] of [
          [
            [0, 0, 0, 0],
            [0, 0],
          ],
          [
            [1, 1, 1, 1],
            [1, 0],
          ],
          [
            [2, 0, 1, 3],
            [0, 2],
          ],
        ] as const)
          await transposed([3, 4, 5], 5, kernel, { stride, dilation, pad, outputPad }, { batch: 2 })
})

test('maps of one pixel, one row, one column', async () => {
  for (const image of [
    [1, 1],
    [1, 5],
    [5, 1],
    [2, 2],
  ])
    for (const stride of [
      [1, 1],
      [2, 2],
      [2, 3],
    ])
      for (const pad of [
        [0, 0, 0, 0],
        [1, 0, 0, 1],
      ] as const)
        await transposed([9, ...image], 5, [4, 4], { stride, pad, outputPad: [1, 2] }, { batch: 2 })
  await transposed([3, 1, 1], 2, [65, 2], { stride: [1, 3] }, { batch: 2 })
})

test('groups', async () => {
  for (const [channels, outputs, groups] of [
    [4, 6, 2],
    [6, 18, 3],
    [5, 5, 5],
    [9, 9, 9],
    [2, 18, 2],
  ] as const)
    for (const dilation of [
      [1, 1],
      [2, 1],
    ])
      await transposed([channels, 3, 4], outputs, [3, 4], { groups, dilation, stride: [2, 2] }, { batch: 2 })
})

test('weights of 16 bits, and of many parts', async () => {
  const few = (shape: Shape, seed: number) => ({
    shape,
    data: filled(shape, seed).data.map(v => Math.round(v * 64) / 64),
  })
  await one('ConvTranspose', [64, 1, 2], { kernel: [4, 4], stride: [2, 2] }, [few([64, 20, 4, 4], 1)], {
    dtype: 'BF16',
  })
})

test('batch norm and activation behind it', async () => {
  const vectors = { s: filled([6], 1), t: filled([6], 2), m: filled([6], 3), v: weight([6], 4) }
  vectors.v.data.forEach((v, i) => {
    vectors.v.data[i] = Math.fround(Math.abs(v) + 0.25)
  })
  for (const groups of [1, 2])
    for (const bias of [[], ['b']])
      for (const activation of ['Relu', 'Tanh'])
        await agree(
          {
            inputs: { x: [4, 3, 5] },
            outputs: ['y'],
            nodes: [
              node('ConvTranspose', ['x', 'w', ...bias], 'c', { kernel: [3, 3], stride: [2, 2], groups }),
              node('BatchNormalization', ['c', 's', 't', 'm', 'v'], 'n', { epsilon: 0.125 }),
              node(activation, ['n'], 'y'),
            ],
            weights: { w: weight([4, 6 / groups, 3, 3], 5), b: filled([6], 6), ...vectors },
          },
          { batch: 2 },
        )
})

test('between convolutions, as a decoder has it', async () => {
  await agree(
    {
      inputs: { x: [3, 8, 6] },
      outputs: ['y'],
      nodes: [
        node('Conv', ['x', 'a'], 'down', { kernel: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] }),
        node('ConvTranspose', ['down', 'b'], 'up', { kernel: [2, 2], stride: [2, 2] }),
        node('Concat', ['up', 'x'], 'both', { axis: 1 }),
        node('Conv', ['both', 'c'], 'y', { kernel: [1, 1] }),
      ],
      weights: { a: weight([8, 3, 3, 3], 1), b: weight([8, 5, 2, 2], 2), c: weight([2, 8, 1, 1], 3) },
    },
    { batch: 3 },
  )
})

test.run()
