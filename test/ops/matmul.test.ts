// MatMul of two computed values, or of one and a stack of constants.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Shape } from '../../ts/types.js'
import { agree, filled, node, type Runs } from '../graphs.js'
import { one } from './maps.js'

const test = suite('operators: MatMul')

/** Both go by image, so that the batch is in front of each. */
const product = (a: Shape, b: Shape, runs: Runs = {}) =>
  agree({ inputs: { a, b }, outputs: ['y'], nodes: [node('MatMul', ['a', 'b'], 'y')] }, runs)

const around = [1, 3, 4, 5, 7, 8, 9, 17]

test('rows, columns and what they have in common', async () => {
  for (const v of around) {
    await product([v, 5], [5, 6], { batch: 2 })
    await product([3, v], [v, 9])
    await product([4, 3], [3, v], { batch: 3 })
  }
})

test('stacks, with broadcasting', async () => {
  await product([3, 4, 5], [3, 5, 2], { batch: 2 })
  await product([1, 4, 5], [3, 5, 2], { batch: 2 })
  await product([3, 4, 5], [1, 5, 2], { batch: 2 })
  await product([2, 1, 4, 5], [1, 3, 5, 9], { batch: 2 })
  for (const w of [
    [1, 5, 3],
    [2, 5, 3],
    [1, 2, 5, 3],
    [1, 1, 1, 5, 3],
  ])
    await one('MatMul', [2, 4, 5], {}, [filled(w, 2)], { batch: 2 })
  // By one matrix of the file, and from one.
  await one('MatMul', [4, 5], {}, [filled([5, 3], 2)], { batch: 2 })
  for (const w of [
    [3, 4],
    [2, 3, 4],
    [1, 1, 3, 4],
  ])
    await agree(
      {
        inputs: { x: [2, 4, 5] },
        outputs: ['y'],
        nodes: [node('MatMul', ['w', 'x'], 'y')],
        weights: { w: filled(w, 1) },
      },
      { batch: 2 },
    )
})

test('of a map that lies as NHWC, and attention', async () => {
  await agree(
    {
      inputs: { x: [5, 3, 4] },
      outputs: ['y', 'c'],
      nodes: [
        node('Conv', ['x', 'k'], 'c', { kernel: [1, 1] }),
        node('Transpose', ['c'], 't', { perm: [0, 1, 3, 2] }),
        node('MatMul', ['c', 't'], 's'),
        node('Softmax', ['s'], 'p', { axis: 3 }),
        node('MatMul', ['p', 'c'], 'y'),
      ],
      weights: { k: filled([6, 5, 1, 1], 1) },
    },
    { batch: 2 },
  )
})

test('what does not multiply', async () => {
  for (const [a, b] of [
    [
      [3, 4],
      [5, 2],
    ],
    [
      [2, 3, 4],
      [3, 4, 2],
    ],
    [[2, 4], []],
  ] as const)
    try {
      await product(a, b)
      assert.unreachable(`${a} and ${b}`)
    } catch (error) {
      assert.is((error as { code: string }).code, 'SHAPE', `${error}`)
    }
})

test.run()
