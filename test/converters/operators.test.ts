import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { brief, float, floats, graphOf, ints, model, only, refuses } from './build.js'

const w = floats([4, 3, 3, 2])
const windowDefaults = { kernel: [3, 2], stride: [1, 1], pad: [0, 0, 0, 0], dilation: [1, 1] }

test('Conv: the defaults, with the kernel from the weight', () => {
  assert.equal(only({ nodes: ['y = Conv(x, w)'], tensors: { w } }), [
    'y = Conv(x, w)',
    { ...windowDefaults, groups: 1 },
  ])
})

test('Conv: every attribute', () => {
  const attrs = {
    kernel_shape: [3, 2],
    strides: [2, 3],
    pads: [1, 2, 3, 4],
    dilations: [2, 1],
    group: 2,
    auto_pad: 'NOTSET',
  }
  assert.equal(only({ nodes: [['y = Conv(x, w, b)', attrs]], tensors: { w, b: floats([4]) } }), [
    'y = Conv(x, w, b)',
    { kernel: [3, 2], stride: [2, 3], pad: [1, 2, 3, 4], dilation: [2, 1], groups: 2 },
  ])
})

for (const [autoPad, pad] of [
  ['SAME_UPPER', 'same_upper'],
  ['SAME_LOWER', 'same_lower'],
  ['VALID', [0, 0, 0, 0]],
  ['NOTSET', [1, 1, 1, 1]],
] as const)
  test(`Conv and pools: auto_pad ${autoPad}`, () => {
    const attrs = { auto_pad: autoPad, pads: [1, 1, 1, 1], kernel_shape: [3, 2] }
    for (const call of ['Conv(x, w)', 'MaxPool(x)', 'AveragePool(x)'])
      assert.equal(only({ nodes: [[`y = ${call}`, attrs]], tensors: { w } })[1].pad, pad)
  })

test('Conv: what is not 2-D, and a computed weight, are refused', () => {
  refuses(
    { inputs: { x: [1, 3, 8] }, nodes: ['y = Conv(x, w)'], tensors: { w: floats([4, 3, 3]) } },
    /it is 1-D, only 2-D/,
  )
  refuses({ nodes: [['y = MaxPool(x)', { kernel_shape: [2, 2, 2] }]] }, /it is 3-D, only 2-D/)
  refuses({ inputs: { x: [1, 3, 8] }, nodes: ['y = GlobalAveragePool(x)'] }, /it is 1-D, only 2-D/)
  refuses({ inputs: { x: [1, 3, 8] }, nodes: ['y = GlobalMaxPool(x)'] }, /it is 1-D, only 2-D/)
  refuses(
    { nodes: ['a = Relu(w)', 'y = Conv(x, a)'], inputs: { x: [1, 3, 8, 8], w: [4, 3, 3, 2] } },
    /its weight is computed/,
  )
})

test('Conv: attributes that make no sense are GRAPH errors that name the node', () => {
  const bad = (attrs: Readonly<Record<string, number | string | number[]>>, fact: RegExp) =>
    assert.throws(
      () => graphOf({ nodes: [['c: y = Conv(x, w)', attrs]], tensors: { w } }),
      (e: { code: string; message: string }) =>
        e.code === 'GRAPH' && e.message.startsWith('Conv "c": ') && fact.test(e.message),
    )
  bad({ strides: [0, 1] }, /strides \[0,1\] should be 2 integers of at least 1/)
  bad({ strides: [1] }, /strides \[1\]/)
  bad({ pads: [-1, 0, 0, 0] }, /pads \[-1,0,0,0\]/)
  bad({ kernel_shape: [5, 5] }, /kernel_shape is \[5,5\], its weight is 4×3×3×2/)
  bad({ auto_pad: 'SAME' }, /auto_pad "SAME"/)
  bad({ group: 0 }, /group 0/)
  bad({ strides: 'two' }, /attribute "strides" should be a list of numbers/)
})

const deconvolved = (attrs: Readonly<Record<string, number | string | number[]>>, opset?: number) =>
  only({
    ...(opset && { opset }),
    nodes: [['y = ConvTranspose(x, w, b)', attrs]],
    tensors: { w: floats([3, 4, 3, 2]), b: floats([4]) },
  })

test('ConvTranspose: the defaults and every attribute, of opsets 7 to 22', () => {
  for (const opset of [7, 11, 22]) {
    assert.equal(deconvolved({}, opset), [
      'y = ConvTranspose(x, w, b)',
      { ...windowDefaults, groups: 1, outputPad: [0, 0] },
    ])
    const attrs = {
      kernel_shape: [3, 2],
      strides: [2, 3],
      pads: [1, 2, 3, 4],
      dilations: [2, 1],
      output_padding: [1, 2],
    }
    assert.equal(deconvolved({ ...attrs, group: 3, auto_pad: 'NOTSET' }, opset)[1], {
      kernel: [3, 2],
      stride: [2, 3],
      pad: [1, 2, 3, 4],
      dilation: [2, 1],
      groups: 3,
      outputPad: [1, 2],
    })
  }
})

test('ConvTranspose: auto_pad and output_shape become pads', () => {
  const pads = (attrs: Readonly<Record<string, number | string | number[]>>) => {
    const { pad, outputPad } = deconvolved(attrs)[1]
    return [pad, outputPad]
  }
  // x is 8×8, the kernel 3×2.
  assert.equal(pads({ auto_pad: 'SAME_UPPER', strides: [2, 1] }), [
    [0, 0, 1, 1],
    [0, 0],
  ])
  assert.equal(pads({ auto_pad: 'SAME_LOWER', strides: [2, 1] }), [
    [1, 1, 0, 0],
    [0, 0],
  ])
  assert.equal(pads({ auto_pad: 'SAME_UPPER', strides: [4, 4] }), [
    [0, 0, 0, 0],
    [1, 2],
  ])
  assert.equal(pads({ auto_pad: 'VALID', pads: [1, 1, 1, 1] }), [
    [0, 0, 0, 0],
    [0, 0],
  ])
  // 2·7 + 3 and 2·7 + 2 without pads.
  assert.equal(pads({ strides: [2, 2], output_shape: [14, 15] }), [
    [2, 1, 1, 0],
    [0, 0],
  ])
  assert.equal(pads({ strides: [2, 2], output_shape: [14, 15], auto_pad: 'SAME_UPPER' }), [
    [1, 0, 2, 1],
    [0, 0],
  ])
  assert.equal(pads({ strides: [2, 2], output_shape: [17, 20], output_padding: [1, 1] }), [
    [1, 0, 0, 0],
    [1, 4],
  ])
})

test('ConvTranspose: its shape is known to what follows, and what makes no sense is refused', () => {
  const w = floats([3, 4, 3, 2])
  const nodes = [['c = ConvTranspose(x, w)', { strides: [2, 2] }] as const, 's = Shape(c)', 'y = Reshape(c, s)']
  assert.equal(graphOf({ nodes, tensors: { w } }).nodes[1]!.attrs.shape, [0, 4, 17, 16])
  assert.throws(() => deconvolved({ output_padding: [1] }), /output_padding \[1\] should be 2 integers/)
  assert.throws(() => deconvolved({ output_shape: [0, 1] }), /output_shape \[0,1\] should be 2 integers of at least 1/)
  refuses({ nodes: ['y = ConvTranspose(x, w)'], inputs: { x: [1, 3, 8], w: [3, 4, 3] } }, /its weight is computed/)
  refuses({ nodes: ['y = ConvTranspose(x, w)'], inputs: { x: [1, 3, 8] }, tensors: { w: floats([3, 4, 3]) } }, /1-D/)
})

test('MaxPool', () => {
  const attrs = { kernel_shape: [3, 2], ceil_mode: 1, dilations: [2, 2], storage_order: 1 }
  assert.equal(only({ nodes: [['y = MaxPool(x)', attrs]] }), [
    'y = MaxPool(x)',
    { ...windowDefaults, dilation: [2, 2], ceil: true },
  ])
  assert.equal(only({ nodes: [['y = MaxPool(x)', { kernel_shape: [3, 2] }]] })[1], { ...windowDefaults, ceil: false })
  assert.equal(only({ nodes: [['y, unused = MaxPool(x)', { kernel_shape: [3, 2] }]] })[0], 'y = MaxPool(x)')
  refuses(
    { nodes: [['p: y, i = MaxPool(x)', { kernel_shape: [3, 2] }]], outputs: ['y', 'i'] },
    /MaxPool ×1 \("p"\): only its first output/,
  )
})

test('AveragePool', () => {
  assert.equal(only({ nodes: [['y = AveragePool(x)', { kernel_shape: [3, 2] }]] }), [
    'y = AveragePool(x)',
    { ...windowDefaults, ceil: false, includePad: false },
  ])
  const attrs = { kernel_shape: [3, 2], ceil_mode: 1, count_include_pad: 1, dilations: [1, 2] }
  assert.equal(only({ opset: 19, nodes: [['y = AveragePool(x)', attrs]] })[1], {
    ...windowDefaults,
    dilation: [1, 2],
    ceil: true,
    includePad: true,
  })
})

test('operators without attributes', () => {
  const plain = ['Abs', 'Exp', 'HardSwish', 'Identity', 'Neg', 'Relu', 'Sigmoid', 'Softplus', 'Sqrt', 'Tanh']
  const more = ['Ceil', 'Erf', 'Floor', 'Reciprocal', 'Round', 'Sign']
  for (const op of [...plain, ...more, 'GlobalAveragePool', 'GlobalMaxPool'])
    assert.equal(only({ nodes: [`y = ${op}(x)`] }), [`y = ${op}(x)`, {}])
})

const pads = [0, 0, 1, 2, 0, 0, 3, 4]

test('Pad: attributes until opset 10, inputs from 11, axes from 18', () => {
  const expected = ['y = Pad(x)', { pads, value: 0.5 }]
  assert.equal(only({ opset: 7, nodes: [['y = Pad(x)', { pads, value: 0.5, mode: 'constant' }]] }), expected)
  const tensors = { p: ints(...pads), v: floats([], [0.5]), q: ints(1, 2, 3, 4), axes: ints(2, -1) }
  assert.equal(only({ opset: 11, nodes: ['y = Pad(x, p, v)'], tensors }), expected)
  assert.equal(only({ opset: 18, nodes: ['y = Pad(x, q, v, axes)'], tensors }), expected)
  assert.equal(only({ opset: 18, nodes: ['y = Pad(x, q, , axes)'], tensors })[1], { pads, value: 0 })
})

test('Pad: negative pads crop', () => {
  const cropped = (...pads: number[]) => graphOf({ opset: 7, nodes: [['p: y = Pad(x)', { pads, value: 0.5 }]] }).nodes
  const far = 2 ** 31 - 1
  const [slice, ...none] = cropped(0, 0, -1, 0, 0, 0, -2, -3)
  assert.equal(none, [])
  assert.equal(slice, {
    op: 'Slice',
    name: 'p',
    inputs: ['x'],
    outputs: ['y'],
    attrs: { starts: [1, 0], ends: [-2, -3], axes: [2, 3], steps: [1, 1] },
  })
  assert.equal(
    cropped(0, 0, -1, 2, 0, 0, 3, 0).map(n => [n.op, n.name, n.inputs[0], n.outputs[0], n.attrs]),
    [
      ['Slice', 'p_crop', 'x', 'y_cropped', { starts: [1], ends: [far], axes: [2], steps: [1] }],
      ['Pad', 'p', 'y_cropped', 'y', { pads: [0, 0, 0, 2, 0, 0, 3, 0], value: 0.5 }],
    ],
  )
})

test('Pad: zeros around maps become the pad of the Conv behind them', () => {
  const padded = (
    pads: number[],
    value: number,
    attrs: Readonly<Record<string, string | number[]>>,
    end = 'y = Relu(c)',
  ) =>
    graphOf({
      opset: 7,
      nodes: [['p = Pad(x)', { pads, value: float(value) }], ['c = Conv(p, w)', attrs], end],
      tensors: { w },
    }).nodes.map(({ op, inputs, attrs }) => [op, inputs[0], attrs.pad])
  const own = { pads: [1, 0, 2, 1] }
  assert.equal(padded(pads, 0, own)[0], ['Conv', 'x', [2, 2, 5, 5]])
  // Where somebody else reads the padded map it stays.
  assert.equal(padded(pads, 0, own, 'y = Sum(c, p)').slice(0, 2), [
    ['Pad', 'x', undefined],
    ['Conv', 'x', [2, 2, 5, 5]],
  ])
  for (const [shape, value, attrs] of [
    [pads, 0.5, own],
    [pads, 0, { auto_pad: 'SAME_UPPER' }],
    [[0, 0, 0, 0, 0, 0, 1, 1].reverse(), 0, own],
  ] as const)
    assert.equal(padded([...shape], value, attrs as typeof own)[1]!.slice(0, 2), ['Conv', 'p'])
})

test('Add: one constant for each channel behind a Conv or Gemm becomes its bias', () => {
  const added = (maker: string, sum: string, shape: readonly number[], end: string[] = []) => {
    const { graph, tensors } = model({
      inputs: { x: maker.startsWith('Conv') ? [1, 3, 8, 8] : [1, 3] },
      nodes: [`a = ${maker}`, sum, ...end],
      outputs: [end.length ? 'z' : 'y'],
      tensors: { w, t: floats([3, 4, 2, 2]), m: floats([3, 4]), v: floats([4]), c: floats(shape) },
    })
    return [brief(graph!).map(([call]) => call), tensors.get('c')?.shape, tensors.get('c_row')?.shape]
  }
  for (const sum of ['y = Add(a, c)', 'y = Add(c, a)'])
    for (const shape of [
      [4, 1, 1],
      [1, 4, 1, 1],
    ])
      assert.equal(added('Conv(x, w)', sum, shape), [['y = Conv(x, w, c)'], [4], undefined])
  assert.equal(added('ConvTranspose(x, t)', 'y = Add(a, c)', [4, 1, 1])[0], ['y = ConvTranspose(x, t, c)'])
  assert.equal(added('Gemm(x, m)', 'y = Add(a, c)', [4])[0], ['y = Gemm(x, m, c)'])
  assert.equal(added('MatMul(x, m)', 'y = Add(a, c)', [1, 4]), [['y = Gemm(x, m, c)'], [4], undefined])
  // Where somebody else reads the constant it stays as it is.
  const end = 'z = Add(y, c)'
  assert.equal(added('Conv(x, w)', 'y = Add(a, c)', [4, 1, 1], [end]), [['y = Conv(x, w, c_row)', end], [4, 1, 1], [4]])
  // No bias: one number for all, more dimensions than the result, a second bias, a result that somebody else reads.
  const kept = (...given: Parameters<typeof added>) =>
    (added(...given)[0] as string[]).some(call => call.includes('Add'))
  assert.ok(kept('Conv(x, w)', 'y = Add(a, c)', [1]))
  assert.ok(kept('Conv(x, w)', 'y = Add(a, c)', [1, 1, 4, 1, 1]))
  assert.ok(kept('Conv(x, w, v)', 'y = Add(a, c)', [4, 1, 1]))
  assert.ok(kept('Conv(x, w)', 'y = Add(a, c)', [4, 1, 1], ['z = Mul(y, a)']))
})

test('Pad: other modes and infinities are refused, a wrong number of pads is an error', () => {
  refuses({ opset: 7, nodes: [['y = Pad(x)', { pads, mode: 'reflect' }]] }, /mode "reflect"/)
  refuses({ opset: 7, nodes: [['y = Pad(x)', { pads, value: float(-Infinity) }]] }, /pads with -Infinity/)
  assert.throws(
    () => graphOf({ opset: 7, nodes: [['y = Pad(x)', { pads: [1, 1] }]] }),
    /Pad "Pad_0": pads \[1,1\] should be 8/,
  )
})

test.run()
