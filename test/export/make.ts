// What an export and an import leave of a model.
import * as assert from 'uvu/assert'
import { fromOnnx } from '../../converters/index.js'
import { toOnnx } from '../../converters/onnx/write.js'
import type { Attr, Graph, Model, Node, Shape, Tensor } from '../../ts/types.js'
import { floats } from '../models/make.js'

/** A graph of one node from the input x, and whatever tensors are named. */
export const single = (
  op: string,
  attrs: Readonly<Record<string, Attr>>,
  shape: Shape = [1, 4, 9, 9],
  tensors: Readonly<Record<string, Shape>> = {},
  inputs: readonly string[] = ['x', ...Object.keys(tensors)],
): Model => ({
  graph: {
    inputs: [{ name: 'x', shape }],
    outputs: ['y'],
    nodes: [{ op, name: 'node', inputs, outputs: ['y'], attrs }],
  },
  tensors: new Map(
    Object.entries(tensors).map(([name, shape]): [string, Tensor] => [name, floats(shape, i => i / 8 - 1)]),
  ),
})

// ONNX keeps attributes as 32-bit floats; whole numbers of networks are exact in them.
const rounded = (v: Attr): Attr => (typeof v === 'number' ? Math.fround(v) : v)
const roundedNode = (node: Node): Node => ({
  ...node,
  attrs: Object.fromEntries(Object.entries(node.attrs).map(([name, v]) => [name, rounded(v)])),
})
export const roundedGraph = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map(roundedNode) })

/** Exports and reads back: the same graph, the same weights, or it throws. */
export const roundTrip = (model: Model): void => {
  const back = fromOnnx(toOnnx(model))
  assert.equal(roundedGraph(back.graph!), roundedGraph(model.graph!))
  assert.equal([...back.tensors.keys()].sort(), [...model.tensors.keys()].sort())
  for (const [name, tensor] of model.tensors) {
    const { dtype, shape, data } = back.tensors.get(name)!
    assert.equal([name, dtype, shape], [name, tensor.dtype, tensor.shape])
    assert.is(Buffer.compare(data, tensor.data), 0, `the bytes of ${name}`)
  }
}
