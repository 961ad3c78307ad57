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

test.run()
