import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { convert, fromOnnx } from '../../converters/index.js'
import { readModel } from '../../ts/file.js'
import type { Model } from '../../ts/types.js'
import { shared, testWithShared } from '../shared.js'
import { brief } from './build.js'

const read = (path: string) => fromOnnx(readFileSync(shared(path)), { source: path.split('/').at(-1)! })
const conv = (kernel: number[], pad: number[] | string = [0, 0, 0, 0]) => ({
  kernel,
  stride: [1, 1],
  pad,
  dilation: [1, 1],
  groups: 1,
})
const pool = (size: number, more = {}) => ({
  kernel: [size, size],
  stride: [size, size],
  pad: [0, 0, 0, 0],
  dilation: [1, 1],
  ceil: false,
  ...more,
})

const lenet = 'models/lenet5-mnist.onnx'
testWithShared(test, 'lenet5-mnist.onnx', [lenet], async () => {
  const m = read(lenet)
  assert.equal([m.opset, m.source], [13, 'lenet5-mnist.onnx (pytorch 1.13.0)'])
  assert.equal(m.graph!.inputs, [{ name: 'input', shape: [1, 1, 32, 32] }])
  assert.equal(m.graph!.outputs, ['logits'])
  const noPad = { pads: Array(8).fill(0), value: 0 }
  const average = pool(2, { includePad: false })
  assert.equal(
    m.graph!.nodes.map(n => [n.op, n.attrs]),
    [
      ['Conv', conv([5, 5])],
      ['Tanh', {}],
      ['Pad', noPad],
      ['AveragePool', average],
      ['Conv', conv([5, 5])],
      ['Tanh', {}],
      ['Pad', noPad],
      ['AveragePool', average],
      ['Conv', conv([5, 5])],
      ['Tanh', {}],
      ['Flatten', { axis: 1 }],
      ['Gemm', {}],
      ['Tanh', {}],
      ['Gemm', {}],
    ],
  )
  assert.equal(
    [...m.tensors].map(([name, t]) => `${name} ${t.dtype} ${t.shape}`),
    [
      'features.0.weight F32 6,1,5,5',
      'features.0.bias F32 6',
      'features.3.weight F32 16,6,5,5',
      'features.3.bias F32 16',
      'features.6.weight F32 120,16,5,5',
      'features.6.bias F32 120',
      'classifier.0.weight F32 84,120',
      'classifier.0.bias F32 84',
      'classifier.2.weight F32 10,84',
      'classifier.2.bias F32 10',
    ],
  )
  assert.equal((await readModel(await convert(readFileSync(shared(lenet))))).graph, m.graph)
})

const mnist = 'models/mnist-8.onnx'
testWithShared(test, 'mnist-8.onnx', [mnist], () => {
  const m = read(mnist)
  assert.equal([m.opset, m.source], [8, 'mnist-8.onnx (CNTK 2.5.1)'])
  assert.equal(m.graph!.inputs, [{ name: 'Input3', shape: [1, 1, 28, 28] }])
  assert.equal(brief(m.graph!), [
    ['Plus30_Output_0 = Conv(Input3, Parameter5, Parameter6)', conv([5, 5], 'same_upper')],
    ['ReLU32_Output_0 = Relu(Plus30_Output_0)', {}],
    ['Pooling66_Output_0 = MaxPool(ReLU32_Output_0)', pool(2)],
    ['Plus112_Output_0 = Conv(Pooling66_Output_0, Parameter87, Parameter88)', conv([5, 5], 'same_upper')],
    ['ReLU114_Output_0 = Relu(Plus112_Output_0)', {}],
    ['Pooling160_Output_0 = MaxPool(ReLU114_Output_0)', pool(3)],
    ['Pooling160_Output_0_reshape0 = Reshape(Pooling160_Output_0)', { shape: [0, 256] }],
    ['Plus214_Output_0 = Gemm(Pooling160_Output_0_reshape0, Parameter193, Parameter194)', {}],
  ])
  assert.equal(
    [...m.tensors].map(([name, t]) => `${name} ${t.dtype} ${t.shape}`),
    [
      'Parameter5 F32 8,1,5,5',
      'Parameter6 F32 8',
      'Parameter87 F32 16,8,5,5',
      'Parameter88 F32 16',
      'Parameter193 F32 10,256',
      'Parameter194 F32 10',
    ],
  )
})

/** How often each operator occurs. */
const census = ({ graph }: Model) => {
  const counts: Record<string, number> = {}
  for (const { op } of graph!.nodes) counts[op] = (counts[op] ?? 0) + 1
  return counts
}
const image = (name: string) => [{ name, shape: [1, 3, 224, 224] }]
const nodeOf = ({ graph }: Model, op: string) => graph!.nodes.find(n => n.op === op)!

const fire = { Conv: 26, Relu: 26, MaxPool: 3, Concat: 8, Dropout: 1, GlobalAveragePool: 1, Softmax: 1 }
for (const [file, dtype] of [
  ['squeezenet1.1.onnx', 'F32'],
  ['squeezenet1.1-fp16.onnx', 'F16'],
]) {
  const path = `models/${file}`
  testWithShared(test, file!, [path], () => {
    const m = read(path)
    assert.equal(m.graph!.inputs, image('data_0'))
    assert.equal(census(m), fire)
    assert.equal(nodeOf(m, 'Concat').attrs, { axis: 1 })
    assert.is(m.tensors.size, 52)
    assert.ok([...m.tensors.values()].every(t => t.dtype === dtype))
  })
}

const mobilenet = 'models/mobilenet_v1_0.25_224.onnx'
testWithShared(test, 'mobilenet_v1_0.25_224.onnx', [mobilenet], () => {
  const m = read(mobilenet)
  assert.equal(m.graph!.inputs, image('input'))
  assert.equal(census(m), {
    Conv: 28,
    BatchNormalization: 27,
    Clip: 27,
    GlobalAveragePool: 1,
    Flatten: 1,
    Softmax: 1,
  })
  assert.equal(nodeOf(m, 'Clip').attrs, { min: 0, max: 6 })
  assert.is(nodeOf(m, 'BatchNormalization').inputs.length, 5)
  assert.equal(
    m.graph!.nodes.filter(n => n.op === 'Conv').map(n => n.attrs.groups),
    [1, ...[8, 16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256].flatMap(groups => [groups, 1]), 1],
  )
})

const resnet20 = 'models/resnet20-cifar10-akamaster.onnx'
testWithShared(test, 'resnet20-cifar10-akamaster.onnx', [resnet20], () => {
  const m = read(resnet20)
  assert.equal(m.graph!.inputs, [{ name: 'input', shape: [1, 3, 32, 32] }])
  assert.equal(census(m), {
    Conv: 19,
    BatchNormalization: 19,
    Relu: 19,
    Add: 9,
    Slice: 2,
    Pad: 2,
    GlobalAveragePool: 1,
    Flatten: 1,
    Gemm: 1,
  })
  // The shortcut between stages: every other pixel, and channels of zeros on both sides.
  const far = 2 ** 31 - 1
  assert.equal(nodeOf(m, 'Slice').attrs, { starts: [0, 0], ends: [far, far], axes: [2, 3], steps: [2, 2] })
  assert.equal(nodeOf(m, 'Pad').attrs, { pads: [0, 8, 0, 0, 0, 8, 0, 0], value: 0 })
})

// Their weights are made by ConstantOfShape: the files are small, the models are not.
const light = {
  bvlc_alexnet: [16, { Conv: 5, Relu: 7, LRN: 2, MaxPool: 3, Reshape: 1, Gemm: 3, Dropout: 2, Softmax: 1 }],
  inception_v1: [
    116,
    {
      Conv: 57,
      Relu: 57,
      MaxPool: 13,
      LRN: 2,
      Concat: 9,
      AveragePool: 1,
      Dropout: 1,
      Reshape: 1,
      Gemm: 1,
      Softmax: 1,
    },
  ],
  resnet50: [
    267,
    {
      Conv: 53,
      BatchNormalization: 53,
      Relu: 49,
      MaxPool: 1,
      Add: 16,
      AveragePool: 1,
      Reshape: 1,
      Gemm: 1,
      Softmax: 1,
    },
  ],
  squeezenet: [52, fire],
  vgg19: [38, { Conv: 16, Relu: 18, MaxPool: 5, Reshape: 1, Gemm: 3, Dropout: 2, Softmax: 1 }],
} as const
for (const [name, [tensors, counts]] of Object.entries(light)) {
  const path = `onnx/light/light_${name}.onnx`
  testWithShared(test, `light_${name}.onnx`, [path], () => {
    const m = read(path)
    assert.equal(census(m), counts)
    assert.is(m.tensors.size, tensors)
    assert.equal(
      m.graph!.inputs.map(({ shape }) => shape),
      [[1, 3, 224, 224]],
    )
    const lrn = nodeOf(m, 'LRN')
    if (lrn) assert.equal(Object.keys(lrn.attrs), ['size', 'alpha', 'beta', 'bias'])
    // The batch stays open.
    const reshape = nodeOf(m, 'Reshape')
    if (reshape) assert.is((reshape.attrs.shape as number[])[0], 0)
  })
}

test.run()
