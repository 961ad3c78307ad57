import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  brief,
  floats,
  graphOf,
  ints,
  model,
  only,
  refuses,
  type Spec,
  type TensorSpec,
  tensorOf,
  unsound,
} from './build.js'

const FAR = 2 ** 31 - 1

test('Concat: any number of inputs, constants among them, the axis from the front', () => {
  const inputs = { x: ['N', 3, 8, 8], z: ['N', 1, 8, 8] }
  const spec = (axis: number, call = 'Concat(x, z, x)'): Spec => ({ inputs, nodes: [[`y = ${call}`, { axis }]] })
  assert.equal(only(spec(1)), ['y = Concat(x, z, x)', { axis: 1 }])
  assert.equal(only(spec(-3))[1], { axis: 1 })
  assert.equal(only(spec(0, 'Concat(x)')), ['y = Identity(x)', {}])
  const m = model({ inputs, nodes: [['y = Concat(c, x)', { axis: -3 }]], tensors: { c: floats([1, 1, 8, 8]) } })
  assert.equal(brief(m.graph!), [['y = Concat(c, x)', { axis: 1 }]])
  assert.equal(tensorOf(m, 'c')[1], [1, 1, 8, 8])
  unsound({ inputs, nodes: ['c: y = Concat(x, z)'] }, /^Concat "c": it has no axis/)
  unsound(spec(-5), /axis -5 is outside of a value with 4 dimensions/)
})

test('Slice: attributes until opset 9, inputs from 10', () => {
  const attrs = { starts: [1, 2], ends: [-1, 5], axes: [2, -1] }
  const expected = { starts: [1, 2], ends: [-1, 5], axes: [2, 3], steps: [1, 1] }
  assert.equal(only({ opset: 9, nodes: [['y = Slice(x)', attrs]] }), ['y = Slice(x)', expected])
  const tensors = { s: ints(1, 2), e: ints(-1, 5), a: ints(2, -1), t: ints(2, 3) }
  assert.equal(only({ opset: 10, nodes: ['y = Slice(x, s, e, a)'], tensors }), ['y = Slice(x)', expected])
  assert.equal(only({ nodes: ['y = Slice(x, s, e, a, t)'], tensors })[1], { ...expected, steps: [2, 3] })
  assert.equal(only({ nodes: ['y = Slice(x, s, e)'], tensors })[1], { ...expected, axes: [0, 1] })
  assert.equal(only({ nodes: ['y = Slice(x, s, e, , t)'], tensors })[1], { ...expected, axes: [0, 1], steps: [2, 3] })
})

test('Slice: "to the end" in all its forms, and axes of which all is taken', () => {
  const slice = (starts: number[], ends: number[], steps: number[]) =>
    only({
      nodes: ['y = Slice(x, s, e, a, t)'],
      tensors: { s: ints(...starts), e: ints(...ends), a: ints(...starts.keys()), t: ints(...steps) },
    })
  const last = 2 ** 62
  assert.equal(slice([0, 0, 1], [last, last, last], [1, 1, 2]), [
    'y = Slice(x)',
    { starts: [1], ends: [FAR], axes: [2], steps: [2] },
  ])
  assert.equal(slice([0, -1], [FAR, -last], [1, -1])[1], { starts: [-1], ends: [-FAR], axes: [1], steps: [-1] })
  assert.equal(slice([0, 0], [last, FAR], [1, 1]), ['y = Identity(x)', {}])
})

test('Slice: what does not fit together, and computed limits', () => {
  const slice = (more: Spec['tensors']): Spec => ({
    nodes: ['s: y = Slice(x, b, e, a, t)'],
    tensors: { b: ints(0), e: ints(1), a: ints(1), t: ints(1), ...more },
  })
  unsound(slice({ e: ints(1, 2) }), /^Slice "s": starts, ends, axes and steps differ in length/)
  unsound(slice({ t: ints(0) }), /step 0 goes nowhere/)
  unsound(slice({ b: ints(0, 0), e: ints(1, 1), a: ints(1, -3), t: ints(1, 1) }), /axes 1, -3 name one dimension twice/)
  refuses({ inputs: { x: [4], s: [1] }, nodes: ['y = Slice(x, s, s)'] }, /its starts is computed by the network/)
})

const cuts = (spec: Spec) =>
  graphOf(spec).nodes.map(({ op, name, inputs, outputs, attrs: { starts, ends, axes, steps } }) => {
    assert.equal([op, inputs, steps], ['Slice', ['x'], [1]])
    return [name, outputs[0], axes, starts, ends]
  })

test('Split: sizes as attribute until 12, as input from 13', () => {
  const expected = [
    ['s', 'a', [1], [0], [1]],
    ['s_1', 'b', [1], [1], [3]],
  ]
  const outputs = ['a', 'b']
  assert.equal(cuts({ opset: 11, outputs, nodes: [['s: a, b = Split(x)', { axis: 1, split: [1, 2] }]] }), expected)
  const tensors = { p: ints(1, 2) }
  assert.equal(cuts({ outputs, nodes: [['s: a, b = Split(x, p)', { axis: -3 }]], tensors }), expected)
})

test('Split: equal parts, and a smaller last one', () => {
  const outputs = ['a', 'b']
  assert.equal(cuts({ outputs, nodes: [['s: a, b = Split(x)', { axis: 3 }]] }), [
    ['s', 'a', [3], [0], [4]],
    ['s_1', 'b', [3], [4], [8]],
  ])
  assert.equal(cuts({ opset: 18, outputs, nodes: [['s: a, b = Split(x)', { axis: 1, num_outputs: 2 }]] }), [
    ['s', 'a', [1], [0], [2]],
    ['s_1', 'b', [1], [2], [3]],
  ])
})

test('Split: parts that nobody reads are left out', () => {
  const found = cuts({ outputs: ['b'], nodes: [['s: a, b, = Split(x)', { axis: 1 }]] })
  assert.equal(found, [['s_1', 'b', [1], [1], [2]]])
})

test('Split: parts that are not the whole', () => {
  const nodes: Spec['nodes'] = [['s: y, b = Split(x, p)', { axis: 1 }]]
  unsound({ nodes, tensors: { p: ints(1, 1) } }, /^Split "s": 3 elements are no 2 parts of 1, 1/)
  unsound({ nodes, tensors: { p: ints(1, 1, 1) } }, /no 2 parts of 1, 1, 1/)
  unsound({ nodes, tensors: { p: ints(4, -1) } }, /no 2 parts of 4, -1/)
  unsound({ nodes: [['s: y, b = Split(x)', { num_outputs: 3 }]] }, /num_outputs is 3, it has 2 outputs/)
})

const gathered = (axis: number, index: number[], dims = [index.length]) =>
  graphOf({
    inputs: { x: ['N', 6, 8, 8] },
    nodes: [['g: y = Gather(x, i)', { axis }]],
    tensors: { i: { ...ints(...index), dims } },
  }).nodes.map(n => [n.op, n.name, n.inputs.join(), n.outputs[0], n.attrs])
const taken = (start: number, end: number, step = 1) => ({ starts: [start], ends: [end], axes: [1], steps: [step] })

test('Gather: one channel is cut out and its dimension goes', () => {
  assert.equal(gathered(1, [2], []), [
    ['Slice', 'g_slice', 'x', 'y_slice', taken(2, 3)],
    ['Reshape', 'g', 'y_slice', 'y', { shape: [0, 8, 8] }],
  ])
  assert.equal(gathered(-3, [-1], [])[0], ['Slice', 'g_slice', 'x', 'y_slice', taken(5, 6)])
})

test('Gather: an even row of indices is one Slice', () => {
  assert.equal(gathered(1, [1, 2, 3]), [['Slice', 'g', 'x', 'y', taken(1, 4)]])
  assert.equal(gathered(1, [0, 2, 4])[0]![4], taken(0, 5, 2))
  assert.equal(gathered(1, [5, 3, 1])[0]![4], taken(5, 0, -2))
  assert.equal(gathered(1, [2, 1, 0])[0]![4], taken(2, -FAR, -1))
  assert.equal(gathered(1, [4])[0]![4], taken(4, 5))
})

test('Gather: others are put together of slices, in the shape of the indices', () => {
  assert.equal(gathered(1, [0, 1, 5, 5]), [
    ['Slice', 'g_slice', 'x', 'y_slice', taken(0, 2)],
    ['Slice', 'g_slice_1', 'x', 'y_slice_1', taken(5, 6)],
    ['Slice', 'g_slice_2', 'x', 'y_slice_2', taken(5, 6)],
    ['Concat', 'g', 'y_slice,y_slice_1,y_slice_2', 'y', { axis: 1 }],
  ])
  assert.equal(gathered(1, [0, 1, 2, 3], [2, 2]).at(-1), ['Reshape', 'g', 'y_slice', 'y', { shape: [0, 2, 2, 8, 8] }])
})

test('Gather: indices outside, computed, or far too many', () => {
  const gather = (i: TensorSpec): Spec => ({ nodes: [['g: y = Gather(x, i)', { axis: 1 }]], tensors: { i } })
  unsound(gather(ints(3)), /^Gather "g": index 3 is outside of 3 elements/)
  refuses(gather(ints()), /it makes an empty value/)
  refuses(gather(ints(...Array.from({ length: 300 }, (_, i) => (i % 2) * 2))), /300 pieces, at most 256/)
  refuses({ inputs: { x: [1, 3], i: [1] }, nodes: ['y = Gather(x, i)'] }, /its indices is computed by the network/)
})

test('Transpose: reversed by default', () => {
  assert.equal(only({ nodes: ['y = Transpose(x)'] }), ['y = Transpose(x)', { perm: [3, 2, 1, 0] }])
  assert.equal(only({ nodes: [['y = Transpose(x)', { perm: [0, 2, 3, 1] }]] })[1], { perm: [0, 2, 3, 1] })
  unsound({ nodes: [['t: y = Transpose(x)', { perm: [0, 2, 2, 1] }]] }, /^Transpose "t": perm 0, 2, 2, 1 is no order/)
})

test('ReduceMean: axes as attribute until 17, as input from 18', () => {
  const expected = ['y = ReduceMean(x)', { axes: [2, 3], keepDims: true }] as const
  assert.equal(only({ opset: 11, nodes: [['y = ReduceMean(x)', { axes: [2, 3] }]] }), expected)
  assert.equal(only({ opset: 13, nodes: [['y = ReduceMean(x)', { axes: [-1, -2], keepdims: 1 }]] }), expected)
  const tensors = { a: ints(-2, 3) }
  assert.equal(only({ opset: 18, nodes: ['y = ReduceMean(x, a)'], tensors }), expected)
  assert.equal(only({ opset: 18, nodes: [['y = ReduceMean(x, a)', { keepdims: 0 }]], tensors })[1], {
    axes: [2, 3],
    keepDims: false,
  })
})

test('ReduceMean: without axes over all, or over none', () => {
  assert.equal(only({ nodes: ['y = ReduceMean(x)'] })[1], { axes: [0, 1, 2, 3], keepDims: true })
  const none = { noop_with_empty_axes: 1 }
  assert.equal(only({ opset: 18, nodes: [['y = ReduceMean(x)', none]] }), ['y = Identity(x)', {}])
  unsound({ nodes: [['r: y = ReduceMean(x)', { axes: [1, -3] }]] }, /axes 1, -3 name one dimension twice/)
})

for (const op of ['Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare'].map(name => `Reduce${name}`))
  test(`${op}: axes as attribute or input, none of them`, () => {
    const expected = [`y = ${op}(x)`, { axes: [2, 3], keepDims: false }] as const
    const tensors = { a: ints(-2, 3), none: ints() }
    assert.equal(only({ opset: 7, nodes: [[`y = ${op}(x)`, { axes: [2, 3], keepdims: 0 }]] }), expected)
    assert.equal(only({ opset: 18, nodes: [[`y = ${op}(x, a)`, { keepdims: 0 }]], tensors }), expected)
    assert.equal(only({ nodes: [`y = ${op}(x)`] })[1], { axes: [0, 1, 2, 3], keepDims: true })
    const [nothing] = only({ opset: 18, nodes: [[`y = ${op}(x, none)`, { noop_with_empty_axes: 1 }]], tensors })
    const without: Record<string, string> = { L1: 'Abs(x)', L2: 'Abs(x)', SumSquare: 'Mul(x, x)' }
    assert.equal(nothing, `y = ${without[op.slice(6)] ?? 'Identity(x)'}`)
  })

test('ArgMax and ArgMin', () => {
  for (const op of ['ArgMax', 'ArgMin']) {
    assert.equal(only({ nodes: [`y = ${op}(x)`] }), [`y = ${op}(x)`, { axis: 0, keepDims: true, last: false }])
    const attrs = { axis: -3, keepdims: 0, select_last_index: 1 }
    assert.equal(only({ nodes: [[`y = ${op}(x)`, attrs]] })[1], { axis: 1, keepDims: false, last: true })
    unsound({ nodes: [[`a: y = ${op}(x)`, { axis: -5 }]] }, /axis -5 is outside of a value with 4 dimensions/)
  }
})

/** The shape that the converter tells of the last value, as a Reshape to it shows. */
const shapeAfter = (...nodes: Spec['nodes'][number][]) => {
  const all: Spec['nodes'] = [...nodes, 's = Shape(v)', 'y = Reshape(v, s)']
  const tensors = { flat: ints(0, -1), w: floats([5, 3, 3, 3]) }
  return graphOf({ inputs: { x: ['N', 3, 8, 6] }, nodes: all, tensors }).nodes.at(-1)!.attrs.shape
}

test('shapes are told past the operators, the batch open', () => {
  assert.equal(shapeAfter(['v = Concat(x, x)', { axis: 1 }]), [0, 6, 8, 6])
  assert.equal(shapeAfter(['v, rest = Split(x)', { axis: 2 }]), [0, 3, 4, 6])
  assert.equal(shapeAfter(['v = Transpose(x)', { perm: [0, 2, 3, 1] }]), [0, 8, 6, 3])
  assert.equal(shapeAfter(['v = ReduceMean(x)', { axes: [2] }]), [0, 3, 1, 6])
  assert.equal(shapeAfter(['v = ReduceMean(x)', { axes: [2, 3], keepdims: 0 }]), [0, 3])
  assert.equal(shapeAfter(['v = ArgMax(x)', { axis: 1 }]), [0, 1, 8, 6])
  assert.equal(shapeAfter(['v = ReduceL2(x)', { axes: [1], keepdims: 0 }]), [0, 8, 6])
  assert.equal(shapeAfter('v = GlobalMaxPool(x)'), [0, 3, 1, 1])
  assert.equal(shapeAfter('g = GlobalAveragePool(x)', 'v = Sub(x, g)'), [0, 3, 8, 6])
  assert.equal(shapeAfter('c = Conv(x, w)', ['v = Concat(c, c, c)', { axis: 1 }]), [0, 15, 6, 4])
})

test.run()
