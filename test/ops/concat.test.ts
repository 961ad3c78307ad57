// Concat: what is written in its place at once, what is moved, and that both give the same.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compile } from '../../ts/compile.js'
import type { Attr, Node, Shape } from '../../ts/types.js'
import { agree, filled, node, weight } from '../graphs.js'
import type { Tensor } from '../ref/tensor.js'
import { point, same3 } from './maps.js'

const test = suite('Concat in place')

const weights: Record<string, Tensor> = {
  k1: weight([5, 6, 1, 1], 1),
  k3: weight([9, 6, 3, 3], 2),
  k6: weight([6, 6, 3, 3], 3),
  one: weight([1, 6, 1, 1], 4),
  grouped: weight([8, 3, 3, 3], 5),
  up1: weight([6, 3, 3, 3], 13),
  up2: weight([6, 4, 3, 3], 14),
  deep: weight([6, 1, 3, 3], 6),
  // Worth Winograd's way.
  w16: weight([16, 16, 3, 3], 7),
  w12: weight([12, 16, 3, 3], 8),
  whole: weight([7, 6, 5, 7], 9),
  g5: weight([5, 6], 10),
  g3: weight([3, 6], 11),
  g4: weight([4, 6], 15),
  across: weight([5, 4, 1, 3], 16),
  b9: filled([9], 12),
}
const conv = (from: string, w: string, to: string, attrs: Record<string, Attr> = w[0] === 'k' ? same3 : point): Node =>
  node('Conv', [from, w], to, attrs)
const pointwise = (from: string, to: string) => conv(from, 'k1', to, point)
const concat = (inputs: readonly string[], to: string, axis = 1) => node('Concat', inputs, to, { axis })

/** Checks a network over 6 maps of 5×7, for one image and for fewer than planned, and that it moves so many of the inputs. */
const moves = async (count: number, nodes: readonly Node[], outputs = ['y'], x: Shape = [6, 5, 7]) => {
  const net = { inputs: { x }, outputs, nodes, weights }
  await agree(net)
  await agree(net, { batch: 3, images: [3, 1, 2] })
  const tensors = new Map(Object.entries(weights).map(([name, { shape }]) => [name, { dtype: 'F32', shape } as const]))
  const graph = { nodes, outputs, inputs: [{ name: 'x', shape: [1, ...x] }] }
  for (const batch of [1, 3]) {
    const { run } = await compile({ tensors, graph } as unknown as Parameters<typeof compile>[0], { batch })
    for (let n = batch; n > 0; n--) {
      const calls = run(n).layers.flatMap(({ calls }) => calls)
      assert.is(calls.filter(([kernel]) => kernel === 'move').length, count)
    }
  }
}

test('convolutions of all kinds', async () => {
  await moves(0, [pointwise('x', 'a'), conv('x', 'k3', 'b'), concat(['a', 'b'], 'y')])
  await moves(0, [conv('x', 'k3', 'b'), pointwise('x', 'a'), concat(['a', 'b'], 'm'), node('Relu', ['m'], 'y')])
  const groups = conv('x', 'grouped', 'a', { ...same3, groups: 2 })
  await moves(0, [groups, pointwise('x', 'b'), conv('x', 'one', 'c'), concat(['c', 'a', 'b'], 'y')])
  await moves(0, [
    conv('x', 'whole', 'a', { kernel: [5, 7] }),
    conv('x', 'whole', 'b', { kernel: [5, 7] }),
    concat(['a', 'b'], 'y'),
  ])
  const up = (w: string, to: string) =>
    node('ConvTranspose', ['x', w], to, { kernel: [3, 3], stride: [2, 2], groups: 2 })
  await moves(0, [up('up1', 'a'), up('up2', 'b'), concat(['b', 'a'], 'y')])
  const wide = [conv('x', 'w16', 'a', same3), conv('x', 'w12', 'b', same3), concat(['b', 'a'], 'y')]
  await moves(0, wide, ['y'], [16, 16, 16])
})

test('a branch each, as in Inception: limits, a bias, a pool in front', async () => {
  await moves(0, [
    pointwise('x', 'a'),
    node('Relu', ['a'], 'ra'),
    conv('x', 'k6', 'b'),
    node('Conv', ['b', 'k3', 'b9'], 'c', same3),
    node('Clip', ['c'], 'rc', { min: 0, max: 1 }),
    node('MaxPool', ['x'], 'p', { kernel: [3, 3], pad: [1, 1, 1, 1] }),
    pointwise('p', 'd'),
    concat(['ra', 'rc', 'd'], 'm'),
    node('Tanh', ['m'], 'y'),
  ])
})

test('what cannot be written in its place is moved', async () => {
  const [a, b] = [pointwise('x', 'a'), conv('x', 'k3', 'b')]
  await moves(1, [a, concat(['x', 'a'], 'y')])
  await moves(1, [a, b, node('Tanh', ['a'], 't'), concat(['t', 'b'], 'y')])
  await moves(1, [conv('x', 'deep', 'd', { ...same3, groups: 6 }), b, concat(['b', 'd'], 'y')])
  // Read by others as well, before and after.
  await moves(1, [a, b, node('Tanh', ['a'], 't'), concat(['a', 'b'], 'y')], ['y', 't'])
  await moves(1, [a, b, concat(['a', 'b'], 'y'), node('Tanh', ['a'], 't')], ['y', 't'])
  await moves(1, [a, b, concat(['b', 'a'], 'y')], ['y', 'a'])
  await moves(2, [a, concat(['a', 'a'], 'y')])
  await moves(2, [a, b, concat(['a', 'a', 'b'], 'y')])
  await moves(2, [a, b, concat(['a', 'b'], 'm'), concat(['a', 'm'], 'y')])
  // A residual lies as the result does.
  const sum = [conv('x', 'k6', 'c'), node('Add', ['c', 'x'], 's')]
  await moves(1, [...sum, a, concat(['a', 's'], 'y')])
})

test('along other axes', async () => {
  const [b, c] = [conv('x', 'k6', 'b'), conv('x', 'k6', 'c')]
  for (const axis of [2, 3]) await moves(2, [b, c, concat(['b', 'c'], 'y', axis)])
  // Maps of one channel lie in both orders, and are joined in that of their shapes.
  const [d, e] = [conv('x', 'one', 'd'), conv('x', 'one', 'e')]
  for (const axis of [1, 2, 3]) await moves(2, [d, e, concat(['d', 'e'], 'y', axis)])
  await moves(0, [d, e, concat(['d', 'e'], 'y', 3)], ['y'], [6, 5, 1])
  await agree({ inputs: { x: [6, 5, 7] }, outputs: ['y'], nodes: [b, c, concat(['b', 'c'], 'y', 0)], weights })
})

test('a Concat of Concats', async () => {
  const leaf = (name: string) => (name < 'd' ? pointwise('x', name) : conv('x', 'k3', name))
  const leaves = [...'abcdef'].map(leaf)
  await moves(0, [...leaves, concat(['a', 'd'], 'm'), concat(['m', 'b'], 'n'), concat(['c', 'n', 'e', 'f'], 'y')])
  await moves(1, [...leaves.slice(0, 2), concat(['a', 'x', 'b'], 'm'), leaf('e'), concat(['e', 'm'], 'y')])
  // The inner one is a result too, or in another order.
  await moves(1, [leaf('a'), leaf('d'), leaf('e'), concat(['a', 'd'], 'm'), concat(['e', 'm'], 'y')], ['m', 'y'])
  await moves(3, [leaf('a'), concat(['a', 'x'], 'm'), concat(['x', 'm'], 'n'), concat(['n', 'x'], 'y')])
  // Joined along the rows of the map, not the channels.
  const four = ['a', 'aa', 'b', 'bb'].map(leaf)
  await moves(2, [...four, concat(['a', 'b'], 'm'), concat(['aa', 'bb'], 'n'), concat(['m', 'n'], 'y', 2)])
})

test('features', async () => {
  const pool = [node('GlobalAveragePool', ['x'], 'p'), node('Flatten', ['p'], 'f', { axis: 1 })]
  const [g, h] = [node('Gemm', ['f', 'g5'], 'g'), node('Gemm', ['f', 'g3'], 'h')]
  await moves(0, [...pool, g, h, concat(['h', 'g'], 'y')])
  await moves(1, [...pool, g, h, concat(['h', 'f', 'g'], 'm'), node('Softmax', ['m'], 'y', { axis: 1 })])
  // Over the last dimension of a map, beside maps in the other order.
  const rows = [node('Gemm', ['x', 'g5'], 'g'), node('Gemm', ['x', 'g3'], 'h')]
  await moves(0, [...rows, concat(['g', 'h'], 'y', 3)], ['y'], [4, 5, 6])
  // As many features as channels, but the rows are along the other.
  const [i, j] = [node('Gemm', ['x', 'g4'], 'i'), conv('x', 'across', 'j', { kernel: [1, 3] })]
  await moves(1, [i, j, concat(['i', 'j'], 'y')], ['y'], [4, 5, 6])
})

test('a length that follows the batch', async () => {
  // Transposed, the images are the innermost dimension.
  const turn = (x: string, y: string) => node('Transpose', [x], y, { perm: [1, 0] })
  for (const parts of [
    ['t', 'm', 't'],
    ['m', 't'],
  ]) {
    const nodes = [turn('x', 't'), concat(['t', 't'], 'm'), concat(parts, 'y')]
    const net = { inputs: { x: [6] }, outputs: ['y'], nodes }
    await agree(net, { batch: 3, images: [3] })
    // A part cannot move within a whole that is laid out for more images.
    const fewer = await agree(net, { batch: 3, images: [1] }).then(() => 'none', String)
    assert.match(fewer, /takes the batch it was loaded for/)
  }
})

test.run()
