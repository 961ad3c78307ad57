import { suite } from 'uvu'
import { agree, filled, node, weight } from '../graphs.js'

const test = suite('reshaped maps')

const pointwise = { kernel: [1, 1], stride: [1, 1], pad: [0, 0, 0, 0], dilation: [1, 1], groups: 1 }

// With one channel, or one pixel, both orders of a map are the same bytes: under its new shape they are not.
for (const [what, last, weights] of [
  ['Add', node('Add', ['r', 'p'], 'y'), { p: filled([5], 2) }],
  ['Softmax', node('Softmax', ['r'], 'y', { axis: 1 }), {}],
  ['Pad', node('Pad', ['r'], 'y', { pads: [0, 0, 0, 1, 0, 0, 0, 1], value: 0 }), {}],
] as const)
  test(`a map of one channel becomes one of four, then ${what}`, async () => {
    await agree(
      {
        inputs: { x: [3, 4, 5] },
        outputs: ['y'],
        nodes: [node('Conv', ['x', 'w'], 'a', pointwise), node('Reshape', ['a'], 'r', { shape: [0, 4, 1, 5] }), last],
        weights: { w: weight([1, 3, 1, 1], 1), ...weights },
      },
      { batch: 2, images: [2, 1] },
    )
  })

test('a map of one pixel becomes one of four, then Softmax', async () => {
  await agree(
    {
      inputs: { x: [8, 4, 5] },
      outputs: ['y'],
      nodes: [
        node('GlobalAveragePool', ['x'], 'a'),
        node('Reshape', ['a'], 'r', { shape: [0, 2, 2, 2] }),
        node('Softmax', ['r'], 'y', { axis: 1 }),
      ],
    },
    { batch: 2, images: [2, 1] },
  )
})

test('a Slice of all is a view', async () => {
  const all = { starts: [0, -9], ends: [5, 2 ** 31 - 1], axes: [1, 3], steps: [1, 1] }
  await agree(
    {
      inputs: { x: [3, 4, 5] },
      outputs: ['y', 'z'],
      nodes: [
        node('Conv', ['x', 'w'], 'c', { kernel: [1, 1] }),
        node('Slice', ['c'], 's', all),
        node('Relu', ['s'], 'y'),
        node('Slice', ['x'], 'z', { ...all, ends: [3, 5] }),
      ],
      weights: { w: filled([5, 3, 1, 1], 1) },
    },
    { batch: 2 },
  )
  // The same shape backwards is another thing.
  const back = { starts: [-1], ends: [-(2 ** 31 - 1)], axes: [3], steps: [-1] }
  await agree({ inputs: { x: [3, 4, 5] }, outputs: ['y'], nodes: [node('Slice', ['x'], 'y', back)] })
})

test.run()
