// Every network of the builders to ONNX and back.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readOnnx } from '../../converters/onnx/read.js'
import { toOnnx } from '../../converters/onnx/write.js'
import { type Network, networks } from '../../models/index.js'
import type { Shape } from '../../ts/types.js'
import { seeded, size } from '../models/make.js'
import { roundTrip } from './make.js'

const test = suite('export: networks')

/** The large networks with thinner layers: neither export nor import asks whether shapes fit, which is for loading to say. */
const thin = (network: Network): Network => {
  const shapes = Object.entries(network.parameters)
  if (shapes.reduce((sum, [, shape]) => sum + size(shape), 0) < 4e6) return network
  const cut = (shape: Shape) => shape.map(d => Math.min(d, 16))
  return { ...network, parameters: Object.fromEntries(shapes.map(([name, shape]) => [name, cut(shape)])) }
}

for (const [name, build] of Object.entries(networks))
  test(`${name} comes back as it was`, () => {
    const network = thin(build())
    const { parameters, leftOut, ...graph } = network
    roundTrip({ graph, tensors: seeded(network) })
  })

test('the file is of opset 13, its batch is open, and outputs tell their shapes', () => {
  const network = networks.lenet5!()
  const { parameters, ...graph } = network
  const file = toOnnx({ graph, tensors: seeded(network), labels: ['a', 'b'] })
  const onnx = readOnnx(file, 'the export')
  assert.is(onnx.opset, 13)
  assert.is(onnx.producer, 'convlet')
  assert.equal(onnx.inputs, [{ name: 'input', dims: ['N', 1, 32, 32], refused: undefined }])
  assert.equal(onnx.outputs, ['logits'])
  assert.ok(Buffer.from(file).includes('["a","b"]'))
})

test.run()
