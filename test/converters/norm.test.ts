import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { float, floats, model, only, refuses, tensorOf, unsound } from './build.js'

const tensors = { s: floats([3]), b: floats([3]), m: floats([3]), v: floats([3], [1, 4, 9]) }
const nodes = ['y = BatchNormalization(x, s, b, m, v)']

test('BatchNormalization: opset 7, 9, 14 and 15, with and without attributes', () => {
  for (const opset of [7, 9, 14, 15])
    assert.equal(only({ opset, nodes, tensors }), [nodes[0], { epsilon: 1e-5 }], `opset ${opset}`)
  const attrs = { epsilon: 0.125, momentum: 0.5 }
  assert.equal(only({ opset: 15, nodes: [[nodes[0]!, { ...attrs, training_mode: 0 }]], tensors })[1], {
    epsilon: 0.125,
  })
  assert.equal(only({ opset: 7, nodes: [[nodes[0]!, { ...attrs, spatial: 1, is_test: 1 }]], tensors })[1], {
    epsilon: 0.125,
  })
})

test('BatchNormalization: outputs of training that nobody reads are dropped', () => {
  const training = 'y, mean, var, saved_mean, saved_var = BatchNormalization(x, s, b, m, v)'
  assert.equal(only({ opset: 9, nodes: [training], tensors })[0], nodes[0])
  refuses({ opset: 9, nodes: [training], outputs: ['y', 'mean'], tensors }, /only its first output is supported/)
})

test('BatchNormalization: training, statistics per pixel and computed parameters are refused', () => {
  refuses({ opset: 15, nodes: [[nodes[0]!, { training_mode: 1 }]], tensors }, /training_mode=1.*evaluation mode/)
  refuses({ opset: 7, nodes: [[nodes[0]!, { spatial: 0 }]], tensors }, /each pixel by itself \(spatial=0\)/)
  const inputs = { x: [1, 3, 8, 8], m: [3] }
  const { s, b, v } = tensors
  refuses({ inputs, nodes, tensors: { s, b, v } }, /its mean is computed by the network/)
})

test('BatchNormalization: parameters that are absent or no list are errors', () => {
  unsound({ nodes: ['n: y = BatchNormalization(x, s, b, m)'], tensors }, /^BatchNormalization "n": it has no variance/)
  unsound({ nodes, tensors: { ...tensors, b: floats([3, 1, 1]) } }, /its bias is 3×1×1, not one per channel/)
})

test('BatchNormalization: parameters that are computed of constants', () => {
  const m = model({
    opset: 11,
    nodes: [
      'e = Add(var, eps)',
      'root = Sqrt(e)',
      'f = Reciprocal(root)',
      'g = Mul(f, gamma)',
      ['s = Squeeze(g)', { axes: [0, 2, 3] }],
      'b = Reshape(beta, flat)',
      'y = BatchNormalization(x, s, b, m, v)',
    ],
    tensors: {
      var: floats([1, 3, 1, 1], [3, 15, 63]),
      eps: floats([], [1]),
      gamma: floats([1, 3, 1, 1], [2, 4, 8]),
      beta: floats([3, 1], [5, 6, 7]),
      flat: { dims: [1], dataType: 7, int64Data: [-1] },
      m: floats([3]),
      v: floats([3]),
    },
  })
  assert.equal(m.graph!.nodes[0]!.inputs, ['x', 'g', 'beta', 'm', 'v'])
  assert.equal(tensorOf(m, 'g'), ['F32', [3], [1, 1, 1]])
  assert.equal(tensorOf(m, 'beta'), ['F32', [3], [5, 6, 7]])
})

test('InstanceNormalization', () => {
  for (const opset of [7, 13, 22])
    assert.equal(only({ opset, nodes: [['y = InstanceNormalization(x, s, b)', { epsilon: 0.5 }]], tensors }), [
      'y = InstanceNormalization(x, s, b)',
      { epsilon: 0.5 },
    ])
  assert.equal(only({ nodes: ['y = InstanceNormalization(x, s, b)'], tensors })[1], { epsilon: 1e-5 })
  unsound({ nodes: ['n: y = InstanceNormalization(x, s)'], tensors }, /^InstanceNormalization "n": it has no bias/)
})

test('LRN', () => {
  assert.equal(only({ nodes: [['y = LRN(x)', { size: 5 }]] }), [
    'y = LRN(x)',
    { size: 5, alpha: 1e-4, beta: 0.75, bias: 1 },
  ])
  assert.equal(only({ nodes: [['y = LRN(x)', { size: 3, alpha: 0.5, beta: 0.25, bias: float(2) }]] })[1], {
    size: 3,
    alpha: 0.5,
    beta: 0.25,
    bias: 2,
  })
  unsound({ nodes: ['l: y = LRN(x)'] }, /^LRN "l": it has no size/)
  unsound({ nodes: [['l: y = LRN(x)', { size: 0 }]] }, /^LRN "l": size 0 should be at least 1/)
})

test.run()
