// Values in the order of maps and in that of their shapes, under other names and shapes, as outputs.
import { suite } from 'uvu'
import { agree, filled, node, weight } from '../graphs.js'
import { maps, point, same3, weights } from './maps.js'

const test = suite('orders and outputs')

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

test('a map of one channel or pixel is no longer one in another shape', async () => {
  for (const after of [
    node('Add', ['r', 'w'], 'y'),
    node('Pad', ['r'], 'y', { pads: [0, 1, 0, 0, 0, 0, 1, 0], value: 0 }),
    node('Softmax', ['r'], 'y', { axis: 2 }),
  ])
    await agree(
      {
        inputs: { x: [6, 5, 7] },
        outputs: ['y'],
        nodes: [node('Conv', ['x', 'one'], 'c', point), node('Reshape', ['c'], 'r', { shape: [0, 5, 1, 7] }), after],
        weights: { one: weight([1, 6, 1, 1], 1), w: filled([1, 5, 1, 7], 2) },
      },
      { batch: 2 },
    )
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
