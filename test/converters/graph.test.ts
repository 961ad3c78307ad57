import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import { readModel } from '../../ts/file.js'
import { brief, build, floats, graphOf, ints, model, refuses } from './build.js'

test('names: kept, numbered per operator where absent, told apart where double', () => {
  const nodes = ['a = Relu(x)', 'twin: b = Tanh(a)', 'twin: c = Tanh(b)', 'Relu_1: d = Relu(c)', 'y = Relu(d)']
  assert.equal(
    graphOf({ nodes }).nodes.map(n => n.name),
    ['Relu_0', 'twin', 'twin_1', 'Relu_1', 'Relu_2'],
  )
})

test('nodes are sorted: makers first, else in the order of the file', () => {
  const nodes = ['y = Add(b, c)', 'c = Tanh(a)', 'b = Relu(a)', 'a = Sigmoid(x)']
  assert.equal(
    brief(graphOf({ nodes })).map(n => n[0].split(' ')[0]),
    ['a', 'c', 'b', 'y'],
  )
})

test('a chain longer than the stack is deep', () => {
  const n = 20_000
  const nodes = Array.from({ length: n }, (_, i) => `v${i + 1} = Relu(v${i})`).reverse()
  assert.is(graphOf({ inputs: { v0: [1, 2] }, outputs: [`v${n}`], nodes }).nodes.length, n)
})

test('a symbolic batch is 1, a fixed one stays', () => {
  const inputs = (x: readonly (number | string)[]) => graphOf({ inputs: { x }, nodes: ['y = Relu(x)'] }).inputs
  assert.equal(inputs(['N', 3, 8, 8]), [{ name: 'x', shape: [1, 3, 8, 8] }])
  assert.equal(inputs([4, 3, 8, 8]), [{ name: 'x', shape: [4, 3, 8, 8] }])
})

test('the batch of the file can be chosen anew', () => {
  const spec = { inputs: { x: [4, 6] }, nodes: ['y = Reshape(x, s)'], tensors: { s: ints(2, 3, 2) } }
  const found = graphOf(spec, { inputShapes: { x: [2, 6] } })
  assert.equal(found.inputs, [{ name: 'x', shape: [2, 6] }])
  assert.equal(found.nodes[0]!.attrs.shape, [0, 3, 2])
})

test('ai.onnx is the long name of the operators of ONNX', () => {
  assert.equal(brief(graphOf({ nodes: ['y = ai.onnx.Relu(x)'] })), [['y = Relu(x)', {}]])
})

test('other symbolic sizes are asked for, with the option that gives them', () => {
  const spec = { inputs: { x: ['N', 3, 'h', 0] }, nodes: ['y = Relu(x)'] }
  assert.throws(
    () => graphOf(spec),
    (e: { code: string; message: string }) =>
      e.code === 'SHAPE' && /input "x" is N×3×h×\? in the file: .*--input-shape x=1,3,224,224$/.test(e.message),
  )
  const found = graphOf(spec, { inputShapes: { x: [2, 3, 32, 48] } })
  assert.equal(found.inputs, [{ name: 'x', shape: [2, 3, 32, 48] }])
})

test('an input of unknown rank takes the shape that is given', () => {
  const spec = { inputs: { x: null }, nodes: ['y = Softmax(x)'] }
  assert.throws(() => graphOf(spec), /input "x" is of unknown rank .*--input-shape x=1,3,224,224/)
  assert.equal(brief(graphOf(spec, { inputShapes: { x: [1, 5] } })), [['y = Softmax(x)', { axis: 1 }]])
})

test('given shapes that do not fit the file, or no input, are errors', () => {
  const given = (x: number[]) => () =>
    graphOf({ inputs: { x: ['N', 3, 'h'] }, nodes: ['y = Relu(x)'] }, { inputShapes: { x } })
  assert.throws(given([1, 4, 8]), /input "x" is N×3×h in the file, 1×4×8 does not fit/)
  assert.throws(given([1, 3]), /1×3 does not fit/)
  assert.throws(given([1, 3, -8]), /1×3×-8 is no shape/)
  assert.throws(
    () => graphOf({ nodes: ['y = Relu(x)'] }, { inputShapes: { z: [1] } }),
    /given for "z", the inputs of the file are "x"/,
  )
})

test('source, opset, labels and preprocess', () => {
  const spec = { opset: 11, nodes: ['y = Relu(x)'], more: { producerName: 'pytorch', producerVersion: '2.1' } }
  const preprocess = { color: 'gray', fit: 'contain', mean: [0], std: [1] } as const
  const { source, opset, ...rest } = model(spec, { source: 'a.onnx', labels: ['cat'], preprocess })
  assert.equal([source, opset, rest.labels, rest.preprocess], ['a.onnx (pytorch 2.1)', 11, ['cat'], preprocess])
  assert.is(model(spec).source, 'pytorch 2.1')
  for (const source of ['a.onnx', '/home/me/a.onnx', 'C:\\nets\\a.onnx'])
    assert.is(model({ nodes: ['y = Relu(x)'] }, { source }).source, 'a.onnx')
  assert.is(model({ nodes: ['y = Relu(x)'] }).source, undefined)
})

test('convert gives a file that readModel reads', async () => {
  const spec = { inputs: { x: [1, 3] }, nodes: ['y = MatMul(x, w)'], tensors: { w: floats([3, 2]) } }
  const read = await readModel(await convert(build(spec)))
  assert.equal(read.graph, graphOf(spec))
  assert.equal([...read.tensors.get('w')!.data], [...model(spec).tensors.get('w')!.data])
})

test('graphs that are not sound are GRAPH errors', () => {
  const bad = (spec: Parameters<typeof graphOf>[0], fact: RegExp) =>
    assert.throws(
      () => graphOf(spec),
      (e: { code: string; message: string }) => e.code === 'GRAPH' && fact.test(e.message),
    )
  bad(
    { nodes: ['a: p = Add(x, q)', 'b: q = Relu(p)', 'y = Relu(q)'] },
    /^(Add "a"|Relu "b"): it depends on its own output/,
  )
  bad({ nodes: ['r: y = Relu(z)'] }, /^Relu "r": it reads "z", which is no input/)
  bad({ nodes: ['y = Relu(x)', 'r: y = Tanh(x)'] }, /^Tanh "r": it makes "y", which is defined elsewhere too/)
  bad({ nodes: ['y = Relu(x)'], outputs: ['z'] }, /output "z" is made by no node/)
  bad({ nodes: ['y = Relu(x)'], outputs: [] }, /has no outputs/)
  bad({ nodes: ['y = Relu(x)'], outputs: ['y', 'y'] }, /lists an output twice/)
  bad({ nodes: ['r: y = Relu()'] }, /^Relu "r": input 0 is missing/)
  bad({ nodes: ['c: y = Conv(x)'] }, /^Conv "c": it has no weight/)
})

test('a float16 model: inputs become float32, weights stay, casts between floats do nothing', () => {
  const half = (name: string) => ({
    name,
    type: { tensorType: { elemType: 10, shape: { dim: [{ dimParam: 'N' }, { dimValue: 2 }] } } },
  })
  const m = model({
    nodes: [
      ['f = Cast(x)', { to: 1 }],
      'a = Add(f, w)',
      ['y = Cast(a)', { to: 10 }],
      ['c = Cast(w)', { to: 1 }],
      'z = Mul(a, c)',
    ],
    tensors: { w: { dims: [2], dataType: 10, int32Data: [0x3c00, 0x4000] } },
    moreGraph: { input: [half('x')], output: [half('y'), half('z')] },
  })
  assert.equal(m.graph!.inputs, [{ name: 'x', shape: [1, 2] }])
  assert.equal(
    brief(m.graph!).map(n => n[0]),
    ['f = Identity(x)', 'a = Add(f, w)', 'y = Identity(a)', 'z = Mul(a, c)'],
  )
  assert.equal(
    [...m.tensors].map(([name, t]) => `${name} ${t.dtype}`),
    ['w F16', 'c F32'],
  )
})

test('outputs that are constants are tensors handed out, whole numbers as floats', () => {
  const m = model({
    nodes: ['y = Relu(x)', 's = Shape(x)', 'c = Identity(w)', 'i = Identity(n)'],
    tensors: { w: floats([2]), n: ints(7, -1) },
    outputs: ['y', 's', 'c', 'i', 'w'],
  })
  assert.equal(
    m.graph!.nodes.map(({ op, inputs, outputs }) => `${outputs} = ${op}(${inputs})`),
    [
      'y = Relu(x)',
      's = Identity(s_constant)',
      'c = Identity(c_constant)',
      'i = Identity(i_constant)',
      'w = Identity(w_constant)',
    ],
  )
  const numbers = (name: string) => [...new Float32Array(m.tensors.get(name)!.data.slice().buffer)]
  assert.equal(['s_constant', 'c_constant', 'i_constant'].map(numbers), [
    [1, 3, 8, 8],
    [0, 1],
    [7, -1],
  ])
  // A network of nothing else still takes its input.
  assert.equal(graphOf({ nodes: ['y = Shape(x)'] }).inputs, [{ name: 'x', shape: [1, 3, 8, 8] }])
  refuses(
    {
      inputs: { x: [1, 3] },
      nodes: ['y = Add(x, w)'],
      tensors: { w: floats([3]) },
      outputs: ['y', 'w'],
    },
    /output ×1 \("w"\): it is a weight as well/,
  )
})

test.run()
