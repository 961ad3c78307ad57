// Every network of the builders as onnxruntime-web computes it from its export to ONNX, and as convlet computes it itself.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toOnnx } from '../../converters/onnx/write.js'
import { type Network, networks } from '../../models/index.js'
import { load } from '../../ts/entry/node.js'
import { encodeModel } from '../../ts/file.js'
import { modules } from '../builds.js'
import { difference } from './compare.js'
import { ort, outputsOf } from './ort.js'
import { seeded, size, twoImages } from './seeded.js'

const test = suite('networks against onnxruntime-web')

/** Units of a layer that keeps 4096 of them in VGG. */
const NARROW = 128

/**
 * VGG with narrow hidden layers behind its maps: of its 138 million weights 120 million are there, the same in all eight forms.
 * AlexNet keeps them all, and so the streams of weights that are tested.
 */
const narrowed = (network: Network): Network => {
  const cut = (name: string, shape: readonly number[]) =>
    name.startsWith('classifier.') ? shape.map(d => (d === 4096 ? NARROW : d)) : shape
  const shapes = Object.entries(network.parameters).map(([name, shape]) => [name, cut(name, shape)])
  return { ...network, parameters: Object.fromEntries(shapes) }
}

const build = (name: string): Network => {
  const network = networks[name]!({ classes: 10 })
  return name.startsWith('vgg') ? narrowed(network) : network
}

/** Of the largest value: what onnxruntime-web and convlet may differ by. */
const TOLERANCE = 1e-4

const report: string[] = []

const run = async (name: string) => {
  const network = build(name)
  const { parameters, leftOut, ...graph } = network
  const [input] = graph.inputs
  const shape = input!.shape.slice(1)
  const images = twoImages(shape)
  const model = { graph, tensors: seeded(network) }
  const wanted = await outputsOf(toOnnx(model), { [input!.name]: { shape: [2, ...shape], data: images } })
  assert.equal(Object.keys(wanted), [...graph.outputs])
  const file = await encodeModel(model)
  const differences: number[] = []
  for (const { build, wasm } of modules) {
    const net = await load(file, { build, wasm, batch: 2 })
    const compare = (count: number) => {
      const found = net.run(images.subarray(0, count * size(shape)))
      for (const [output, values] of Object.entries(wanted)) {
        const of = values.subarray(0, (values.length * count) / 2)
        const d = difference(found[output]!, of)
        assert.ok(d <= TOLERANCE, `${build}, ${count} images: ${output} differs by ${d} of its largest value`)
        differences.push(d)
      }
    }
    compare(2)
    // One image takes other kernels where weights are many.
    compare(1)
    net.dispose()
  }
  // A network that says the same of both images would agree whatever its first layers did.
  for (const values of Object.values(wanted)) {
    const half = values.length / 2
    const d = difference(values.subarray(0, half), values.subarray(half))
    assert.ok(d > 100 * TOLERANCE, `the outputs of two images differ by ${d} only`)
  }
  report.push(`  ${name.padEnd(18)} ${Math.max(...differences).toExponential(1)}`)
}

for (const name of Object.keys(networks))
  if (ort) test(name, () => run(name))
  else test.skip(name, () => {})

test.after(() => {
  if (ort) console.log(['\nlargest difference from onnxruntime-web, of the largest value', ...report].join('\n'))
})

test.run()
