import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { brief, float, floats, graphOf, model, only, refuses, tensorOf } from './build.js'

const xRow = { x: [1, 3] }

test('Gemm: transB=1 is canonical already', () => {
  const m = model({
    inputs: xRow,
    nodes: [['y = Gemm(x, w, b)', { transB: 1 }]],
    tensors: { w: floats([2, 3]), b: floats([2]) },
  })
  assert.equal(brief(m.graph!), [['y = Gemm(x, w, b)', {}]])
  assert.equal(tensorOf(m, 'w'), ['F32', [2, 3], [0, 1, 2, 3, 4, 5]])
})

test('Gemm: transB=0, alpha and beta go into the tensors, which keep their names', () => {
  const m = model({
    inputs: xRow,
    nodes: [['y = Gemm(x, w, b)', { alpha: 0.5, beta: float(2) }]],
    tensors: { w: floats([3, 2]), b: floats([1, 2], [5, 7]) },
  })
  assert.equal(brief(m.graph!), [['y = Gemm(x, w, b)', {}]])
  assert.equal(tensorOf(m, 'w'), ['F32', [2, 3], [0, 1, 2, 0.5, 1.5, 2.5]])
  assert.equal(tensorOf(m, 'b'), ['F32', [2], [10, 14]])
})

test('Gemm: a bias of one number is spread over the row', () => {
  for (const dims of [[], [1], [1, 1]]) {
    const m = model({
      inputs: xRow,
      nodes: ['y = Gemm(x, w, b)'],
      tensors: { w: floats([3, 2]), b: floats(dims, [5]) },
    })
    assert.equal(tensorOf(m, 'b'), ['F32', [2], [5, 5]])
  }
})

test('Gemm: no bias where it is absent or beta is 0', () => {
  const tensors = { w: floats([2, 3]), b: floats([2]) }
  for (const node of ['y = Gemm(x, w)', 'y = Gemm(x, w, )'])
    assert.equal(only({ inputs: xRow, nodes: [[node, { transB: 1 }]], tensors })[0], 'y = Gemm(x, w)')
  const m = model({ inputs: xRow, nodes: [['y = Gemm(x, w, b)', { transB: 1, beta: float(0) }]], tensors })
  assert.equal([...m.tensors.keys()], ['w'])
})

test('Gemm: an addend with a row per image becomes an Add', () => {
  const m = model({
    inputs: { x: [2, 3] },
    nodes: [['g: y = Gemm(x, w, c)', { transB: 1, beta: 0.5 }]],
    tensors: { w: floats([2, 3]), c: floats([2, 2]) },
  })
  assert.equal(brief(m.graph!), [
    ['y_product = Gemm(x, w)', {}],
    ['y = Add(y_product, c)', {}],
  ])
  assert.equal(
    m.graph!.nodes.map(n => n.name),
    ['g', 'g_add'],
  )
  assert.equal(tensorOf(m, 'c'), ['F32', [2, 2], [0, 0.5, 1, 1.5]])
})

test('Gemm: a computed addend becomes an Add', () => {
  const nodes = ['t = Tanh(z)', ['y = Gemm(x, w, t)', { transB: 1 }]] as const
  const spec = { inputs: { x: [1, 3], z: [1, 2] }, nodes, tensors: { w: floats([2, 3]) } }
  assert.equal(
    brief(graphOf(spec)).map(n => n[0]),
    ['t = Tanh(z)', 'y_product = Gemm(x, w)', 'y = Add(y_product, t)'],
  )
})

test('Gemm: an input that is transposed becomes a Transpose', () => {
  const spec = { inputs: { x: [3, 1] }, tensors: { w: floats([2, 3]), b: floats([2]) } }
  const { nodes } = graphOf({ ...spec, nodes: [['g: y = Gemm(x, w, b)', { transA: 1, transB: 1 }]] })
  assert.equal(
    nodes.map(n => [n.op, n.name, n.inputs, n.outputs[0], n.attrs]),
    [
      ['Transpose', 'g_transpose', ['x'], 'y_transposed', { perm: [1, 0] }],
      ['Gemm', 'g', ['y_transposed', 'w', 'b'], 'y', {}],
    ],
  )
})

test('Gemm: computed weights are refused', () => {
  refuses({ inputs: { x: [1, 3], z: [3, 2] }, nodes: ['y = Gemm(x, z)'] }, /its weight is computed by the network/)
})

test('a weight that two Gemms turn is turned once, under a name of its own', () => {
  const m = model({
    inputs: { x: [1, 2] },
    nodes: ['a = MatMul(x, w)', 'b = MatMul(a, w)', ['y = Gemm(b, w)', { transB: 1 }]],
    tensors: { w: floats([2, 2]) },
  })
  assert.equal(
    brief(m.graph!).map(n => n[0]),
    ['a = Gemm(x, w_transposed)', 'b = Gemm(a, w_transposed)', 'y = Gemm(b, w)'],
  )
  assert.equal(tensorOf(m, 'w'), ['F32', [2, 2], [0, 1, 2, 3]])
  assert.equal(tensorOf(m, 'w_transposed'), ['F32', [2, 2], [0, 2, 1, 3]])
})

test('a derived name does not take one that is taken', () => {
  const spec = {
    inputs: { x: [1, 2] },
    nodes: ['w_transposed = MatMul(x, w)', ['y = Gemm(w_transposed, w)', { transB: 1 }]] as const,
    tensors: { w: floats([2, 2]) },
  }
  assert.is(brief(graphOf(spec))[0]![0], 'w_transposed = Gemm(x, w_transposed_1)')
})

test('MatMul: a constant matrix on the right is a Gemm, for any rank of x', () => {
  const m = model({ inputs: { x: [1, 5, 3] }, nodes: ['m: y = MatMul(x, w)'], tensors: { w: floats([3, 2]) } })
  assert.equal(m.graph!.nodes, [{ op: 'Gemm', name: 'm', inputs: ['x', 'w'], outputs: ['y'], attrs: {} }])
  assert.equal(tensorOf(m, 'w'), ['F32', [2, 3], [0, 2, 4, 1, 3, 5]])
})

test('MatMul of two computed values, of a stack of constants, and with a constant on the left', () => {
  for (const opset of [7, 9, 13]) {
    const inputs = { x: [1, 2, 3], z: [1, 3, 4] }
    assert.equal(only({ opset, inputs, nodes: ['y = MatMul(x, z)'] }), ['y = MatMul(x, z)', {}])
  }
  const tensors = { w: floats([2, 3, 2]) }
  const x = { x: [1, 5, 3] }
  assert.equal(only({ inputs: x, nodes: ['y = MatMul(x, w)'], tensors }), ['y = MatMul(x, w)', {}])
  const left = { inputs: { x: [3, 2] }, nodes: ['y = MatMul(w, x)'], tensors: { w: floats([1, 3]) } }
  assert.equal(only(left), ['y = MatMul(w, x)', {}])
  // Its shape is known to what follows.
  const nodes = ['p = MatMul(x, w)', 's = Shape(p)', 'y = Reshape(p, s)']
  assert.equal(graphOf({ inputs: { x: [1, 1, 5, 3] }, nodes, tensors }).nodes[1]!.attrs.shape, [0, 2, 5, 2])
  refuses({ inputs: x, nodes: ['y = MatMul(x, w)'], tensors: { w: floats([3]) } }, /a vector/)
  refuses({ inputs: { x: [3], z: [3, 2] }, nodes: ['y = MatMul(x, z)'] }, /a vector/)
})

test.run()
