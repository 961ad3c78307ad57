// What the passes make of several nodes: fused, in place, and still the same numbers.
import { suite } from 'uvu'
import { agree, filled, node, weight } from '../graphs.js'
import { maps, point, same3, weights } from './maps.js'

const test = suite('fused graphs')

test('Conv, Add of a bias, Relu', async () => {
  for (const bias of ['c6', 'd6', 's', 'row'])
    for (const own of [[], ['b6']])
      for (const turned of [false, true])
        await maps([
          node('Conv', ['x', 'k3', ...own], 'a', same3),
          node('Add', turned ? [bias, 'a'] : ['a', bias], 'b'),
          node('Relu', ['b'], 'y'),
        ])
})

test('Gemm, Add of a bias, Relu', async () => {
  for (const bias of ['b5', 'r5', 's'])
    for (const own of [[], ['b5']])
      await agree(
        {
          inputs: { x: [5] },
          outputs: ['y'],
          nodes: [node('Gemm', ['x', 'square', ...own], 'a'), node('Add', [bias, 'a'], 'b'), node('Relu', ['b'], 'y')],
          weights,
        },
        { batch: 3 },
      )
})

test('a bias of more dimensions than the map keeps them', async () => {
  await agree(
    {
      inputs: { x: [5] },
      outputs: ['y'],
      nodes: [node('Gemm', ['x', 'square'], 'a'), node('Add', ['a', 'w'], 'y')],
      weights: { square: weights.square!, w: filled([1, 1, 5], 1) },
    },
    { batch: 3 },
  )
  await agree(
    {
      inputs: { x: [6, 2, 3] },
      outputs: ['y'],
      nodes: [
        node('Conv', ['x', 'k1'], 'a', point),
        node('Add', ['a', 'w'], 'b'),
        node('Flatten', ['b'], 'y', { axis: 2 }),
      ],
      weights: { k1: weights.k1!, w: filled([1, 1, 6, 1, 1], 1) },
    },
    { batch: 1 },
  )
})

test('residual blocks: the shortcut from a computed value', async () => {
  for (const kernel of ['k1', 'k3'])
    for (const turned of [false, true])
      for (const outputs of [['y'], ['y', 's1'], ['s1', 'y', 'c2']]) {
        const attrs = kernel === 'k1' ? point : same3
        await maps(
          [
            node('Relu', ['x'], 's1'),
            node('Conv', ['s1', kernel, 'b6'], 'c1', attrs),
            node('Relu', ['c1'], 'r1'),
            node('Conv', ['r1', kernel, 'b6'], 'c2', attrs),
            node('Add', turned ? ['s1', 'c2'] : ['c2', 's1'], 'a'),
            node('Relu', ['a'], 'y'),
          ],
          outputs,
        )
      }
})

test('residual blocks: both branches computed', async () => {
  for (const turned of [false, true])
    await maps([
      node('Conv', ['x', 'k1', 'b6'], 'short', point),
      node('Conv', ['x', 'k3'], 'c1', same3),
      node('Conv', ['c1', 'k1', 'b6'], 'c2', point),
      node('Add', turned ? ['short', 'c2'] : ['c2', 'short'], 'a'),
      node('Relu', ['a'], 'y'),
    ])
})

test('Conv(x) + x, where the result must not be made in the place of x', async () => {
  for (const [kernel, attrs] of [
    ['k1', point],
    ['k3', same3],
  ] as const)
    for (const activation of [false, true])
      for (const first of [false, true])
        await maps([
          ...(first ? [node('Relu', ['x'], 'p')] : []),
          node('Conv', [first ? 'p' : 'x', kernel, 'b6'], 'c', attrs),
          node('Add', ['c', first ? 'p' : 'x'], activation ? 'a' : 'y'),
          ...(activation ? [node('Relu', ['a'], 'y')] : []),
        ])
})

test('the same with more output channels than a panel has', async () => {
  // The second panel would read what the first had written over x.
  for (const images of [1, 3])
    await agree(
      {
        inputs: { x: [17, 2, 3], z: [17] },
        outputs: ['y', 'h'],
        nodes: [
          node('Relu', ['x'], 'p'),
          node('Conv', ['p', 'k'], 'c', point),
          node('Add', ['c', 'p'], 'y'),
          node('Relu', ['z'], 'q'),
          node('Gemm', ['q', 'g'], 'f'),
          node('Add', ['q', 'f'], 'h'),
        ],
        weights: { k: weight([17, 17, 1, 1], 1), g: weight([17, 17], 2) },
      },
      { batch: images },
    )
})

test('Conv(x) + Conv(x), Conv(x) twice the same', async () => {
  await maps([
    node('Relu', ['x'], 'p'),
    node('Conv', ['p', 'k1', 'b6'], 'c', point),
    node('Conv', ['p', 'k3'], 'd', same3),
    node('Add', ['c', 'd'], 'y'),
  ])
  await maps([node('Conv', ['x', 'k1'], 'c', point), node('Add', ['c', 'c'], 'y')])
})

test('a chain of residual blocks', async () => {
  const nodes = [node('Relu', ['x'], 'v0')]
  for (let i = 0; i < 4; i++)
    nodes.push(
      node('Conv', [`v${i}`, i % 2 ? 'k1' : 'k3', 'b6'], `c${i}`, i % 2 ? point : same3),
      node('Add', [`c${i}`, `v${i}`], `a${i}`),
      node('Relu', [`a${i}`], `v${i + 1}`),
    )
  await maps(nodes, ['v4'])
  await maps(nodes, ['v4', 'v2', 'c1', 'a3'])
})

test('Gemm with a residual', async () => {
  for (const activation of ['Relu', 'Tanh'])
    await agree(
      {
        inputs: { x: [5] },
        outputs: ['y'],
        nodes: [
          node('Gemm', ['x', 'square', 'b5'], 'a'),
          node('Gemm', ['a', 'square'], 'b'),
          node('Add', ['a', 'b'], 'c'),
          node(activation, ['c'], 'y'),
        ],
        weights,
      },
      { batch: 3 },
    )
})

test('Pad, Conv: nothing is fused, the converter does that', async () => {
  for (const pads of [
    [0, 0, 1, 2, 0, 0, 3, 0],
    [0, 0, -1, 0, 0, 0, 1, 0],
    [0, 0, 0, 0, 0, 0, 0, 0],
  ])
    for (const pad of [[0, 0, 0, 0], [1, 0, 2, 1], 'same_upper'] as const)
      for (const value of [0, 0.5])
        await maps([
          node('Pad', ['x'], 'p', { pads, value }),
          node('Conv', ['p', 'k9', 'b9'], 'y', { kernel: [3, 3], pad }),
        ])
  // Channels, and a padded map that somebody else reads too.
  await maps([
    node('Pad', ['x'], 'p', { pads: [0, 1, 1, 1, 0, -1, 1, 1], value: 0 }),
    node('Conv', ['p', 'k3'], 'c', { kernel: [3, 3] }),
    node('Add', ['c', 'x'], 'y'),
  ])
  await maps([
    node('Pad', ['x'], 'p', { pads: [0, 0, 1, 1, 0, 0, 1, 1], value: 0 }),
    node('Conv', ['p', 'k3'], 'c', { kernel: [3, 3] }),
    node('MaxPool', ['p'], 'm', { kernel: [3, 3] }),
    node('Add', ['c', 'm'], 'y'),
  ])
})

test.run()
