import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fold } from '../../ts/passes/fold.js'
import { agree, filled, node, weight } from '../graphs.js'
import type { Tensor } from '../ref/tensor.js'

const test = suite('batch norm folded into a convolution')

const positive = ({ shape, data }: Tensor): Tensor => ({ shape, data: data.map(v => Math.fround(Math.abs(v) + 0.25)) })

/** Scale, shift, mean and variance of so many channels. */
const vectors = (c: number) => ({
  scale: filled([c], 11),
  shift: filled([c], 12),
  mean: filled([c], 13),
  variance: positive(filled([c], 14)),
})

const names = ['scale', 'shift', 'mean', 'variance']
const norm = (from: string, to: string) => node('BatchNormalization', [from, ...names], to, { epsilon: 1e-3 })

const attrs = (groups: number, pad = 1) => ({
  kernel: [3, 3],
  stride: [1, 1],
  pad: [pad, pad, pad, pad],
  dilation: [1, 1],
  groups,
})

for (const [what, c, oc, groups, size, bias] of [
  ['direct', 3, 5, 1, 6, false],
  ['direct with bias', 3, 13, 1, 6, true],
  ['Winograd', 16, 16, 1, 12, false],
  ['groups', 6, 9, 3, 6, true],
  ['depthwise', 7, 7, 7, 9, false],
  ['depthwise with bias', 8, 8, 8, 9, true],
] as const)
  test(`${what}, then a residual and ReLU`, async () => {
    const weights = {
      ...vectors(oc),
      w: weight([oc, c / groups, 3, 3], 1),
      side: weight([oc, c, 1, 1], 3),
      ...(bias && { b: filled([oc], 2) }),
    }
    await agree(
      {
        inputs: { x: [c, size, size] },
        outputs: ['y'],
        nodes: [
          node('Conv', ['x', 'side'], 's', { ...attrs(1, 0), kernel: [1, 1] }),
          node('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], 'a', attrs(groups)),
          norm('a', 'n'),
          node('Add', ['n', 's'], 't'),
          node('Relu', ['t'], 'y'),
        ],
        weights,
      },
      { batch: 2, images: [2, 1] },
    )
  })

test('a result that is also read elsewhere keeps its own value', async () => {
  await agree({
    inputs: { x: [4, 5, 5] },
    outputs: ['y', 'a'],
    nodes: [node('Conv', ['x', 'w'], 'a', attrs(1)), norm('a', 'y')],
    weights: { ...vectors(4), w: weight([4, 4, 3, 3], 1) },
  })
})

test('two in a row: the first is folded, the second stays', async () => {
  const second = vectors(4)
  const nodes = [
    node('Conv', ['x', 'w'], 'a', attrs(1)),
    norm('a', 'n'),
    node('BatchNormalization', ['n', 'scale', 'shift', 'mean', 'variance'], 'y', { epsilon: 1e-5 }),
  ]
  const graph = { inputs: [{ name: 'x', shape: [1, 4, 5, 5] }], outputs: ['y'], nodes }
  assert.equal(
    fold(graph).nodes.map(({ op, fused = [] }) => [op, ...fused]),
    [['Conv', 'BatchNormalization "n"'], ['BatchNormalization']],
  )
  await agree({ inputs: { x: [4, 5, 5] }, outputs: ['y'], nodes, weights: { ...second, w: weight([4, 4, 3, 3], 1) } })
})

test.run()
