import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { brief, floats, graphOf, ints, model, type Spec, scalar, tensorOf } from './build.js'

/** Folds `c` into the shape of a Reshape of x and gives that shape. */
const shapeOf = (
  nodes: Spec['nodes'],
  tensors: Spec['tensors'] = {},
  x: readonly (number | string)[] = ['N', 4, 3, 2],
  opset = 13,
) => {
  const all = [...nodes, 'y = Reshape(x, c)']
  const { nodes: made } = graphOf({ opset, inputs: { x }, nodes: all, tensors })
  assert.equal(
    made.map(n => n.op),
    ['Reshape'],
  )
  return made[0]!.attrs.shape
}

test('x.view(x.size(0), -1) of PyTorch before opset 13', () => {
  const nodes: Spec['nodes'] = [
    's = Shape(x)',
    ['zero = Constant()', { value: scalar(0) }],
    ['n = Gather(s, zero)', { axis: 0 }],
    ['rest = Constant()', { value: scalar(-1) }],
    ['a = Unsqueeze(n)', { axes: [0] }],
    ['b = Unsqueeze(rest)', { axes: [0] }],
    ['c = Concat(a, b)', { axis: 0 }],
  ]
  assert.equal(shapeOf(nodes, {}, ['N', 4, 3, 2], 11), [0, -1])
  assert.equal(shapeOf(nodes, {}, [1, 4, 3, 2], 11), [0, -1])
})

test('x.view(x.size(0), -1) of PyTorch from opset 13', () => {
  const nodes: Spec['nodes'] = [
    's = Shape(x)',
    ['n = Gather(s, zero)', { axis: 0 }],
    'a = Unsqueeze(n, axes)',
    ['c = Concat(a, rest)', { axis: 0 }],
  ]
  assert.equal(shapeOf(nodes, { zero: scalar(0), axes: ints(0), rest: ints(-1) }), [0, -1])
})

test('x.view(-1, 24), its shape a Constant', () => {
  assert.equal(shapeOf([['c = Constant()', { value: ints(-1, 24) }]]), [-1, 24])
})

test('x.view(n * c, h * w): multiples of the batch become -1', () => {
  const nodes: Spec['nodes'] = [
    's = Shape(x)',
    ...[0, 1, 2, 3].map(i => [`d${i} = Gather(s, i${i})`, { axis: 0 }] as const),
    'nc = Mul(d0, d1)',
    'hw = Mul(d2, d3)',
    ['c = Concat(nc, hw)', { axis: 0 }],
  ]
  const tensors = { i0: ints(0), i1: ints(1), i2: ints(2), i3: ints(3) }
  assert.equal(shapeOf(nodes, tensors), [-1, 6])
})

test('a batch in the middle becomes -1, and -1 beside it a number', () => {
  const nodes: Spec['nodes'] = [
    's = Shape(x)',
    ['n = Slice(s, zero, one)', {}],
    ['c = Concat(two, n, rest)', { axis: 0 }],
  ]
  const tensors = { zero: ints(0), one: ints(1), two: ints(2), rest: ints(-1) }
  assert.equal(shapeOf(nodes, tensors), [2, -1, 12])
})

test('arithmetic with the batch that stays a multiple of it', () => {
  const c = (...made: string[]) => [
    's = Shape(x)',
    ['n = Gather(s, zero)', { axis: 0 }] as const,
    ...made,
    ['c = Concat(m, rest)', { axis: 0 }] as const,
  ]
  const tensors = { zero: ints(0), two: ints(2), six: ints(6), rest: ints(-1) }
  assert.equal(shapeOf(c('k = Mul(n, six)', 'm = Div(k, two)'), tensors), [-1, 8])
  assert.equal(shapeOf(c('k = Add(n, n)', 'm = Sub(k, n)'), tensors), [0, -1])
  assert.equal(shapeOf(c('q = Div(n, n)', 'm = Add(q, two)'), tensors), [3, -1])
  assert.throws(() => shapeOf(c('m = Add(n, two)'), tensors), /Add ×1 .*neither a number nor a multiple of the batch/)
  assert.throws(() => shapeOf(c('m = Mul(n, n)'), tensors), /Mul ×1/)
  assert.throws(() => shapeOf(c('m = Div(n, two)'), tensors), /Div ×1/)
})

test('Cast to float and back, as old PyTorch divides', () => {
  const nodes: Spec['nodes'] = [
    's = Shape(x)',
    ['n = Gather(s, zero)', { axis: 0 }],
    ['f = Cast(n)', { to: 1 }],
    ['half = Constant()', { value_float: 0.5 }],
    'h = Mul(f, half)',
    'g = Div(h, half)',
    ['i = Cast(g)', { to: 7 }],
    ['c = Concat(i, rest)', { axis: 0 }],
  ]
  assert.equal(shapeOf(nodes, { zero: ints(0), rest: ints(-1) }), [0, -1])
})

test('shapes of what every operator makes', () => {
  const conv = floats([5, 4, 3, 3])
  const nodeAndShape: [string, Spec['nodes'][number], number[]][] = [
    ['Conv', ['v = Conv(x, w)', { strides: [2, 2], pads: [1, 1, 1, 1] }], [0, 5, 4, 5]],
    ['Conv, same', ['v = Conv(x, w)', { strides: [2, 2], auto_pad: 'SAME_UPPER' }], [0, 5, 4, 5]],
    ['Conv, dilated', ['v = Conv(x, w)', { dilations: [2, 3] }], [0, 5, 3, 3]],
    ['MaxPool', ['v = MaxPool(x)', { kernel_shape: [2, 2], strides: [2, 2] }], [0, 4, 3, 4]],
    ['MaxPool, ceil', ['v = MaxPool(x)', { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }], [0, 4, 4, 5]],
    [
      'a last window in the padding',
      ['v = MaxPool(x)', { kernel_shape: [1, 1], strides: [3, 4], pads: [0, 0, 1, 1], ceil_mode: 1 }],
      [0, 4, 3, 3],
    ],
    [
      'a window larger than the map, ceil',
      ['v = MaxPool(x)', { kernel_shape: [8, 10], strides: [2, 2], ceil_mode: 1 }],
      [0, 4, 1, 1],
    ],
    ['AveragePool', ['v = AveragePool(x)', { kernel_shape: [7, 9] }], [0, 4, 1, 1]],
    ['GlobalAveragePool', 'v = GlobalAveragePool(x)', [0, 4, 1, 1]],
    ['Relu', 'v = Relu(x)', [0, 4, 7, 9]],
    ['Add', 'v = Add(x, b)', [0, 4, 7, 9]],
    ['Pad', ['v = Pad(x, p)', {}], [0, 4, 9, 16]],
    ['MatMul', 'v = MatMul(x, m)', [0, 4, 7, 2]],
  ]
  const tensors = { w: conv, b: floats([4, 1, 1]), p: ints(0, 0, 1, 3, 0, 0, 1, 4), m: floats([9, 2]) }
  for (const [what, node, [, ...rest]] of nodeAndShape) {
    const nodes = [node, 's = Shape(v)', 'y = Reshape(v, s)']
    const { nodes: made } = graphOf({ inputs: { x: ['N', 4, 7, 9] }, nodes, tensors })
    assert.equal(made.at(-1)!.attrs.shape, [0, ...rest!], what)
  }
})

test('Shape of a part (opset 15), of flattened and of reshaped values', () => {
  const nodes: Spec['nodes'] = [
    ['f = Flatten(x)', { axis: 2 }],
    'r = Reshape(f, t)',
    ['s = Shape(r)', { start: 0, end: -1 }],
    ['c = Concat(s, one, rest)', { axis: 0 }],
    'y = Reshape(r, c)',
  ]
  const spec = { inputs: { x: ['N', 4, 3, 2] }, nodes, tensors: { t: ints(-1, 4, 6), rest: ints(-1), one: ints(1) } }
  assert.equal(graphOf({ opset: 15, ...spec }).nodes.at(-1)!.attrs.shape, [0, 4, 1, -1])
})

test('a map that only Shape reads leaves no node and no weight behind', () => {
  const m = model({
    inputs: { x: ['N', 4, 3, 2], z: ['N', 4, 3, 2] },
    nodes: ['dead = Conv(z, w)', 's = Shape(dead)', 'y = Reshape(x, s)'],
    tensors: { w: floats([4, 4, 1, 1]) },
  })
  assert.equal(brief(m.graph!), [['y = Reshape(x)', { shape: [0, 4, 3, 2] }]])
  assert.equal(
    m.graph!.inputs.map(i => i.name),
    ['x'],
  )
  assert.is(m.tensors.size, 0)
})

/** Folds constants into `c`, which an Add keeps. */
const folded = (nodes: Spec['nodes'], tensors: Spec['tensors'] = {}, opset = 13) => {
  const m = model({ opset, inputs: { x: [1] }, nodes: [...nodes, 'y = Add(x, c)'], tensors })
  assert.is(m.graph!.nodes.length, 1)
  const [, shape, numbers] = tensorOf(m, m.graph!.nodes[0]!.inputs[1]!)
  return [shape, numbers]
}
const a = floats([2, 3])

test('weights: Transpose, Reshape, Squeeze, Unsqueeze, Identity', () => {
  assert.equal(folded(['c = Transpose(a)'], { a }), [
    [3, 2],
    [0, 3, 1, 4, 2, 5],
  ])
  assert.equal(folded([['c = Transpose(b)', { perm: [1, 0, 2] }]], { b: floats([2, 2, 2]) }), [
    [2, 2, 2],
    [0, 1, 4, 5, 2, 3, 6, 7],
  ])
  assert.equal(folded(['c = Reshape(a, s)'], { a, s: ints(-1, 2) })[0], [3, 2])
  assert.equal(folded(['c = Reshape(a, s)'], { a, s: ints(0, 3, 1) })[0], [2, 3, 1])
  const zero = ['c = Reshape(a, s)', { allowzero: 1 }] as const
  assert.throws(() => folded([zero], { a, s: ints(0, 3) }, 14), /2×3 cannot become 0×3/)
  assert.equal(folded([['c = Squeeze(b)', { axes: [0] }]], { b: floats([1, 2, 1]) }, 11)[0], [2, 1])
  assert.equal(folded(['c = Squeeze(b, d)'], { b: floats([1, 2, 1]), d: ints(-1) })[0], [1, 2])
  assert.equal(folded(['c = Squeeze(b)'], { b: floats([1, 2, 1]) })[0], [2])
  assert.equal(folded([['c = Unsqueeze(a)', { axes: [0, 3] }]], { a }, 11)[0], [1, 2, 3, 1])
  assert.equal(folded(['c = Unsqueeze(a, d)'], { a, d: ints(-1) })[0], [2, 3, 1])
  assert.equal(folded(['c = Identity(a)'], { a }), [
    [2, 3],
    [0, 1, 2, 3, 4, 5],
  ])
})

test('weights: Gather, Slice, Concat', () => {
  assert.equal(folded([['c = Gather(a, i)', { axis: 1 }]], { a, i: ints(-1, 0) }), [
    [2, 2],
    [2, 0, 5, 3],
  ])
  assert.equal(folded([['c = Slice(a)', { starts: [1], ends: [9], axes: [-1] }]], { a }, 9), [
    [2, 2],
    [1, 2, 4, 5],
  ])
  const max = { ...ints(0), int64Data: [], rawData: new Uint8Array(new BigInt64Array([2n ** 63n - 1n]).buffer) }
  assert.equal(folded(['c = Slice(a, from, max, axis)'], { a, from: ints(1), max, axis: ints(0) }), [
    [1, 3],
    [3, 4, 5],
  ])
  const back = { from: ints(-1), to: ints(-99), axis: ints(1), step: ints(-2) }
  assert.equal(folded(['c = Slice(a, from, to, axis, step)'], { a, ...back }), [
    [2, 2],
    [2, 0, 5, 3],
  ])
  assert.equal(folded([['c = Concat(a, b)', { axis: 1 }]], { a, b: floats([2, 1], [8, 9]) }), [
    [2, 4],
    [0, 1, 2, 8, 3, 4, 5, 9],
  ])
})

test('weights: arithmetic with broadcasting, ConstantOfShape, Cast', () => {
  assert.equal(folded(['c = Mul(a, b)'], { a, b: floats([3], [1, 2, 4]) }), [
    [2, 3],
    [0, 2, 8, 3, 8, 20],
  ])
  assert.equal(folded(['c = Sub(b, a)'], { a, b: floats([2, 1], [1, 10]) }), [
    [2, 3],
    [1, 0, -1, 7, 6, 5],
  ])
  assert.equal(folded(['c = Div(b, d)'], { b: floats([2], [1, 3]), d: floats([1], [2]) }), [[2], [0.5, 1.5]])
  assert.equal(folded([['c = ConstantOfShape(s)', { value: floats([1], [0.5]) }]], { s: ints(2) }), [[2], [0.5, 0.5]])
  assert.equal(folded(['c = ConstantOfShape(s)'], { s: ints(2) }), [[2], [0, 0]])
  assert.equal(folded([['c = Cast(i)', { to: 1 }]], { i: ints(3, -4) }), [[2], [3, -4]])
  assert.equal(folded(['q = Div(i, j)', ['c = Cast(q)', { to: 1 }]], { i: ints(-7), j: ints(2) }), [[1], [-3]])
})

test('Constant in all its forms', () => {
  assert.equal(folded([['c = Constant()', { value: floats([2], [1, 2]) }]]), [[2], [1, 2]])
  assert.equal(folded([['c = Constant()', { value_float: 0.5 }]]), [[], [0.5]])
  assert.equal(folded([['c = Constant()', { value_floats: [0.5, 1.5] }]]), [[2], [0.5, 1.5]])
  assert.equal(shapeOf([['c = Constant()', { value_ints: [0, 24] }]]), [0, 24])
  assert.equal(
    shapeOf(
      [
        ['k = Constant()', { value_int: 24 }],
        ['u = Unsqueeze(k, z)', {}],
        ['c = Concat(z, u)', { axis: 0 }],
      ],
      { z: ints(0) },
    ),
    [0, 24],
  )
})

test('a weight that is turned about keeps its name, unless others read it', () => {
  const nodes = ['t = Transpose(fc.weight)', 'y = MatMul(x, t)']
  const m = model({ inputs: { x: [1, 3] }, nodes, tensors: { 'fc.weight': floats([2, 3]) } })
  assert.equal(brief(m.graph!), [['y = Gemm(x, fc.weight)', {}]])
  assert.equal(tensorOf(m, 'fc.weight'), ['F32', [2, 3], [0, 1, 2, 3, 4, 5]])

  const shared = model({
    inputs: { x: [1, 3] },
    nodes: ['t = Transpose(w)', 'h = MatMul(x, t)', 'y = MatMul(h, w)'],
    tensors: { w: floats([2, 3]) },
  })
  assert.equal(
    brief(shared.graph!).map(n => n[0]),
    ['h = Gemm(x, t)', 'y = Gemm(h, w_transposed)'],
  )
  assert.equal(tensorOf(shared, 't')[1], [2, 3])
  assert.equal(tensorOf(shared, 'w_transposed')[1], [3, 2])
})

test('indices and shapes that do not fit are errors that name the node', () => {
  const bad = (node: Spec['nodes'][number], tensors: Spec['tensors'], fact: RegExp) =>
    assert.throws(
      () => folded([node], tensors),
      (e: { code: string; message: string }) => e.code === 'GRAPH' && fact.test(e.message),
    )
  bad('n: c = Gather(a, i)', { a, i: ints(2) }, /^Gather "n": index 2 is outside of 2 elements/)
  bad('n: c = Reshape(a, s)', { a, s: ints(4, -1) }, /^Reshape "n": 2×3 cannot become 4×1.5/)
  bad('n: c = Squeeze(a, d)', { a, d: ints(0) }, /^Squeeze "n": 2×3 cannot become 3/)
  bad(['n: c = Transpose(a)', { perm: [0, 0] }], { a }, /^Transpose "n": perm 0, 0/)
  bad('n: c = Add(a, b)', { a, b: floats([2]) }, /^Add "n": 2×3 and 2 do not fit/)
  bad('n: c = Slice(a, z, z, z, z)', { a, z: ints(0) }, /^Slice "n": step 0/)
})

test('a small file does not unfold into a large one', () => {
  const grow: Spec['nodes'] = [
    ['c0 = Constant()', { value: floats([64]) }],
    ...Array.from({ length: 40 }, (_, i) => [`c${i + 1} = Concat(c${i}, c${i})`, { axis: 0 }] as const),
  ]
  assert.throws(
    () => graphOf({ inputs: { x: [1] }, nodes: [...grow, 'y = Add(x, c40)'] }),
    /unfolds into far more than the file holds/,
  )
  assert.throws(() => folded(['c = ConstantOfShape(s)'], { s: ints(2 ** 40, 2 ** 40) }), /unfolds into far more/)
})

test.run()
