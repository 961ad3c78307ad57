// Every canonical operator to ONNX and back.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromOnnx } from '../../converters/index.js'
import { emitters } from '../../converters/onnx/emit.js'
import { readOnnx } from '../../converters/onnx/read.js'
import { toOnnx } from '../../converters/onnx/write.js'
import type { ConvletError } from '../../ts/error.js'
import { all } from '../../ts/ops/more.js'
import type { Model } from '../../ts/types.js'
import { floats } from '../models/make.js'
import { roundTrip, single } from './make.js'

const window = { kernel: [3, 2], stride: [2, 1], pad: [1, 0, 0, 1], dilation: [1, 1] }
const pair = [{}, [1, 4, 9, 9], { b: [4, 1, 1] }] as const

const reduced: readonly Case[] = [[{ axes: [2, 3], keepDims: false }], [{ axes: [1], keepDims: true }]]

type Parts = Parameters<typeof single>
type Case = readonly [Parts[1], Parts[2]?, Parts[3]?, Parts[4]?]

const cases: Readonly<Record<string, readonly Case[]>> = {
  Abs: [[{}]],
  Add: [pair, [{}, [1, 4, 9, 9], { b: [4, 1, 1] }, ['b', 'x']], [{}, [1, 4, 9, 9], {}, ['x', 'x']]],
  AveragePool: [
    [{ ...window, ceil: false, includePad: false }],
    [{ ...window, ceil: true, includePad: true }],
    [{ ...window, pad: 'same_upper', ceil: false, includePad: false }],
  ],
  BatchNormalization: [[{ epsilon: 1e-3 }, [1, 4, 9, 9], { scale: [4], bias: [4], mean: [4], variance: [4] }]],
  Ceil: [[{}]],
  Clip: [[{ min: 0, max: 6 }], [{ max: 0.1 }], [{ min: -0.1 }], [{}]],
  Concat: [
    [{ axis: 1 }, [1, 4, 9, 9], { b: [1, 2, 9, 9] }, ['x', 'b', 'x']],
    [{ axis: 3 }, [1, 4, 9, 9], {}, ['x', 'x']],
  ],
  Conv: [
    [{ ...window, groups: 1 }, [1, 4, 9, 9], { w: [8, 4, 3, 2], b: [8] }],
    [{ ...window, dilation: [2, 3], groups: 2 }, [1, 4, 9, 9], { w: [8, 2, 3, 2] }],
    [{ ...window, pad: 'same_lower', groups: 4 }, [1, 4, 9, 9], { w: [4, 1, 3, 2] }],
  ],
  ConvTranspose: [
    [{ ...window, groups: 1, outputPad: [1, 0] }, [1, 4, 9, 9], { w: [4, 8, 3, 2], b: [8] }],
    [{ ...window, dilation: [2, 3], groups: 2, outputPad: [0, 0] }, [1, 4, 9, 9], { w: [4, 8, 3, 2] }],
  ],
  Div: [pair],
  Dropout: [[{ rate: 0.2 }], [{ rate: 0 }]],
  Elu: [[{ alpha: 0.7 }]],
  Erf: [[{}]],
  Exp: [[{}]],
  Flatten: [[{ axis: 1 }], [{ axis: 0 }]],
  Floor: [[{}]],
  Gemm: [
    [{}, [1, 5], { w: [3, 5], b: [3] }],
    [{}, [1, 5], { w: [3, 5] }],
    [{}, [1, 2, 5], { w: [3, 5] }],
  ],
  GlobalAveragePool: [[{}]],
  GlobalMaxPool: [[{}]],
  HardSigmoid: [[{ alpha: 0.2, beta: 0.5 }]],
  Identity: [[{}]],
  InstanceNormalization: [[{ epsilon: 1e-3 }, [1, 4, 9, 9], { scale: [4], bias: [4] }]],
  LRN: [[{ size: 5, alpha: 5e-4, beta: 0.75, bias: 2 }]],
  LeakyRelu: [[{ alpha: 0.01 }]],
  LogSoftmax: [[{ axis: 1 }]],
  MatMul: [
    [{}, [1, 3, 5], {}, ['x', 'x']],
    [{}, [1, 3, 5], { b: [2, 5, 4] }],
    [{}, [1, 3, 5], { b: [1, 4, 3] }, ['b', 'x']],
  ],
  Max: [pair],
  MaxPool: [
    [{ ...window, ceil: true }],
    [{ ...window, dilation: [2, 1], ceil: false }],
    [{ ...window, pad: 'same_upper', ceil: false }],
  ],
  Min: [pair],
  Mul: [pair],
  Neg: [[{}]],
  PRelu: [[{}, [1, 4, 9, 9], { slope: [4, 1, 1] }]],
  Pad: [[{ pads: [0, 8, 1, 2, 0, 8, 3, 4], value: 0 }], [{ pads: [0, 0, 1, 1, 0, 0, 1, 1], value: -1.5 }]],
  Pow: [pair],
  Reciprocal: [[{}]],
  ReduceL1: reduced,
  ReduceL2: reduced,
  ReduceMax: reduced,
  ReduceMean: reduced,
  ReduceMin: reduced,
  ReduceProd: reduced,
  ReduceSum: reduced,
  ReduceSumSquare: reduced,
  Relu: [[{}]],
  Reshape: [[{ shape: [0, 2, 2, 81] }], [{ shape: [-1, 4, 81] }]],
  Resize: [
    [{ mode: 'nearest', coordinates: 'asymmetric', rounding: 'floor', scales: [2, 1.5] }],
    [{ mode: 'linear', coordinates: 'align_corners', scales: [0.5, 3] }],
    [{ mode: 'linear', coordinates: 'half_pixel', sizes: [7, 12] }],
  ],
  Round: [[{}]],
  Sigmoid: [[{}]],
  Sign: [[{}]],
  Slice: [
    [{ starts: [0, 0], ends: [2 ** 31 - 1, 2 ** 31 - 1], axes: [2, 3], steps: [2, 2] }],
    [{ starts: [-1], ends: [-(2 ** 31 - 1)], axes: [3], steps: [-1] }],
    [{ starts: [1, 2], ends: [3, -2], axes: [1, 2], steps: [1, 3] }],
  ],
  Softmax: [[{ axis: 1 }], [{ axis: 3 }]],
  Softplus: [[{}]],
  Sqrt: [[{}]],
  Sub: [pair, [{}, [1, 4, 9, 9], { b: [4, 1, 1] }, ['b', 'x']]],
  Tanh: [[{}]],
  Transpose: [[{ perm: [0, 2, 3, 1] }]],
}

const test = suite('export: operators')

// Opset 13 has none; what they become is below.
const DECOMPOSED = ['ArgMax', 'ArgMin', 'Gelu', 'HardSwish']

test('every operator that runs can be exported, and is tested', () => {
  assert.equal([...Object.keys(cases), ...DECOMPOSED].sort(), Object.keys(emitters).sort())
  assert.equal(
    Object.keys(all).filter(op => !Object.hasOwn(emitters, op)),
    [],
  )
})

for (const op of Object.keys(emitters))
  test(`${op} without attributes is written or refused`, () => {
    for (const attrs of [{}, { kernel: 'x', pad: true, axes: 1, shape: '', min: [1], rate: [], alpha: '1' }])
      try {
        toOnnx(single(op, attrs, [1, 4, 9, 9], { w: [4] }))
      } catch (error) {
        assert.is((error as ConvletError).code, 'UNSUPPORTED', `${error}`)
      }
  })

for (const [op, list] of Object.entries(cases))
  for (const [attrs, ...rest] of list)
    test(`${op} ${JSON.stringify(attrs)} ${rest.map(part => JSON.stringify(part)).join(' ')}`, () =>
      roundTrip(single(op, attrs, ...rest)))

const nodesOf = (model: Model) => readOnnx(toOnnx(model), 'the export').nodes

test('Gemm of three dimensions is a MatMul, and an Add for its bias', () => {
  const model = single('Gemm', {}, [1, 2, 5], { w: [3, 5], b: [3] })
  assert.equal(
    nodesOf(model).map(({ op, inputs, outputs }) => [op, inputs, outputs]),
    [
      ['MatMul', ['x', 'w'], ['y_product']],
      ['Add', ['y_product', 'b'], ['y']],
    ],
  )
  assert.equal(fromOnnx(toOnnx(model)).tensors, model.tensors)
})

test('Gemm of three dimensions by a weight that is none', () => {
  for (const model of [single('Gemm', {}, [1, 2, 5], {}, ['x', 'x']), single('Gemm', {}, [1, 2, 5], { w: [5] })])
    try {
      toOnnx(model)
      assert.unreachable()
    } catch (error) {
      assert.is((error as ConvletError).code, 'UNSUPPORTED')
    }
})

test('a weight that others read as it is keeps its name and its order', () => {
  const { graph, tensors } = single('Gemm', {}, [1, 2, 5], { w: [3, 5] })
  const [node] = graph!.nodes
  const more = { ...node!, name: 'more', outputs: ['z'] }
  const { tensors: written } = readOnnx(
    toOnnx({ graph: { ...graph!, outputs: ['y', 'z'], nodes: [node!, more] }, tensors }),
    '',
  )
  assert.equal(
    [...written].map(([name, t]) => [name, (t as { shape: unknown }).shape]),
    [
      ['w_transposed', [5, 3]],
      ['w_transposed_1', [5, 3]],
    ],
  )
})

/** Follows the nodes of an exported operator for one number. */
const follow = (model: Model, x: number): number => {
  const { nodes, tensors } = readOnnx(toOnnx(model), 'the export')
  const values = new Map<string, number>([['x', x]])
  for (const [name, t] of tensors)
    values.set(name, new Float32Array((t as { data: Uint8Array }).data.slice().buffer)[0]!)
  for (const { op, inputs, outputs, attrs } of nodes) {
    const [a, b = 0] = inputs.map(name => values.get(name)!) as [number, number?]
    const y: Record<string, () => number> = {
      Add: () => a + b,
      Div: () => a / b,
      Erf: () => erf(a),
      HardSigmoid: () => Math.max(0, Math.min(1, (attrs.get('alpha') as number) * a + (attrs.get('beta') as number))),
      Mul: () => a * b,
      Tanh: () => Math.tanh(a),
    }
    values.set(outputs[0]!, y[op]!())
  }
  return values.get('y')!
}

/** The series of Maclaurin, good enough up to 3. */
const erf = (x: number): number => {
  let [term, sum] = [x, x]
  for (let n = 1; n < 80; n++) {
    term *= -(x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

test('the places of ArgMax and ArgMin are cast to floats', () => {
  for (const op of ['ArgMax', 'ArgMin']) {
    const model = single(op, { axis: 1, keepDims: false, last: true })
    assert.equal(
      nodesOf(model).map(({ op, inputs, outputs, attrs }) => [op, inputs, outputs, Object.fromEntries(attrs)]),
      [
        [op, ['x'], ['y_place'], { axis: 1, keepdims: 0, select_last_index: 1 }],
        ['Cast', ['y_place'], ['y'], { to: 1 }],
      ],
    )
    const [back, cast] = fromOnnx(toOnnx(model)).graph!.nodes
    assert.equal([back!.op, back!.attrs, cast!.op], [op, { axis: 1, keepDims: false, last: true }, 'Identity'])
  }
})

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`)
const SOME = [-4, -3, -1.5, -0.3, 0, 0.1, 1, 2.9, 3.5]

test('HardSwish is x · HardSigmoid(x)', () => {
  for (const x of SOME) near(follow(single('HardSwish', {}), x), (x * Math.max(0, Math.min(6, x + 3))) / 6)
})

test('Gelu, exact (Hendrycks, Gimpel 2016) and by tanh', () => {
  for (const x of SOME) {
    near(follow(single('Gelu', { tanh: false }), x), (x / 2) * (1 + erf(x / Math.SQRT2)))
    const inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)
    near(follow(single('Gelu', { tanh: true }), x), (x / 2) * (1 + Math.tanh(inner)))
  }
})

test('what ONNX cannot say is listed in one error', () => {
  const { graph, tensors } = single('AveragePool', { ...window, dilation: [2, 1], ceil: false, includePad: false })
  const odd = { op: 'toString', name: 'odd', inputs: ['y'], outputs: ['z'], attrs: {} }
  try {
    toOnnx({ graph: { ...graph!, outputs: ['z'], nodes: [...graph!.nodes, odd] }, tensors })
    assert.unreachable()
  } catch (error) {
    const { code, message } = error as ConvletError
    assert.is(code, 'UNSUPPORTED')
    assert.match(message, 'AveragePool "node": ONNX has dilated average pools from opset 19 on only')
    assert.match(message, 'toString "odd": it is no operator of convlet')
  }
})

test('halves are written as floats, and names that constants would take are left alone', () => {
  const { graph } = single('Pad', { pads: [0, 0, 1, 1, 0, 0, 1, 1], value: 0.5 })
  const half = { dtype: 'F16', shape: [4, 1, 1], data: new Uint8Array([0, 0x3c, 0, 0x40, 0, 0xc0, 0, 0x38]) } as const
  const add = { op: 'Add', name: 'add', inputs: ['y', 'node_value'], outputs: ['z'], attrs: {} }
  const model: Model = {
    graph: { ...graph!, outputs: ['z'], nodes: [...graph!.nodes, add] },
    tensors: new Map([['node_value', half]]),
  }
  const back = fromOnnx(toOnnx(model))
  assert.equal(back.graph, model.graph)
  assert.equal(
    back.tensors.get('node_value'),
    floats([4, 1, 1], i => [1, 2, -2, 0.5][i]!),
  )
})

test('a model without a graph', () => {
  try {
    toOnnx({ tensors: new Map() })
    assert.unreachable()
  } catch (error) {
    assert.is((error as ConvletError).code, 'GRAPH')
  }
})

test.run()
