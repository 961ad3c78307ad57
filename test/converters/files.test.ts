import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { convert, fromOnnx } from '../../converters/index.js'
import { readModel } from '../../ts/file.js'
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
    ['Convolution28_Output_0 = Conv(Input3, Parameter5)', conv([5, 5], 'same_upper')],
    ['Plus30_Output_0 = Add(Convolution28_Output_0, Parameter6)', {}],
    ['ReLU32_Output_0 = Relu(Plus30_Output_0)', {}],
    ['Pooling66_Output_0 = MaxPool(ReLU32_Output_0)', pool(2)],
    ['Convolution110_Output_0 = Conv(Pooling66_Output_0, Parameter87)', conv([5, 5], 'same_upper')],
    ['Plus112_Output_0 = Add(Convolution110_Output_0, Parameter88)', {}],
    ['ReLU114_Output_0 = Relu(Plus112_Output_0)', {}],
    ['Pooling160_Output_0 = MaxPool(ReLU114_Output_0)', pool(3)],
    ['Pooling160_Output_0_reshape0 = Reshape(Pooling160_Output_0)', { shape: [0, 256] }],
    ['Times212_Output_0 = Gemm(Pooling160_Output_0_reshape0, Parameter193)', {}],
    ['Plus214_Output_0 = Add(Times212_Output_0, Parameter194)', {}],
  ])
  assert.equal(
    [...m.tensors].map(([name, t]) => `${name} ${t.dtype} ${t.shape}`),
    [
      'Parameter5 F32 8,1,5,5',
      'Parameter6 F32 8,1,1',
      'Parameter87 F32 16,8,5,5',
      'Parameter88 F32 16,1,1',
      'Parameter193 F32 10,256',
      'Parameter194 F32 1,10',
    ],
  )
})

test.run()
