import { suite } from 'uvu'
import type { Attr, Shape } from '../../ts/types.js'
import { agree, filled, node, type Runs, weight } from '../graphs.js'
import type { Tensor } from '../ref/tensor.js'
import { one } from './maps.js'

const test = suite('operators')

const around = [1, 3, 4, 5, 7, 8, 9, 17]

const conv = (
  x: Shape,
  outputs: number,
  kernel: Shape,
  attrs: Record<string, Attr> = {},
  runs: Runs & { readonly bias?: boolean } = {},
) => {
  const groups = (attrs.groups as number) ?? 1
  const w = weight([outputs, x[0]! / groups, ...kernel], 3)
  return one('Conv', x, { kernel, ...attrs }, runs.bias === false ? [w] : [w, filled([outputs], 4)], runs)
}

test('Conv: channels', async () => {
  for (const c of around) {
    await conv([c, 5, 6], 5, [3, 3])
    await conv([3, 4, 5], c, [2, 2], {}, { bias: false })
    await conv([c, 3, 3], c, [1, 1], {}, { batch: 2 })
  }
})

test('Conv: kernel, stride, dilation, pads', async () => {
  for (const kernel of [
    [1, 1],
    [3, 3],
    [5, 5],
    [1, 7],
    [3, 2],
  ])
    for (const stride of [
      [1, 1],
      [2, 2],
      [3, 1],
    ])
      for (const dilation of [
        [1, 1],
        [2, 2],
        [1, 2],
      ])
        for (const pad of [
          [0, 0, 0, 0],
          [1, 1, 1, 1],
          [2, 0, 1, 3],
        ] as const)
          await conv([3, 9, 13], 5, kernel, { stride, dilation, pad })
})

test('Conv: auto_pad', async () => {
  for (const pad of ['same_upper', 'same_lower'])
    for (const kernel of [
      [2, 2],
      [3, 3],
      [4, 5],
      [1, 1],
    ])
      for (const stride of [
        [1, 1],
        [2, 2],
        [3, 2],
      ])
        for (const dilation of [
          [1, 1],
          [2, 2],
        ])
          await conv([2, 7, 8], 3, kernel, { pad, stride, dilation })
})

test('Conv: groups and depthwise', async () => {
  for (const [channels, outputs, groups] of [
    [4, 6, 2],
    [6, 18, 3],
    [8, 8, 8],
    [5, 5, 5],
    [17, 17, 17],
    [3, 9, 3],
    [4, 2, 2],
  ] as const)
    for (const pad of [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ] as const) {
      await conv([channels, 5, 7], outputs, [3, 3], { groups, pad }, { batch: 2 })
      await conv([channels, 5, 7], outputs, [3, 3], { groups, pad, stride: [2, 2] }, { bias: false })
      await conv([channels, 6, 7], outputs, [2, 3], { groups, pad, dilation: [2, 2] })
      await conv([channels, 3, 3], outputs, [1, 1], { groups, pad })
    }
})

test('Conv: the kernel as large as the map', async () => {
  await conv([5, 3, 4], 7, [3, 4], {}, { batch: 3 })
  await conv([4, 3, 3], 9, [5, 5], { pad: [1, 1, 1, 1] }, { batch: 2 })
  await conv([4, 3, 3], 8, [3, 3], { stride: [2, 2] })
  await conv([4, 3, 3], 8, [2, 2], { dilation: [2, 2] })
  await conv([6, 3, 3], 6, [3, 3], { groups: 2 })
  await conv([6, 1, 1], 5, [1, 1], {}, { batch: 5 })
  await conv([1, 1, 1], 1, [1, 1])
})

test('batches of 1 to 5, and fewer images than planned', async () => {
  for (const batch of [1, 2, 3, 4, 5]) {
    const images = [batch, 1, Math.ceil(batch / 2), batch]
    await conv([3, 6, 5], 6, [3, 3], { pad: [1, 1, 1, 1] }, { batch, images })
    await one('MaxPool', [5, 4, 4], { kernel: [2, 2], stride: [2, 2] }, [], { batch, images })
    await one('Gemm', [13], {}, [weight([7, 13], 1), filled([7], 2)], { batch, images })
    await one('Softmax', [10], { axis: 1 }, [], { batch, images })
    await one('Flatten', [3, 2, 2], { axis: 1 }, [], { batch, images })
  }
})

test('Gemm: features', async () => {
  for (const k of [...around, 64, 120])
    for (const out of around) {
      await one('Gemm', [k], {}, [weight([out, k], 1), filled([out], 2)])
      if (k < 10) await one('Gemm', [k], {}, [weight([out, k], 1)], { batch: 5 })
    }
  // As a MatMul over the last of several dimensions.
  await one('Gemm', [3, 5], {}, [weight([4, 5], 1), filled([4], 2)], { batch: 2 })
  await one('Gemm', [2, 3, 5], {}, [weight([9, 5], 1)], { batch: 2 })
})

test('MaxPool and AveragePool', async () => {
  for (const op of ['MaxPool', 'AveragePool'])
    for (const kernel of [
      [1, 1],
      [2, 2],
      [3, 3],
      [3, 2],
    ])
      for (const stride of [
        [1, 1],
        [2, 2],
        [3, 2],
      ])
        for (const pad of [[0, 0, 0, 0], [0, 1, 1, 0], 'same_upper', 'same_lower'] as const)
          for (const ceil of [false, true]) {
            if (typeof pad !== 'string' && kernel[0] === 1 && pad[1] === 1) continue
            await one(op, [5, 7, 8], { kernel, stride, pad, ceil })
            if (op === 'AveragePool') await one(op, [3, 7, 8], { kernel, stride, pad, ceil, includePad: true })
          }
})

test('pools with dilation', async () => {
  for (const op of ['MaxPool', 'AveragePool'])
    for (const pad of [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ] as const)
      for (const includePad of [false, true])
        await one(op, [3, 7, 8], { kernel: [3, 2], dilation: [2, 3], stride: [1, 2], pad, includePad }, [], {
          batch: 2,
        })
})

test('pools with ceil on a map smaller than the window', async () => {
  for (const op of ['MaxPool', 'AveragePool'])
    for (const includePad of [false, true])
      await one(op, [3, 2, 5], { kernel: [3, 3], stride: [2, 2], ceil: true, includePad })
})

test('GlobalAveragePool', async () => {
  for (const c of around)
    for (const [h, w] of [
      [1, 1],
      [7, 7],
      [3, 13],
    ] as const)
      await one('GlobalAveragePool', [c, h, w], {}, [], { batch: 2 })
})

test('Relu, Tanh, Sigmoid, Identity, Dropout', async () => {
  for (const op of ['Relu', 'Tanh', 'Sigmoid', 'Identity', 'Dropout'])
    for (const shape of [[17], [3, 5], [3, 4, 5], [1, 1, 1], [2, 3, 2, 2]]) await one(op, shape, {}, [], { batch: 2 })
})

test('Softmax along every axis', async () => {
  for (const shape of [[10], [3, 5], [5, 4, 3], [2, 3, 2, 2]])
    for (let axis = 0; axis <= shape.length; axis++)
      await one('Softmax', shape, { axis }, [], { batch: 2, images: [2] })
})

test('Add with broadcasting', async () => {
  for (const constant of [[], [1], [7], [5, 1], [5, 7], [3, 1, 1], [3, 5, 7], [1, 3, 1, 1], [1, 1, 5, 1], [1, 3, 5, 7]])
    for (const inputs of [
      ['x', 'w'],
      ['w', 'x'],
    ])
      await agree(
        {
          inputs: { x: [3, 5, 7] },
          outputs: ['y'],
          nodes: [node('Add', inputs, 'y')],
          weights: { w: filled(constant, 2) },
        },
        { batch: 2 },
      )
  for (const other of [
    [3, 5, 7],
    [1, 5, 7],
    [3, 1, 1],
    [1, 1, 1],
    [3, 5, 1],
  ])
    for (const inputs of [
      ['x', 'z'],
      ['z', 'x'],
    ])
      await agree(
        { inputs: { x: [3, 5, 7], z: other }, outputs: ['y'], nodes: [node('Add', inputs, 'y')] },
        { batch: 2 },
      )
  await agree({ inputs: { x: [3] }, outputs: ['y'], nodes: [node('Add', ['x', 'x'], 'y')] }, { batch: 2 })
})

test('Pad', async () => {
  for (const pads of [
    [0, 0, 1, 2, 0, 0, 3, 0],
    [0, 1, 0, 0, 0, 2, 0, 0],
    [0, 0, -1, 1, 0, 0, 1, -2],
    [0, -1, 0, 0, 0, 0, 0, 0],
  ])
    for (const value of [0, -1.5]) await one('Pad', [3, 4, 5], { pads, value }, [], { batch: 2 })
  await one('Pad', [5], { pads: [0, 1, 0, 2], value: 0 }, [], { batch: 2 })
  await one('Pad', [5, 3], { pads: [0, 1, 0, 0, 0, 2], value: 1 }, [], { batch: 2 })
})

test('Flatten and Reshape', async () => {
  for (const axis of [1, 2, 3, 4]) await one('Flatten', [3, 4, 5], { axis }, [], { batch: 2, images: [2] })
  for (const axis of [0]) await one('Flatten', [3, 4, 5], { axis }, [], { batch: 2, images: [2] })
  for (const shape of [
    [0, -1],
    [0, 3, -1],
    [0, 4, 3, 5],
    [0, 0, 0, 0],
    [0, 60, 1, 1],
    [0, -1, 2, 2, 1],
  ])
    await one('Reshape', [3, 4, 5], { shape }, [], { batch: 2 })
})

test('weights of 16 bits', async () => {
  // Numbers of few bits, which bfloat16 holds exactly.
  const few = (shape: Shape, seed: number): Tensor => ({
    shape,
    data: filled(shape, seed).data.map(v => Math.round(v * 64) / 64),
  })
  for (const dtype of ['F32', 'BF16'] as const)
    for (const outputs of around) {
      await one('Conv', [3, 4, 5], { kernel: [3, 3] }, [few([outputs, 3, 3, 3], 1), few([outputs], 2)], { dtype })
      await one('Gemm', [13], {}, [few([outputs, 13], 1), few([outputs], 2)], { dtype, batch: 2 })
      await one('Add', [outputs], {}, [few([outputs], 1)], { dtype })
    }
})

test.run()
