// Which kernels make a convolution's gradients.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Builder } from '../../models/builder.js'
import { lenet5 } from '../../models/lenet5.js'
import { compile } from '../../ts/train/compile.js'
import type { Graph, TensorInfo } from '../../ts/types.js'

const test = suite('ways')

/** The kernels of each node of a training step that makes the gradient of a convolution's input. */
const kernels = (graph: Graph, batch: number): string[][] => {
  const info = (shape: readonly number[]): TensorInfo => ({ dtype: 'F32', shape, begin: 0, end: 0 })
  const tensors = new Map(Object.entries(graph.parameters!).map(([name, shape]) => [name, info(shape)]))
  const inputs = graph.inputs.map(({ name, shape }) => ({ name, shape: [batch, ...shape.slice(1)] }))
  const { run } = compile({ ...graph, inputs }, tensors, {
    ...{ batch, loss: { kind: 'crossEntropy' }, norm: 'batch', momentum: 0.1 },
    ...{ accumulate: 1, recompute: false, moments: 1, trained: name => tensors.has(name) },
  })
  return run(batch)
    .layers.filter(({ node }) => node.op === 'ConvGradInput')
    .map(({ calls }) => calls.map(([kernel]) => kernel))
}

/** Two convolutions, of which the second, from c to oc channels, is looked at. */
const pair = (size: number, c: number, oc: number, options: { kernel: number; stride?: number; pad?: number }) => {
  const net = new Builder('input', [1, 1, size, size])
  const x = net.conv('first', net.input, 1, c, { kernel: 1 })
  const y = net.globalAveragePool('pool', net.conv('second', x, c, oc, options))
  return net.done({ logits: net.flatten('flatten', y) })
}

test("LeNet-5's second layer goes row by row, its third is a matrix product", () =>
  assert.equal(kernels(lenet5(), 32), [
    ['flip_panels', 'conv_direct'],
    ['flip_panels', 'conv_grad_input'],
  ]))

for (const [what, graph, wanted] of [
  ['no padding, few channels', pair(14, 12, 32, { kernel: 7 }), ['flip_panels', 'conv_grad_input']],
  ['short sums and few zeros', pair(16, 6, 6, { kernel: 3, pad: 1 }), ['pad', 'phase_panels', 'conv_transposed']],
  ['many channels', pair(28, 64, 64, { kernel: 3, pad: 1 }), ['flip_panels', 'conv_winograd']],
  ['a stride', pair(15, 6, 16, { kernel: 5, stride: 2 }), ['pad', 'phase_panels', 'conv_transposed']],
  ['outputs that see nothing but padding', pair(9, 6, 16, { kernel: 5, pad: 5 }), ['phase_panels', 'conv_transposed']],
] as const)
  test(what, () => assert.equal(kernels(graph, 8), [wanted]))

test.run()
