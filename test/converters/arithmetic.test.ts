import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { floats, graphOf, ints, model, refuses, type Spec, scalar, tensorOf, unsound } from './build.js'

/** Folds `c`, which an Add then keeps: its shape and numbers. */
const folded = (nodes: Spec['nodes'], tensors: Spec['tensors'] = {}, opset = 13) => {
  const m = model({ opset, inputs: { x: [1] }, nodes: [...nodes, 'y = Add(x, c)'], tensors })
  assert.is(m.graph!.nodes.length, 1)
  const [, shape, numbers] = tensorOf(m, m.graph!.nodes[0]!.inputs[1]!)
  return [shape, numbers]
}

test('operators of one input', () => {
  const one = (op: string, ...values: number[]) => {
    const [shape, numbers] = folded([`c = ${op}(a)`], { a: floats([values.length], values) })
    assert.equal(shape, [values.length])
    return numbers
  }
  assert.equal(one('Abs', -2, 3), [2, 3])
  assert.equal(one('Ceil', -1.5, 1.25), [-1, 2])
  assert.equal(one('Floor', -1.5, 1.25), [-2, 1])
  assert.equal(one('Exp', 0, 1), [1, Math.fround(Math.E)])
  assert.equal(one('Neg', -2, 3), [2, -3])
  assert.equal(one('Reciprocal', 4, -0.5), [0.25, -2])
  assert.equal(one('Sqrt', 4, 2), [2, Math.fround(Math.SQRT2)])
})

test('Pow, with broadcasting', () => {
  assert.equal(folded(['c = Pow(a, b)'], { a: floats([2, 2]), b: floats([], [2]) }), [
    [2, 2],
    [0, 1, 4, 9],
  ])
})

test('Max, Min and Sum of any number', () => {
  const tensors = { a: floats([2], [1, 5]), b: floats([2], [4, 2]), d: floats([1], [3]) }
  assert.equal(folded(['c = Max(a, b, d)'], tensors)[1], [4, 5])
  assert.equal(folded(['c = Min(a, b, d)'], tensors)[1], [1, 2])
  assert.equal(folded(['c = Sum(a, b, d)'], tensors)[1], [8, 10])
  assert.equal(folded(['c = Sum(a)'], tensors)[1], [1, 5])
  unsound({ nodes: ['s: c = Sum()', 'y = Add(x, c)'] }, /^Sum "s": it has no inputs/)
})

test('Split of a weight', () => {
  const tensors = { a: floats([2, 4]), p: ints(1, 3) }
  const parts = (opset: number, call: string, attrs: Record<string, number | number[]>) => {
    const nodes = [[`b, c = ${call}`, attrs], 'z = Add(x, b)', 'y = Add(x, c)'] as const
    const m = model({ opset, inputs: { x: [1] }, outputs: ['y', 'z'], nodes, tensors })
    return ['b', 'c'].map(name => tensorOf(m, name).slice(1))
  }
  const uneven = [
    [
      [2, 1],
      [0, 4],
    ],
    [
      [2, 3],
      [1, 2, 3, 5, 6, 7],
    ],
  ]
  assert.equal(parts(11, 'Split(a)', { axis: 1, split: [1, 3] }), uneven)
  assert.equal(parts(13, 'Split(a, p)', { axis: -1 }), uneven)
  const even = [
    [
      [1, 4],
      [0, 1, 2, 3],
    ],
    [
      [1, 4],
      [4, 5, 6, 7],
    ],
  ]
  assert.equal(parts(18, 'Split(a)', { num_outputs: 2 }), even)
})

test('Split of a shape', () => {
  const nodes: Spec['nodes'] = [
    's = Shape(x)',
    'n, rest = Split(s, p)',
    ['t = Concat(n, all)', { axis: 0 }],
    'y = Reshape(x, t)',
  ]
  const { nodes: made } = graphOf({ inputs: { x: ['N', 3, 2] }, nodes, tensors: { p: ints(1, 2), all: ints(-1) } })
  assert.equal(
    made.map(n => n.attrs),
    [{ shape: [0, -1] }],
  )
})

test('what has no number for an open batch is refused', () => {
  const spec = (call: string): Spec => ({
    nodes: ['s = Shape(x)', 'n = Gather(s, zero)', `c = ${call}`, 'y = Reshape(x, c)'],
    tensors: { zero: ints(0), one: scalar(1) },
  })
  refuses(spec('Neg(n)'), /Neg ×1 .*its input depends on the batch/)
  refuses(spec('Pow(n, one)'), /Pow ×1 .*neither a number nor a multiple of the batch/)
  refuses(spec('Max(n, one)'), /Max ×1/)
})

test.run()
