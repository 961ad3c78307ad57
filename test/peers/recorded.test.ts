// Other people's networks, which are not part of this project: the outputs that came with them, or else onnxruntime-web's.
import { readFileSync } from 'node:fs'
import onnxProto from 'onnx-proto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import { readTensor } from '../../converters/onnx/tensor.js'
import { load } from '../../ts/entry/node.js'
import type { Tensor } from '../../ts/types.js'
import { modules } from '../builds.js'
import { shared, testWithShared } from '../shared.js'
import { difference, largest } from './compare.js'
import { ort, outputsOf } from './ort.js'
import { size, twoImages } from './seeded.js'

const test = suite('networks with recorded outputs')

const recorded = (path: string): Float32Array => {
  const proto = onnxProto.onnx.TensorProto.decode(readFileSync(shared(path)))
  const { dtype, data } = readTensor(proto as Parameters<typeof readTensor>[0], path) as Tensor
  assert.is(dtype, 'F32')
  return new Float32Array(data.slice().buffer)
}

/** The only output of a model for an input, by both builds. */
const outputs = async (file: Uint8Array, input: (length: number) => Float32Array): Promise<Float32Array[]> => {
  const found: Float32Array[] = []
  for (const { build, wasm } of modules) {
    const net = await load(file, { build, wasm })
    found.push(Object.values(net.run(input(size(Object.values(net.inputs)[0]!))))[0]!.slice())
    net.dispose()
  }
  return found
}

const check = (found: readonly Float32Array[], wanted: Float32Array, tolerance: number) => {
  for (const [i, values] of found.entries()) {
    const d = difference(values, wanted)
    assert.ok(d <= tolerance, `${modules[i]!.build}: differs by ${d} of the largest value, ${largest(wanted)}`)
  }
}

// Each of their layers has one weight for all, so all classes come out alike; what is left is that nothing is lost or doubled.
for (const name of ['bvlc_alexnet', 'inception_v1', 'resnet50', 'squeezenet', 'vgg19']) {
  const [model, output] = [`onnx/light/light_${name}.onnx`, `onnx/light/light_${name}_output_0.pb`]
  testWithShared(test, `${model} gives its recorded output`, [model, output], async () => {
    const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i / length)
    check(await outputs(await convert(readFileSync(shared(model))), ramp), recorded(output), 1e-5)
  })
}

const squeezenet = (set: number, part: string) => `models/squeezenet1.1.test_data/test_data_set_${set}/${part}_0.pb`
// Both files hold weights of 16 bits, the first widened to 32; the outputs were recorded with the weights of 32 bits that they
// come from. onnxruntime-web differs from the records by the same 0.2 to 0.4 %, and agrees with convlet below.
for (const model of ['models/squeezenet1.1.onnx', 'models/squeezenet1.1-fp16.onnx'])
  for (const set of [0, 1, 2])
    testWithShared(
      test,
      `${model} gives its recorded output ${set}`,
      [model, squeezenet(set, 'input'), squeezenet(set, 'output')],
      async () => {
        const file = await convert(readFileSync(shared(model)))
        const wanted = recorded(squeezenet(set, 'output'))
        check(await outputs(file, () => recorded(squeezenet(set, 'input'))), wanted, 5e-3)
      },
    )

const image = (shape: readonly number[], i: number) => {
  const one = size(shape)
  return twoImages(shape).slice(i * one, (i + 1) * one)
}

for (const [model, input, shape] of [
  ['models/squeezenet1.1.onnx', 'data_0', [3, 224, 224]],
  ['models/mobilenet_v1_0.25_224.onnx', 'input', [3, 224, 224]],
  ['models/resnet20-cifar10-akamaster.onnx', 'input', [3, 32, 32]],
  ['models/lenet5-mnist.onnx', 'input', [1, 32, 32]],
] as const) {
  const name = `${model} as onnxruntime-web computes it`
  if (!ort) test.skip(name, () => {})
  else
    testWithShared(test, name, [model], async () => {
      const onnx = new Uint8Array(readFileSync(shared(model)))
      const file = await convert(onnx)
      for (const i of [0, 1]) {
        const data = image(shape, i)
        const [wanted] = Object.values(await outputsOf(onnx, { [input]: { shape: [1, ...shape], data } }))
        check(await outputs(file, () => data), wanted!, 1e-4)
      }
    })
}

test.run()
