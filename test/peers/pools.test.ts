// Pools whose ceil drops a last window that lies wholly in the padding, exported to ONNX, as onnxruntime-web computes them.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toOnnx } from '../../converters/onnx/write.js'
import { load } from '../../ts/entry/node.js'
import { encodeModel } from '../../ts/file.js'
import type { Attr } from '../../ts/types.js'
import { modules } from '../builds.js'
import { difference } from './compare.js'
import { ort, outputsOf } from './ort.js'

const test = suite('pools against onnxruntime-web')

const cases: readonly (readonly [op: string, map: readonly [number, number], attrs: Record<string, Attr>])[] = [
  ['MaxPool', [3, 3], { kernel: [2, 2], stride: [2, 2], pad: [1, 1, 1, 1] }],
  // Dropped below, kept at the right.
  ['MaxPool', [3, 4], { kernel: [2, 3], stride: [2, 2], pad: [1, 0, 1, 0] }],
  ['MaxPool', [9, 10], { kernel: [1, 1], stride: [3, 3], pad: [0, 0, 0, 0] }],
  ['AveragePool', [3, 3], { kernel: [2, 2], stride: [2, 2], pad: [1, 1, 1, 1], includePad: true }],
  ['AveragePool', [3, 4], { kernel: [2, 3], stride: [2, 2], pad: [1, 0, 1, 0], includePad: false }],
]

for (const [op, map, attrs] of cases) {
  const run = async () => {
    const given = { dilation: [1, 1], ceil: true, ...attrs }
    const nodes = [{ op, name: 'pool', inputs: ['x'], outputs: ['y'], attrs: given }]
    const graph = { inputs: [{ name: 'x', shape: [1, 2, ...map] }], outputs: ['y'], nodes }
    const data = Float32Array.from({ length: 2 * map[0] * map[1] }, (_, i) => Math.sin(i * i) - 3)
    const wanted = await outputsOf(toOnnx({ graph, tensors: new Map() }), { x: { shape: [1, 2, ...map], data } })
    for (const { build, wasm } of modules) {
      const net = await load(await encodeModel({ graph, tensors: new Map() }), { build, wasm })
      assert.ok(difference(net.run(data).y!, wanted.y!) < 1e-6, build)
      net.dispose()
    }
  }
  const name = `${op} of ${map.join('×')} ${JSON.stringify(attrs)}`
  if (ort) test(name, run)
  else test.skip(name, () => {})
}

test.run()
