// Operators of the networks beyond LeNet, in the order of their shapes and in that of maps.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Attr, Shape } from '../../ts/types.js'
import { agree, filled, node, weight } from '../graphs.js'
import type { Tensor } from '../ref/tensor.js'
import { behind, maps, one, point, positive, same3, single, weights } from './maps.js'

const test = suite('the family of operators')

const shapes: readonly Shape[] = [[17], [3, 5], [3, 4, 5], [1, 1, 1], [2, 3, 2, 2]]

test('Concat along every axis', async () => {
  for (const shape of shapes)
    for (let axis = 1; axis <= shape.length; axis++) {
      const other = shape.map((d, i) => (i === axis - 1 ? d + 2 : d))
      for (const batch of [1, 2])
        await agree(
          { inputs: { x: shape, z: other }, outputs: ['y'], nodes: [node('Concat', ['x', 'z', 'x'], 'y', { axis })] },
          { batch },
        )
    }
  await one('Concat', [3, 5], { axis: 0 }, [filled([2, 3, 5], 1)], { batch: 2, images: [2] })
  await one('Concat', [3, 5], { axis: 1 }, [], { batch: 2 })
})

test('Concat where orders meet', async () => {
  const conv = node('Conv', ['x', 'k9', 'b9'], 'c', same3)
  const more = node('Conv', ['x', 'k1', 'b6'], 'd', point)
  for (const axis of [0, 1, 2, 3])
    for (const inputs of [
      ['d', 'x'],
      ['x', 'd', 'x'],
      ['d', 'd'],
    ])
      await agree(
        { inputs: { x: [6, 5, 7] }, outputs: ['y'], nodes: [more, node('Concat', inputs, 'y', { axis })], weights },
        { batch: 3, images: axis ? [3, 1] : [3] },
      )
  // Inception: branches side by side, and a convolution of all of them.
  await maps([conv, more, node('Concat', ['c', 'd', 'x'], 'm', { axis: 1 }), node('Relu', ['m'], 'y')], ['y', 'm'])
  // A dense block.
  await maps([
    node('Conv', ['x', 'k1'], 'a', point),
    node('Concat', ['x', 'a'], 'b', { axis: 1 }),
    node('Slice', ['b'], 's1', { starts: [3], ends: [9], axes: [1], steps: [1] }),
    node('Conv', ['s1', 'k3'], 'e', same3),
    node('Concat', ['b', 'e'], 'y', { axis: 1 }),
  ])
  // More inputs than an operator may have scratch.
  await maps([more, node('Flatten', ['d'], 'f'), node('Concat', Array(20).fill('f'), 'y', { axis: 1 })])
  // Flattened maps, as detectors put their heads together.
  await maps([
    conv,
    more,
    node('Flatten', ['c'], 'f'),
    node('Flatten', ['d'], 'h'),
    node('Flatten', ['x'], 'i'),
    node('Concat', ['f', 'h', 'i', 'f'], 'y', { axis: 1 }),
  ])
  await agree(
    {
      inputs: { x: [6, 5, 7] },
      outputs: ['y'],
      nodes: [
        more,
        node('Flatten', ['d'], 'h'),
        node('Flatten', ['x'], 'i'),
        node('Concat', ['h', 'i'], 'y', { axis: 0 }),
      ],
      weights,
    },
    { batch: 2, images: [2] },
  )
})

test('GlobalMaxPool', async () => {
  for (const c of [1, 3, 4, 9]) await one('GlobalMaxPool', [c, 3, 5], {}, [], { batch: 2 })
  await behind('GlobalMaxPool')
})

const norm = (c: number) => [positive(filled([c], 1)), filled([c], 2), filled([c], 3), positive(filled([c], 4))]

test('BatchNormalization on its own', async () => {
  const attrs = single({ epsilon: 1e-5 })
  for (const shape of [[5], [17], [5, 3], [3, 4, 5], [4, 1, 1], [2, 3, 2, 2]])
    await one('BatchNormalization', shape, attrs, norm(shape[0]!), { batch: 2 })
  const named = Object.fromEntries(['s1', 't1', 'm1', 'v1'].map((name, i) => [name, norm(6)[i]!]))
  const bn = (x: string, y: string) => node('BatchNormalization', [x, 's1', 't1', 'm1', 'v1'], y, attrs)
  // Before the convolution: the activation is part of it.
  for (const batch of [1, 3])
    for (const activation of [node('Relu', ['b'], 'r'), node('Clip', ['b'], 'r', { min: -0.5, max: 0.5 })])
      await agree(
        {
          inputs: { x: [6, 5, 7] },
          outputs: ['y'],
          nodes: [
            node('MaxPool', ['x'], 'p', { kernel: [2, 2] }),
            bn('p', 'b'),
            activation,
            node('Conv', ['r', 'k3'], 'c', same3),
            node('Add', ['c', 'p'], 'y'),
          ],
          weights: { ...weights, ...named },
        },
        { batch },
      )
})

test('InstanceNormalization', async () => {
  const attrs = single({ epsilon: 1e-3 })
  for (const c of [1, 3, 4, 5, 9]) {
    const vectors = [filled([c], 1), filled([c], 2)]
    for (const map of [[3, 5], [7, 8], [1, 2], [6], [2, 3, 2]])
      await one('InstanceNormalization', [c, ...map], attrs, vectors, { batch: 3 })
  }
  await behind('InstanceNormalization', attrs, ['b6', 'b6'])
  const conv = node('Conv', ['x', 'k3', 'b6'], 'c', same3)
  const norm = node('InstanceNormalization', ['c', 'b6', 'b6'], 'n', attrs)
  await maps([conv, norm, node('Relu', ['n'], 'y')])
  // Far from 0, where the mean of the squares less the square of the mean would have no digits left.
  const far = node('Add', ['x', 'far'], 'a')
  await agree({
    inputs: { x: [6, 5, 7] },
    outputs: ['y'],
    nodes: [far, node('InstanceNormalization', ['a', 'b6', 'b6'], 'y', attrs)],
    weights: { ...weights, far: { shape: [], data: Float64Array.of(1000) } },
  })
})

test('LRN', async () => {
  for (const c of [1, 3, 4, 9, 17])
    for (const size of [1, 2, 5])
      for (const beta of [0.75, 0.5])
        await one('LRN', [c, 3, 4], { ...single({ alpha: 0.1, beta, bias: 2 }), size }, [], { batch: 2 })
  await behind('LRN', { ...single({ alpha: 0.01, beta: 0.75, bias: 1 }), size: 5 })
})

test('LogSoftmax along every axis', async () => {
  for (const shape of [[10], [3, 5], [5, 4, 3]])
    for (let axis = 0; axis <= shape.length; axis++)
      await one('LogSoftmax', shape, { axis }, [], { batch: 2, images: [2] })
  for (const axis of [1, 2, 3]) await behind('LogSoftmax', { axis })
})

test('ReduceMean over any axes', async () => {
  for (const keepDims of [true, false]) {
    for (const axes of [[1], [2], [3], [2, 3], [1, 2], [1, 3], [1, 2, 3], [3, 2]]) {
      await one('ReduceMean', [3, 4, 5], { axes, keepDims }, [], { batch: 2 })
      await behind('ReduceMean', { axes, keepDims })
    }
    for (const axes of [[0], [0, 2], [0, 3], [], [0, 1, 2, 3]])
      await one('ReduceMean', [3, 4, 5], { axes, keepDims }, [], { batch: 2, images: [2] })
    await one('ReduceMean', [7], { axes: [1], keepDims }, [], { batch: 3 })
    await one('ReduceMean', [2, 3, 2, 5], { axes: [1, 3], keepDims }, [], { batch: 3 })
    await maps([
      node('Conv', ['x', 'k3'], 'c', same3),
      node('Flatten', ['c'], 'f'),
      node('ReduceMean', ['f'], 'y', { axes: [1], keepDims }),
    ])
  }
})

test('other reductions over any axes', async () => {
  const others = ['ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare']
  for (const op of others)
    for (const keepDims of [true, false]) {
      for (const axes of [[1], [2, 3], [1, 3], [1, 2, 3]]) {
        await one(op, [3, 4, 5], { axes, keepDims }, [], { batch: 2 })
        await behind(op, { axes, keepDims })
      }
      await one(op, [3, 4, 5], { axes: [0, 2], keepDims }, [], { batch: 2, images: [2] })
      await one(op, [2, 3, 2, 8], { axes: [1, 4], keepDims }, [], { batch: 3 })
      await one(op, [1], { axes: [1], keepDims }, [], { batch: 3 })
    }
})

test('ArgMax and ArgMin along every axis', async () => {
  for (const op of ['ArgMax', 'ArgMin'])
    for (const keepDims of [true, false])
      for (const last of [true, false]) {
        for (const shape of [[8], [3, 5], [5, 4, 3], [2, 3, 2, 2]])
          for (let axis = 0; axis <= shape.length; axis++)
            await one(op, shape, { axis, keepDims, last }, [], { batch: 2, images: [2] })
        for (const axis of [1, 2, 3]) await behind(op, { axis, keepDims, last })
        // Of equals, the first or the last.
        await maps([node('Round', ['x'], 'r'), node(op, ['r'], 'y', { axis: 1, keepDims, last })])
      }
})

test('Transpose', async () => {
  for (const perm of [
    [0, 1, 2, 3],
    [0, 2, 3, 1],
    [0, 3, 1, 2],
    [0, 1, 3, 2],
    [0, 3, 2, 1],
    [0, 2, 1, 3],
  ]) {
    await one('Transpose', [3, 4, 5], { perm }, [], { batch: 2 })
    await behind('Transpose', { perm })
    await maps([
      node('Conv', ['x', 'k3'], 'c', same3),
      node('Transpose', ['c'], 't', { perm }),
      node('MaxPool', ['t'], 'y', { kernel: [2, 2] }),
    ])
  }
  await one('Transpose', [3, 4, 5], { perm: [3, 2, 1, 0] }, [], { batch: 2, images: [2] })
  await one('Transpose', [5], { perm: [1, 0] }, [], { batch: 2, images: [2] })
  await one('Transpose', [4, 5], { perm: [0, 2, 1] }, [], { batch: 3 })
  await one('Transpose', [2, 3, 4, 5], { perm: [0, 2, 1, 4, 3] }, [], { batch: 1 })
  // ShuffleNet's channel shuffle.
  await maps([
    node('Conv', ['x', 'k1'], 'c', point),
    node('Reshape', ['c'], 'r', { shape: [0, 2, 3, 5, 7] }),
    node('Transpose', ['r'], 't', { perm: [0, 2, 1, 3, 4] }),
    node('Reshape', ['t'], 'u', { shape: [0, 6, 5, 7] }),
    node('Conv', ['u', 'k3', 'b6'], 'y', same3),
  ])
  await maps([
    node('Conv', ['x', 'k1'], 'c', point),
    node('Flatten', ['c'], 'f'),
    node('Reshape', ['f'], 'r', { shape: [0, 6, 35] }),
    node('Transpose', ['r'], 'y', { perm: [0, 2, 1] }),
  ])
})

test('Slice', async () => {
  const cuts: readonly (readonly [number[], number[], number[], number[]])[] = [
    [[1], [3], [1], [1]],
    [[0], [2 ** 31 - 1], [2], [2]],
    [[-2], [2 ** 31 - 1], [3], [1]],
    [[0], [-1], [1], [1]],
    [[-1], [-(2 ** 31)], [2], [-1]],
    [[5], [0], [3], [-2]],
    [
      [1, 2],
      [3, 100],
      [1, 2],
      [1, 1],
    ],
    [
      [3, -1, 0],
      [0, -5, 3],
      [1, 2, 3],
      [-1, -2, 2],
    ],
    [[1], [3], [-1], [1]],
    [[1], [2], [2], [1]],
  ]
  for (const [starts, ends, axes, steps] of cuts) {
    await one('Slice', [4, 5, 6], { starts, ends, axes, steps }, [], { batch: 2 })
    await behind('Slice', { starts, ends, axes, steps })
  }
  await one('Slice', [5], { starts: [0], ends: [1], axes: [0], steps: [1] }, [], { batch: 2, images: [2] })
  await maps([
    node('Conv', ['x', 'k3'], 'c', same3),
    node('Flatten', ['c'], 'f'),
    node('Slice', ['f'], 'y', { starts: [7], ends: [100], axes: [1], steps: [3] }),
  ])
})

test('what does not fit is told', async () => {
  const fails = async (op: string, attrs: Record<string, Attr>, wanted: RegExp, tensors: readonly Tensor[] = []) => {
    const failure = await one(op, [3, 4, 5], attrs, tensors).catch((error: Error) => error)
    assert.match((failure as Error).message, wanted)
    assert.match((failure as Error).message, `${op} "y"`)
  }
  await fails('Concat', { axis: 1 }, /1×3×4×5 and 1×3×4×6 do not fit along axis 1/, [weight([1, 3, 4, 6], 1)])
  await fails('Concat', { axis: 3 }, /1×3×4×5 and 1×3×4 do not fit along axis 3/, [weight([1, 3, 4], 1)])
  for (const op of ['Concat', 'Softmax']) await fails(op, { axis: 4 }, /axis 4 is beyond 1×3×4×5/)
  await fails('Flatten', { axis: 5 }, /axis 5 is beyond 1×3×4×5/)
  await fails('Transpose', { perm: [0, 1, 1, 2] }, /perm 0,1,1,2 is no order of 1×3×4×5/)
  const five = [
    node('Reshape', ['x'], 'r', { shape: [0, 3, 2, 2, 5] }),
    node('Transpose', ['r'], 'y', { perm: [4, 3, 2, 1, 0] }),
  ]
  const failure = await agree({ inputs: { x: [3, 4, 5] }, outputs: ['y'], nodes: five }, { batch: 2 }).catch(String)
  assert.match(failure as string, /Transpose "y": goes over 5 separate dimensions, 4 at most/)
  await fails('Slice', { starts: [2], ends: [2], axes: [1], steps: [1] }, /nothing of 1×3×4×5 is from 2 to 2 by 1/)
  await fails('ReduceMean', { axes: [4] }, /axes 4 are beyond 1×3×4×5/)
  await fails('ArgMax', { axis: 4 }, /axes 4 are beyond 1×3×4×5/)
  await fails('InstanceNormalization', {}, /input 2 has 4 channels, x 3/, [filled([3], 1), filled([4], 1)])
  await fails('PRelu', {}, /slope 2×3×4×5 is larger than x/, [filled([2, 3, 4, 5], 1)])
  await fails('Mul', {}, /1×3×4×5 and 7 do not broadcast/, [filled([7], 1)])
  await fails('BatchNormalization', {}, /input 3 has 4 channels, x 3/, [...norm(3).slice(0, 2), ...norm(4).slice(2)])
})

test.run()
