// What the passes and the plan make of several nodes: fused, laid out, in place, and still the same numbers.
import { suite } from 'uvu'
import type { Attr, Node, Shape } from '../../ts/types.js'
import { agree, filled, node, weight } from '../graphs.js'
import type { Tensor } from '../ref/tensor.js'

const test = suite('graphs')

const weights: Record<string, Tensor> = {
  k1: weight([6, 6, 1, 1], 1),
  k3: weight([6, 6, 3, 3], 2),
  k9: weight([9, 6, 3, 3], 3),
  k2: weight([6, 6, 2, 2], 4),
  b6: filled([6], 5),
  b9: filled([9], 6),
  c6: filled([6, 1, 1], 7),
  d6: filled([1, 6, 1, 1], 8),
  s: filled([], 9),
  row: filled([7], 10),
  g: weight([5, 210], 11),
  square: weight([5, 5], 12),
  b5: filled([5], 13),
  r5: filled([1, 5], 14),
  wide: filled([1, 210, 1, 1], 15),
  kwide: weight([3, 210, 1, 1], 16),
}

const same3: Record<string, Attr> = { kernel: [3, 3], pad: [1, 1, 1, 1] }
const point: Record<string, Attr> = { kernel: [1, 1] }

/** Nodes over x, 6 maps of 5×7, for one image and for more than the tile has rows. */
const maps = async (nodes: readonly Node[], outputs: readonly string[] = ['y'], x: Shape = [6, 5, 7]) => {
  for (const batch of [1, 3]) await agree({ inputs: { x }, outputs, nodes, weights }, { batch })
}

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

test('Pad, Conv', async () => {
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

test('Dropout and Identity, alone, in chains, before outputs', async () => {
  await maps([node('Dropout', ['x'], 'a', { rate: 0.5 }), node('Identity', ['a'], 'y')])
  await maps([
    node('Conv', ['x', 'k3', 'b6'], 'c', same3),
    node('Dropout', ['c'], 'd', { rate: 0.5 }),
    node('Relu', ['d'], 'r'),
    node('Identity', ['r'], 'i'),
    node('Dropout', ['i'], 'y', { rate: 0.1 }),
  ])
  const chain = [
    node('Tanh', ['x'], 't'),
    node('Identity', ['t'], 'i'),
    node('Dropout', ['i'], 'd'),
    node('Identity', ['d'], 'e'),
  ]
  for (const outputs of [['e'], ['t', 'e'], ['e', 't'], ['i', 'e'], ['e', 'd', 'i'], ['t', 'i', 'd', 'e']])
    await maps(chain, outputs)
  for (const outputs of [
    ['a', 'b'],
    ['b', 'a'],
  ])
    await maps([node('Identity', ['x'], 'a'), node('Identity', ['a'], 'b')], outputs)
  await maps([node('Tanh', ['x'], 't'), node('Identity', ['t'], 'a'), node('Identity', ['t'], 'b')], ['a', 'b'])
})

test('several outputs, maps among them', async () => {
  const nodes = [
    node('Conv', ['x', 'k3', 'b6'], 'c', same3),
    node('Relu', ['c'], 'r'),
    node('MaxPool', ['r'], 'm', { kernel: [2, 2], stride: [2, 2] }),
    node('GlobalAveragePool', ['r'], 'gap'),
    node('Flatten', ['gap'], 'f', { axis: 1 }),
    node('Softmax', ['f'], 'p', { axis: 1 }),
  ]
  for (const outputs of [
    ['c', 'p'],
    ['r', 'm'],
    ['m', 'gap', 'f'],
    ['c', 'r', 'm', 'gap', 'f', 'p'],
    ['f', 'gap'],
  ])
    await maps(nodes, outputs)
})

test('Flatten or Reshape before Gemm', async () => {
  for (const [op, attrs] of [
    ['Flatten', { axis: 1 }],
    ['Reshape', { shape: [0, -1] }],
  ] as const)
    for (const between of ['Relu', 'Tanh', 'Dropout'])
      for (const front of ['Relu', 'Conv', 'MaxPool']) {
        const first = {
          Relu: node('Relu', ['x'], 'a'),
          Conv: node('Conv', ['x', 'k3', 'b6'], 'a', same3),
          MaxPool: node('MaxPool', ['x'], 'a', { kernel: [3, 3], pad: [1, 1, 1, 1] }),
        }[front]!
        const tail = [node(op, ['a'], 'f', attrs), node(between, ['f'], 'r'), node('Gemm', ['r', 'g', 'b5'], 'y')]
        await maps([first, ...tail])
        await maps([first, ...tail], ['y', 'r'])
        await maps([first, ...tail], ['f', 'y', 'a'])
      }
})

test('one weight in two orders', async () => {
  // g is read through a map's order and as it is.
  await agree(
    {
      inputs: { x: [6, 5, 7], z: [210] },
      outputs: ['y'],
      nodes: [
        node('Conv', ['x', 'k3'], 'c', same3),
        node('Flatten', ['c'], 'f', { axis: 1 }),
        node('Gemm', ['f', 'g', 'b5'], 'a'),
        node('Gemm', ['z', 'g', 'b5'], 'b'),
        node('Add', ['a', 'b'], 'y'),
      ],
      weights,
    },
    { batch: 2 },
  )
})

test('Reshape of a map that is no flattening', async () => {
  for (const shape of [
    [0, 35, 6],
    [0, 6, 35],
    [0, 2, 3, 35],
    [0, 5, 6, 7],
    [0, 6, 7, 5],
    [0, 3, 10, 7],
  ]) {
    await maps([node('Conv', ['x', 'k1'], 'c', point), node('Reshape', ['c'], 'y', { shape })])
    if (shape.length === 4)
      await maps([
        node('Conv', ['x', 'k1'], 'c', point),
        node('Reshape', ['c'], 'r', { shape }),
        node('MaxPool', ['r'], 'y', { kernel: [2, 2] }),
      ])
  }
  // All channels at one pixel is a map of its own, whatever the order of the one before.
  const wide = node('Reshape', ['c'], 'r', { shape: [0, 210, 1, 1] })
  for (const after of [
    node('Add', ['r', 'wide'], 'y'),
    node('Pad', ['r'], 'y', { pads: [0, 1, 0, 0, 0, 0, 1, 0], value: 0 }),
    node('Conv', ['r', 'kwide'], 'y', { kernel: [1, 1] }),
    node('MaxPool', ['r'], 'y', { kernel: [1, 1] }),
    node('Softmax', ['r'], 'y', { axis: 2 }),
    node('Relu', ['r'], 'y'),
  ])
    await maps([node('Conv', ['x', 'k1'], 'c', point), wide, after])
  // And back again.
  await maps([
    node('Conv', ['x', 'k1'], 'c', point),
    node('Flatten', ['c'], 'f'),
    node('Relu', ['f'], 'r'),
    node('Reshape', ['r'], 'm', { shape: [0, 6, 5, 7] }),
    node('Conv', ['m', 'k3', 'b6'], 'y', same3),
  ])
})

test('Add where orders meet', async () => {
  await maps([
    node('Conv', ['x', 'k3'], 'c', same3),
    node('Flatten', ['c'], 'f'),
    node('Flatten', ['x'], 'g1'),
    node('Add', ['f', 'g1'], 'y'),
  ])
  await maps([
    node('Conv', ['x', 'k3'], 'c', same3),
    node('GlobalAveragePool', ['c'], 'g1'),
    node('Add', ['g1', 'c'], 'y'),
  ])
  await maps([
    node('Conv', ['x', 'k3'], 'c', same3),
    node('Softmax', ['c'], 'p', { axis: 1 }),
    node('Add', ['p', 'x'], 'y'),
  ])
  await maps([node('Conv', ['x', 'k1'], 'c', point), node('Flatten', ['c'], 'f'), node('Add', ['f', 's'], 'y')])
})

test('tensors of the file where others are computed', async () => {
  await agree({
    inputs: { x: [6, 5, 7] },
    outputs: ['y'],
    nodes: [node('Conv', ['map', 'k3', 'b6'], 'c', same3), node('Add', ['c', 'x'], 'y')],
    weights: { ...weights, map: filled([1, 6, 5, 7], 20) },
  })
  await agree({
    inputs: { x: [6, 5, 7] },
    outputs: ['y', 'z'],
    nodes: [node('Identity', ['c6'], 'z'), node('Add', ['x', 'c6'], 'y')],
    weights,
  })
  await agree({
    inputs: { x: [6, 5, 7] },
    outputs: ['y'],
    nodes: [
      node('Flatten', ['c6'], 'f', { axis: 1 }),
      node('Reshape', ['f'], 'r', { shape: [1, 6, 1, 1] }),
      node('Add', ['x', 'r'], 'y'),
    ],
    weights,
  })
})

test('fewer images than planned, where the batch is no dimension of its own', async () => {
  for (const axis of [0, 2, 3])
    await agree(
      { inputs: { x: [6, 5, 7] }, outputs: ['y'], nodes: [node('Flatten', ['x'], 'y', { axis })] },
      { batch: 3, images: [3, 1, 2, 3] },
    )
  await agree(
    { inputs: { x: [6, 4] }, outputs: ['y'], nodes: [node('Reshape', ['x'], 'y', { shape: [-1, 3] })] },
    { batch: 3, images: [3, 1, 2, 3] },
  )
})

test.run()
