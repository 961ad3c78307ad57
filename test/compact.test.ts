// Files with weights of 8 and 16 bits, loaded: compact with `small`, as floats with `fast`, the same numbers either way.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Storage, storeWeights } from '../converters/index.js'
import { inFloats } from '../converters/storage.js'
import { type Network, networks } from '../models/index.js'
import { inspect, load } from '../ts/entry/node.js'
import { encodeModel } from '../ts/file.js'
import type { Attr, Model, Shape, Tensor } from '../ts/types.js'
import { modules } from './builds.js'
import { fails } from './file/make.js'
import { agree, filled, node, weight } from './graphs.js'
import { seeded } from './peers/seeded.js'
import { floats } from './random.js'
import { size } from './ref/tensor.js'

const test = suite('compact')

const modelOf = (network: Network): Model => {
  const { inputs, outputs, nodes } = network
  return { graph: { inputs, outputs, nodes }, tensors: seeded(network) }
}
const resnet = modelOf(networks.resnet20!({}))
const input = Float32Array.from(floats(3 * 32 * 32, 1))

const logits = async (source: Parameters<typeof load>[0], options: object = {}): Promise<Float32Array> => {
  const net = await load(source, { ...modules[0]!, ...options })
  return net.run(input)[net.outputs.logits ? 'logits' : Object.keys(net.outputs)[0]!]!.slice()
}

/** Largest difference, as a part of the largest number. */
const apart = (a: Float32Array, b: Float32Array): number => {
  const largest = b.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0) / largest
}

for (const storage of ['f16', 'bf16', 'int8'] as const)
  test(`ResNet-20 in ${storage} gives what the numbers that it holds give in F32`, async () => {
    const stored = storeWeights(resnet, storage)
    const bytes = await encodeModel(stored)
    const plain = await encodeModel({ ...resnet, tensors: inFloats(stored.tensors) })
    const [small, fast] = [await inspect(bytes), await inspect(bytes, { memory: 'fast' })]
    const [floatsSmall, floatsFast] = [await inspect(plain), await inspect(plain, { memory: 'fast' })]
    assert.is(fast.memory.total, floatsFast.memory.total)
    const parts = small.memory.weights / floatsSmall.memory.weights
    assert.ok(parts < (storage === 'int8' ? 0.32 : 0.55), `${parts}`)
    for (const module of modules)
      for (const memory of ['small', 'fast'] as const) {
        const wanted = await logits(plain, { ...module, memory })
        const found = await logits(bytes, { ...module, memory })
        // A batch norm's factor times the scale, or times the weight: another rounding of each weight.
        assert.ok(apart(found, wanted) < 2e-6, `${module.build}, ${memory}: ${apart(found, wanted)}`)
        assert.ok(apart(found, await logits(await encodeModel(resnet), { ...module, memory })) > 1e-4)
      }
  })

test('what kernels run and how weights are stored is told', async () => {
  const { layers } = await inspect(await encodeModel(storeWeights(resnet, 'int8')))
  const convs = layers.filter(({ op }) => op === 'Conv' || op === 'Gemm')
  assert.ok(convs.every(({ stored, kernels }) => stored === 'I8' && kernels.includes('expand')))
  assert.ok(layers.some(({ stored }) => stored === undefined))
  const fast = await inspect(await encodeModel(storeWeights(resnet, 'int8')), { memory: 'fast' })
  assert.not.ok(fast.layers.some(({ kernels }) => kernels.includes('expand')))
})

test('memory is as planned, and a limit below it is refused', async () => {
  const bytes = await encodeModel(storeWeights(resnet, 'int8'))
  const { memory } = await inspect(bytes)
  const net = await load(bytes, { ...modules[0]!, memoryLimit: memory.total })
  assert.equal(net.memory, memory)
  assert.is(net.run(input).logits!.buffer.byteLength, memory.total)
  await fails(() => load(bytes, { ...modules[0]!, memoryLimit: memory.total - 1 }), 'MEMORY', `${memory.total} bytes`)
})

test('scales and integers arrive whole whatever the pieces of the stream, and the hash is checked', async () => {
  const bytes = await encodeModel(storeWeights(resnet, 'int8'))
  const wanted = await logits(bytes)
  for (const piece of [1, 1009, 65_537]) {
    let at = 0
    const stream = new ReadableStream<Uint8Array>({
      pull: controller => (at < bytes.length ? controller.enqueue(bytes.slice(at, (at += piece))) : controller.close()),
    })
    assert.is(apart(await logits(stream), wanted), 0)
  }
  const wrong = bytes.slice()
  wrong[wrong.length - 1]! ^= 1
  await fails(() => load(wrong, modules[0]!), 'FILE', 'sha256')
})

const conv = (shape: Shape, attrs: Record<string, Attr>, extra: Record<string, ReturnType<typeof filled>> = {}) => ({
  inputs: { x: [shape[1]! * ((attrs.groups as number) ?? 1), 9, 7] },
  outputs: ['y'],
  nodes: [
    node('Conv', ['x', 'w', ...Object.keys(extra)], 'y', { kernel: shape.slice(2), pad: [0, 0, 0, 0], ...attrs }),
  ],
  weights: { w: weight(shape, 1), ...extra },
})

test('convolutions of every kind against the references', async () => {
  for (const storage of ['int8', 'f16', 'bf16'] as Storage[])
    for (const memory of ['small', 'fast'] as const) {
      const how = { storage, memory, batch: 2 }
      const one = { stride: [1, 1], dilation: [1, 1], groups: 1 }
      for (const oc of [1, 4, 7, 8, 9, 17]) {
        await agree(conv([oc, 3, 1, 1], one), how)
        await agree(conv([oc, 3, 3, 2], { ...one, stride: [2, 1] }, { b: filled([oc], 2) }), how)
        // The whole map: one pixel, gemv for one image.
        await agree(conv([oc, 3, 9, 7], one), how)
      }
      await agree(conv([12, 8, 5, 5], { ...one, pad: [2, 2, 2, 2] }), how)
      // Groups begin panels of their own; depthwise ones are expanded at load.
      for (const groups of [2, 3]) await agree(conv([groups * 9, 2, 3, 3], { ...one, groups }), how)
      await agree(conv([8, 1, 3, 3], { ...one, groups: 8 }), how)
      // A stride's phases.
      await agree(conv([8, 4, 7, 7], { ...one, stride: [4, 4], pad: [3, 3, 3, 3] }), how)
    }
})

test('more channels than are expanded together, the last ones no whole panel', async () => {
  const one = { stride: [1, 1], dilation: [1, 1], groups: 1 }
  // Winograd's way and the direct one.
  await agree(conv([76, 512, 3, 3], one), { storage: 'int8', images: [1] })
  await agree(conv([45, 512, 3, 3], { ...one, stride: [2, 2] }), { storage: 'int8', images: [1] })
})

test('batch norms behind and before a convolution, and weights that two layers share', async () => {
  const norm = ['s', 't', 'm', 'v']
  const vectors = {
    s: filled([6], 2),
    t: filled([6], 3),
    m: filled([6], 4),
    v: { shape: [6], data: floats(6, 5).map(v => v * v + 0.5) },
  }
  const attrs = { kernel: [1, 1], pad: [0, 0, 0, 0], stride: [1, 1], dilation: [1, 1], groups: 1 }
  const w = weight([6, 6, 1, 1], 1)
  for (const storage of ['int8', 'f16', 'bf16'] as Storage[]) {
    const net = (nodes: ReturnType<typeof node>[]) =>
      agree({ inputs: { x: [6, 3, 5] }, outputs: ['y'], nodes, weights: { w, ...vectors } }, { storage, batch: 2 })
    const [c, n] = [(x: string, y: string) => node('Conv', [x, 'w'], y, attrs), { epsilon: 0.125 }]
    await net([c('x', 'a'), node('BatchNormalization', ['a', ...norm], 'y', n)])
    await net([node('BatchNormalization', ['x', ...norm], 'a', n), c('a', 'y')])
    await net([c('x', 'a'), node('Relu', ['a'], 'b'), c('b', 'y')])
    await net([node('BatchNormalization', ['x', ...norm], 'a', n), c('a', 'b'), node('Relu', ['b'], 'd'), c('d', 'y')])
  }
})

const i8 = (shape: number[], values: number[]): Tensor => ({
  dtype: 'I8',
  shape,
  data: new Uint8Array(Int8Array.from(values).buffer),
})
const f32 = (shape: number[], values: number[]): Tensor => ({
  dtype: 'F32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
/** y = x·wᵀ with x of two numbers, stored in this order. */
const gemm = (...tensors: [string, Tensor][]) =>
  encodeModel({
    graph: { inputs: [{ name: 'x', shape: [1, 2] }], outputs: ['y'], nodes: [node('Gemm', ['x', 'w'], 'y')] },
    tensors: new Map(tensors),
  })
const x = Float32Array.of(1, 10)
const w = i8([3, 2], [1, 2, -3, 4, 127, -127])

test('scales for each channel, for each input, or one for all', async () => {
  for (const [scale, wanted] of [
    [f32([3, 1], [1, 0.5, 2]), [21, 18.5, -2286]],
    [f32([1, 2], [1, 0.5]), [11, 17, -508]],
    [f32([1, 1], [0.5]), [10.5, 18.5, -571.5]],
  ] as const)
    for (const memory of ['small', 'fast'] as const) {
      const net = await load(await gemm(['w_scale', scale], ['w', w]), { ...modules[0]!, memory })
      assert.equal([...net.run(x).y!], wanted)
    }
})

test('scales that are absent, of another shape or type, or behind their weights', async () => {
  const reject = async (fact: string, ...tensors: [string, Tensor][]) => {
    const bytes = await gemm(...tensors)
    await fails(() => load(bytes, modules[0]!), 'SHAPE', fact)
    await fails(() => inspect(bytes), 'SHAPE', fact)
  }
  const needs = '"w" of I8 (3×2) needs scales, "w_scale" of F32 with one number for each channel (3×1); it is'
  await reject(`${needs} absent`, ['w', w])
  for (const shape of [[3], [3, 2], [2, 1], [1, 3], [3, 1, 1]])
    await reject(`${needs} F32 ${shape}`, ['w_scale', f32(shape, Array(size(shape)).fill(1))], ['w', w])
  await reject(`${needs} I8 3,1`, ['w_scale', i8([3, 1], [1, 1, 1])], ['w', w])
  const late = await gemm(['w', w], ['w_scale', f32([3, 1], [1, 1, 1])])
  for (const memory of ['small', 'fast'] as const)
    await fails(() => load(late, { ...modules[0]!, memory }), 'FILE', '"w_scale" must stand before "w"')
})

test.run()
