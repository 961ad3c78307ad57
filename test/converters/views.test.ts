import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { brief, floats, graphOf, ints, model, only, refuses, type Spec, unsound } from './build.js'

const xRow = { x: [1, 3] }

test('Flatten: default and negative axis', () => {
  assert.equal(only({ nodes: ['y = Flatten(x)'] }), ['y = Flatten(x)', { axis: 1 }])
  assert.equal(only({ nodes: [['y = Flatten(x)', { axis: -2 }]] })[1], { axis: 2 })
  assert.throws(() => graphOf({ nodes: [['y = Flatten(x)', { axis: -5 }]] }), /Flatten "Flatten_0": axis -5/)
})

const reshaped = (x: readonly (number | string)[], ...shape: number[]) =>
  only({ inputs: { x }, nodes: ['y = Reshape(x, s)'], tensors: { s: ints(...shape) } })[1].shape

test('Reshape: the batch stays open', () => {
  assert.equal(reshaped([1, 16, 4, 4], 1, 256), [0, 256])
  assert.equal(reshaped(['N', 16, 4, 4], 1, -1), [0, -1])
  assert.equal(reshaped(['N', 16, 4, 4], -1, 256), [-1, 256])
  assert.equal(reshaped(['N', 16, 4, 4], 0, 16, 16), [0, 16, 16])
  assert.equal(reshaped([2, 6], 2, 3, 2), [0, 3, 2])
  // Written as numbers, but the front is a multiple of the batch.
  assert.equal(reshaped([1, 16, 4, 4], 16, 16), [-1, 16])
  assert.equal(reshaped([2, 6], 4, 3), [-1, 3])
  assert.equal(reshaped([2, 6], 12), [-1])
  // Three rows of 4 are no multiple of two images.
  assert.equal(reshaped([2, 6], 3, 4), [3, 4])
})

test('Reshape: what cannot be is said', () => {
  const tensors = { s: ints(0, 0, 1) }
  refuses(
    { opset: 14, inputs: { x: [1, 3] }, nodes: [['y = Reshape(x, s)', { allowzero: 1 }]], tensors },
    /allowzero=1/,
  )
  assert.throws(() => reshaped([1, 3], -2), /Reshape "Reshape_0": shape \[-2\] is impossible/)
  assert.throws(() => reshaped([1, 3], 1, 3, 0), /Reshape "Reshape_0": dimension 2 has nothing to copy/)
  refuses({ inputs: { x: [1, 3], s: [2] }, nodes: ['y = Reshape(x, s)'] }, /its shape is computed/)
})

test('Softmax since opset 13: last axis by default, counted from the front', () => {
  assert.equal(only({ nodes: ['y = Softmax(x)'] }), ['y = Softmax(x)', { axis: 3 }])
  assert.equal(only({ nodes: [['y = Softmax(x)', { axis: 1 }]] })[1], { axis: 1 })
  assert.equal(only({ nodes: [['y = Softmax(x)', { axis: -3 }]] })[1], { axis: 1 })
})

test('Softmax before opset 13: one softmax over all dimensions from the axis on', () => {
  assert.equal(only({ opset: 12, inputs: xRow, nodes: ['y = Softmax(x)'] })[1], { axis: 1 })
  assert.equal(only({ opset: 12, inputs: { x: ['N', 9, 1, 1] }, nodes: ['y = Softmax(x)'] })[1], { axis: 1 })
  assert.equal(only({ opset: 12, nodes: [['y = Softmax(x)', { axis: -1 }]] })[1], { axis: 3 })
  assert.equal(brief(graphOf({ opset: 12, nodes: ['y = Softmax(x)'] })), [
    ['y_flat = Flatten(x)', { axis: 1 }],
    ['y_softmax = Softmax(y_flat)', { axis: 1 }],
    ['y = Reshape(y_softmax)', { shape: [0, 3, 8, 8] }],
  ])
  assert.equal(
    brief(graphOf({ opset: 12, nodes: [['y = Softmax(x)', { axis: 2 }]] })).map(n => n[1]),
    [{ axis: 2 }, { axis: 1 }, { shape: [-1, 3, 8, 8] }],
  )
})

test('Dropout: its mask, where somebody reads it, is x to the power of nothing: ones', () => {
  const powers = (spec: Parameters<typeof model>[0]) => {
    const { graph, tensors } = model(spec)
    return [graph!.nodes.map(({ op, inputs, outputs }) => `${outputs} = ${op}(${inputs})`), [...tensors.keys()]]
  }
  assert.equal(powers({ nodes: ['y, m = Dropout(x)'], outputs: ['y', 'm'] }), [
    ['y = Dropout(x)', 'm = Pow(x,m_zero)'],
    ['m_zero'],
  ])
  assert.equal(powers({ opset: 7, nodes: [', m = Dropout(x)'], outputs: ['m'] })[0], ['m = Pow(x,m_zero)'])
  assert.equal(powers({ nodes: ['d, m = Dropout(x)', 'y = Relu(d)'] }), [['d = Dropout(x)', 'y = Relu(d)'], []])
})

test('Dropout: ratio as attribute until 11, as input from 12, its mask unused', () => {
  assert.equal(only({ opset: 7, nodes: ['y = Dropout(x)'] }), ['y = Dropout(x)', { rate: 0.5 }])
  assert.equal(only({ opset: 11, nodes: [['y, mask = Dropout(x)', { ratio: 0.25 }]] }), [
    'y = Dropout(x)',
    { rate: 0.25 },
  ])
  const tensors = { r: floats([], [0.125]), t: { dims: [], dataType: 9, int32Data: [1] } }
  assert.equal(only({ opset: 12, nodes: ['y = Dropout(x, r, t)'], tensors })[1], { rate: 0.125 })
  assert.equal(only({ opset: 12, nodes: [['y, mask = Dropout(x, , t)', { seed: 1 }]], tensors })[1], { rate: 0.5 })
  assert.throws(() => graphOf({ opset: 7, nodes: [['y = Dropout(x)', { ratio: 1.5 }]] }), /ratio 1.5/)
})

test('LogSoftmax follows the same rules', () => {
  assert.equal(only({ nodes: ['y = LogSoftmax(x)'] }), ['y = LogSoftmax(x)', { axis: 3 }])
  assert.equal(only({ opset: 12, inputs: xRow, nodes: ['y = LogSoftmax(x)'] }), ['y = LogSoftmax(x)', { axis: 1 }])
  const { nodes } = graphOf({ opset: 11, nodes: [['s: y = LogSoftmax(x)', { axis: 2 }]] })
  assert.equal(
    nodes.map(n => [n.op, n.name, n.outputs[0], n.attrs]),
    [
      ['Flatten', 's_flatten', 'y_flat', { axis: 2 }],
      ['LogSoftmax', 's', 'y_logsoftmax', { axis: 1 }],
      ['Reshape', 's_reshape', 'y', { shape: [-1, 3, 8, 8] }],
    ],
  )
})

/** Shape of the Reshape that Squeeze or Unsqueeze becomes, in both forms. */
const viewed = (op: string, x: readonly (number | string)[], axes?: readonly number[]) => {
  const inputs = { x }
  if (!axes) return only({ inputs, nodes: [`y = ${op}(x)`] })[1].shape
  const old = only({ opset: 11, inputs, nodes: [[`y = ${op}(x)`, { axes }]] })
  assert.equal(old, only({ inputs, nodes: [`y = ${op}(x, a)`], tensors: { a: ints(...axes) } }))
  return old[1].shape
}

test('Squeeze: axes as attribute until 12, as input from 13, the batch stays open', () => {
  assert.equal(only({ inputs: { x: [1, 9, 1, 1] }, nodes: ['y = Squeeze(x)'] })[0], 'y = Reshape(x)')
  assert.equal(viewed('Squeeze', ['N', 9, 1, 1], [2, 3]), [0, 9])
  assert.equal(viewed('Squeeze', ['N', 9, 1, 4], [-2]), [0, 9, 4])
  assert.equal(viewed('Squeeze', [2, 9, 1, 1], [3]), [0, 9, 1])
})

test('Squeeze: without axes every 1 goes but for the batch', () => {
  assert.equal(viewed('Squeeze', ['N', 9, 1, 1]), [0, 9])
  assert.equal(viewed('Squeeze', [1, 1, 4, 1]), [0, 4])
  assert.equal(viewed('Squeeze', [3, 9, 1, 2]), [0, 9, 2])
})

test('Squeeze: a batch of one that is to go merges with what follows', () => {
  assert.equal(viewed('Squeeze', [1, 3, 4, 5], [0]), [-1, 4, 5])
})

test('Squeeze: what is no 1, and an axis beyond the shape, are errors', () => {
  const squeeze = (x: number[], axes: number[]): Spec => ({
    inputs: { x },
    nodes: ['s: y = Squeeze(x, a)'],
    tensors: { a: ints(...axes) },
  })
  unsound(squeeze([1, 3, 1], [1]), /^Squeeze "s": dimension 1 is no 1/)
  unsound(squeeze([2, 3, 1], [0]), /^Squeeze "s": dimension 0 is no 1/)
  unsound(squeeze([1, 3, 1], [3]), /^Squeeze "s": axis 3 is outside/)
})

test('Unsqueeze: axes in any order, counted in the result, the batch stays open', () => {
  assert.equal(only({ opset: 11, inputs: xRow, nodes: [['y = Unsqueeze(x)', { axes: [2] }]] })[0], 'y = Reshape(x)')
  assert.equal(viewed('Unsqueeze', ['N', 9], [2, 3]), [0, 9, 1, 1])
  assert.equal(viewed('Unsqueeze', ['N', 9], [-1, 1]), [0, 1, 9, 1])
  assert.equal(viewed('Unsqueeze', [2, 9], [1]), [0, 1, 9])
  // The batch moves, but is not mistaken for the 1 before it.
  assert.equal(viewed('Unsqueeze', [1, 9], [0]), [1, -1, 9])
})

test('Unsqueeze: an axis named twice, absent axes', () => {
  unsound({ opset: 11, inputs: xRow, nodes: [['u: y = Unsqueeze(x)', { axes: [1, -3] }]] }, /axes 1, -3 name one/)
  unsound({ opset: 11, inputs: xRow, nodes: ['u: y = Unsqueeze(x)'] }, /^Unsqueeze "u": it has no axes/)
})

test.run()
