import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { convert, fromOnnx } from '../../converters/index.js'
import { builders } from '../../converters/onnx/table.js'
import { ConvletError, type ErrorCode } from '../../ts/error.js'
import { build, floats, graphOf, ints, type Spec, scalar } from './build.js'

const errorOf = (run: () => unknown): ConvletError => {
  try {
    run()
  } catch (e) {
    if (e instanceof ConvletError) return e
    throw e
  }
  return assert.unreachable('nothing was thrown') as never
}
const fails = (run: () => unknown, code: ErrorCode, message: RegExp) => {
  const e = errorOf(run)
  assert.is(e.code, code)
  assert.match(e.message, message)
}

test('everything that is not supported, in one list', () => {
  const spec: Spec = {
    opset: 11,
    inputs: { x: ['N', 3, 'h', 'w'] },
    domains: ['com.microsoft'],
    nodes: [
      ...Array.from({ length: 6 }, (_, i) => `in${i}: b${i + 1} = LpNormalization(${i === 0 ? 'x' : `b${i}`}, s, s)`),
      'down: c = ConstantOfShape(b6)',
      'fused: f = com.microsoft.FusedConv(c, w)',
      ['p: q = Pad(f)', { mode: 'reflect', pads: [0, 0] }],
      'y = Relu(q)',
    ],
    tensors: { s: floats([3]), w: floats([1]) },
  }
  const e = errorOf(() => graphOf(spec, { source: 'net.onnx' }))
  assert.is(e.code, 'UNSUPPORTED')
  assert.equal(e.message.split('\n'), [
    'net.onnx uses what convlet does not support:',
    '  ConstantOfShape ×1 ("down"): it is supported on constants and shapes only',
    '  LpNormalization ×6 ("in0", "in1", "in2", "in3" and 2 more): this operator is not supported',
    '  Pad ×1 ("p"): mode "reflect" is not supported, only "constant"',
    '  com.microsoft.FusedConv ×1 ("fused"): only operators of ONNX itself are supported',
    `Supported are ${Object.keys(builders).join(', ')}, and arithmetic on constants and shapes. Replace the others and export again.`,
  ])
})

test('what follows from an unsupported node is not complained about', () => {
  const nodes: Spec['nodes'] = [
    'u = Unknown(x)',
    's = Shape(u)',
    ['n = Gather(s, zero)', { axis: 0 }],
    ['c = Concat(n, rest)', { axis: 0 }],
    'r = Reshape(u, c)',
    ['f = Flatten(r)', { axis: -1 }],
    'y = Softmax(f)',
  ]
  const { message } = errorOf(() => graphOf({ nodes, tensors: { zero: ints(0), rest: ints(-1) } }))
  assert.is(message.split('\n').length, 3)
  assert.match(message, /\n {2}Unknown ×1/)
})

test('names that objects have of themselves are no operators', () => {
  fails(
    () => graphOf({ nodes: ['y = constructor(x)'] }),
    'UNSUPPORTED',
    /constructor ×1 \("constructor_0"\): this operator/,
  )
  fails(() => graphOf({ nodes: ['y = toString(x)'], inputs: { x: [1] } }), 'UNSUPPORTED', /toString ×1/)
})

test('control flow', () => {
  const attrs = { then_branch: { type: 5, g: {} } }
  fails(() => graphOf({ nodes: [['y = If(x)', attrs]] }), 'UNSUPPORTED', /If ×1 \("If_0"\): its condition is computed/)
  fails(() => graphOf({ nodes: [['y = Loop(x)', attrs]] }), 'UNSUPPORTED', /Loop ×1 \("Loop_0"\): this operator/)
})

test('sparse, quantised and text tensors', () => {
  const add = (w: NonNullable<Spec['tensors']>[string]) => () =>
    graphOf({ inputs: { x: [1] }, nodes: ['a: y = Add(x, w)'], tensors: { w } })
  fails(add({ dims: [1], dataType: 8, stringData: [new Uint8Array()] }), 'UNSUPPORTED', /text tensors are not read/)
  fails(add({ dims: [1], dataType: 3, int32Data: [1] }), 'UNSUPPORTED', /of I8, only float weights/)
  fails(add({ dims: [1], dataType: 17, int32Data: [1] }), 'UNSUPPORTED', /ONNX element type 17 are not read/)
  const sparse: Spec = {
    inputs: { x: [1] },
    nodes: ['y = Add(x, w)'],
    moreGraph: { sparseInitializer: [{ values: { name: 'w', ...floats([1]) }, dims: [1] }] },
  }
  fails(() => graphOf(sparse), 'UNSUPPORTED', /sparse tensors are not read/)
  const constant: Spec = {
    inputs: { x: [1] },
    nodes: [['c = Constant()', { sparse_value: { type: 11 } }], 'y = Add(x, c)'],
  }
  fails(() => graphOf(constant), 'UNSUPPORTED', /Constant ×1 \("Constant_0"\): sparse/)
  const text: Spec = { inputs: { x: [1] }, nodes: [['c = Constant()', { value_string: 'hi' }], 'y = Add(x, c)'] }
  fails(() => graphOf(text), 'UNSUPPORTED', /Constant ×1 \("Constant_0"\): text/)
})

test('an unread tensor that nobody uses is no obstacle', () => {
  const spec: Spec = { nodes: ['y = Relu(x)'], tensors: { w: { dims: [1], dataType: 8 } } }
  assert.is(graphOf(spec).nodes.length, 1)
})

test('inputs of other types, and outputs that nothing computes', () => {
  const value = { name: 'x', type: { tensorType: { elemType: 7, shape: { dim: [{ dimValue: 1 }] } } } }
  fails(
    () => graphOf({ nodes: ['y = Relu(x)'], moreGraph: { input: [value] } }),
    'UNSUPPORTED',
    /input ×1 \("x"\): its elements are of ONNX type 7/,
  )
  fails(
    () => graphOf({ nodes: ['y = Relu(x)'], moreGraph: { input: [{ name: 'x', type: { sequenceType: {} } }] } }),
    'UNSUPPORTED',
    /input ×1 \("x"\): it is no tensor/,
  )
  fails(
    () => graphOf({ nodes: ['y = Identity(w)'], tensors: { w: floats([1]) } }),
    'UNSUPPORTED',
    /output ×1 \("y"\): it is a constant, nothing is computed/,
  )
  fails(
    () => graphOf({ inputs: { x: ['N', 3, 8, 8] }, nodes: ['y = Relu(x)', 's = Shape(x)'], outputs: ['y', 's'] }),
    'UNSUPPORTED',
    /output ×1 \("s"\): it depends on the batch, which the file leaves open/,
  )
  fails(() => graphOf({ nodes: [], outputs: ['x'] }), 'UNSUPPORTED', /output ×1 \("x"\): it is an input/)
})

test('versions that are too old, with both figures', () => {
  fails(
    () => graphOf({ opset: 6, nodes: ['y = Relu(x)'] }, { source: 'old.onnx' }),
    'UNSUPPORTED',
    /^old.onnx is of ONNX opset 6, convlet reads opset 7 and later/,
  )
  fails(() => graphOf({ ir: 2, nodes: ['y = Relu(x)'] }), 'UNSUPPORTED', /IR version 2, convlet reads IR version 3/)
  assert.is(graphOf({ opset: 7, ir: 3, nodes: ['y = Relu(x)'] }).nodes.length, 1)
  assert.is(graphOf({ opset: 25, ir: 13, nodes: ['y = Relu(x)'] }).nodes.length, 1)
})

const text = (s: string) => Uint8Array.from(s, c => c.charCodeAt(0))

test('files of other kinds', () => {
  const not = (bytes: Uint8Array, fact: RegExp) => {
    const e = errorOf(() => fromOnnx(bytes, { source: 'a.onnx' }))
    assert.is(e.code, 'FILE')
    assert.match(e.message, /^a\.onnx is not an ONNX model: /)
    assert.match(e.message, fact)
  }
  not(new Uint8Array(), /it is empty/)
  not(text('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), /PNG image/)
  not(text('PK\x03\x04archive/data.pkl'), /zip archive/)
  not(text('version https://git-lfs.github.com/spec/v1\n'), /Git LFS pointer/)
  not(text('<!DOCTYPE html>'), /HTML/)
  not(text('\x40\0\0\0\0\0\0\0{"w":{"dtype":"F32"'), /safetensors/)
  not(text('hello, this is some text'), /./)
  not(new Uint8Array(64), /./)
  not(new Uint8Array(64).fill(255), /./)
})

const valid: Spec = {
  opset: 12,
  inputs: { x: ['N', 1, 6, 6] },
  nodes: [
    ['conv1: c = Conv(x, w, b)', { pads: [1, 1, 1, 1], strides: [2, 2] }],
    'r = Relu(c)',
    ['p = MaxPool(r)', { kernel_shape: [2, 2], auto_pad: 'SAME_UPPER', ceil_mode: 1 }],
    'd = Dropout(p, ratio)',
    's = Shape(d)',
    ['n = Gather(s, zero)', { axis: 0 }],
    ['u = Unsqueeze(n)', { axes: [0] }],
    ['k = ConstantOfShape(one)', { value: ints(-1) }],
    ['t = Concat(u, k)', { axis: 0 }],
    'f = Reshape(d, t)',
    'm = Transpose(fc)',
    ['g = Gemm(f, m, bias)', { alpha: 0.5 }],
    'y = Softmax(g)',
  ],
  tensors: {
    w: floats([2, 1, 3, 3]),
    b: floats([2]),
    ratio: floats([], [0.25]),
    zero: scalar(0),
    one: ints(1),
    fc: { dims: [3, 8], dataType: 10, int32Data: Array(24).fill(0x3c00) },
    bias: floats([1, 3]),
  },
}
const good = build(valid)

test('truncated anywhere', () => {
  assert.is(fromOnnx(good).graph!.nodes.length, 7)
  for (let n = 0; n < good.length; n++) {
    const { code } = errorOf(() => fromOnnx(good.subarray(0, n)))
    assert.ok(code === 'FILE' || code === 'GRAPH' || code === 'UNSUPPORTED', `${n} bytes: ${code}`)
  }
  fails(
    () => fromOnnx(good.subarray(0, 100)),
    'FILE',
    /ends in the middle of a field, after 100 bytes; is it cut short\?/,
  )
})

/** Whether it converts to a file; what else happens must be a ConvletError. */
const converts = (bytes: Uint8Array): Promise<boolean> =>
  convert(bytes).then(
    () => true,
    e => {
      if (e instanceof ConvletError) return false
      throw e
    },
  )

test('every byte damaged: a ConvletError or a file, never anything else', async () => {
  let converted = 0
  for (const [at, byte] of good.entries())
    for (const value of [0, 0xff, byte ^ 1, byte ^ 0x10, byte ^ 0x80, byte + 1])
      if (await converts(good.with(at, value))) converted++
  // Else this would have exercised the reader only.
  assert.ok(converted > good.length, `${converted} converted`)
})

test('property: several bytes damaged, the end cut off', async () => {
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 2, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(changes, fc.option(fc.nat(good.length), { freq: 4 }), async (changes, length) => {
      const bytes = good.slice()
      for (const [at, value] of changes) bytes[at] = value
      await converts(bytes.subarray(0, length ?? good.length))
    }),
    { numRuns: 2000 },
  )
})

test('property: random bytes are no model', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      errorOf(() => fromOnnx(bytes))
    }),
    { numRuns: 2000 },
  )
})

test.run()
