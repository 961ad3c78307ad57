// Gradients of whole networks: what the kernels compute against slopes in double precision.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { trainer } from '../../ts/entry/train.js'
import type { TrainerOptions } from '../../ts/train/api.js'
import { crossEntropy as loss, sgd } from '../../ts/train.js'
import type { Graph, Node, Shape, Tensor as Stored } from '../../ts/types.js'
import { trainModules } from '../builds.js'
import { filled, node, weight } from '../graphs.js'
import { floats } from '../random.js'
import { size, type Tensor } from '../ref/tensor.js'
import { crossEntropy, slope, trainForward } from './reference.js'

const test = suite('gradients')

interface Net {
  readonly input: Shape
  readonly nodes: readonly Node[]
  readonly weights: Readonly<Record<string, Tensor>>
}

const square = (kernel: number, stride = 1, pad = 0, more: Record<string, number | number[]> = {}) => ({
  ...{ kernel: [kernel, kernel], stride: [stride, stride], pad: [pad, pad, pad, pad], dilation: [1, 1], groups: 1 },
  ...more,
})
const conv = (x: string, y: string, attrs: Parameters<typeof node>[3], bias = true) =>
  node('Conv', [x, `${y}.w`, ...(bias ? [`${y}.b`] : [])], y, attrs)
const norm = (x: string, y: string) =>
  node('BatchNormalization', [x, `${y}.s`, `${y}.t`, `${y}.m`, `${y}.v`], y, { epsilon: 1e-3 })
const positive = (shape: Shape, seed: number): Tensor => {
  const { data } = filled(shape, seed)
  return { shape, data: data.map(v => Math.fround(0.5 + Math.abs(v))) }
}
const normed = (name: string, c: number, seed: number) => ({
  [`${name}.s`]: positive([c], seed),
  [`${name}.t`]: filled([c], seed + 1),
  [`${name}.m`]: filled([c], seed + 2),
  [`${name}.v`]: positive([c], seed + 3),
})
const head = (x: string, from: number, classes = 5) => ({
  nodes: [
    node('GlobalAveragePool', [x], 'pooled'),
    node('Flatten', ['pooled'], 'flat', { axis: 1 }),
    node('Gemm', ['flat', 'fc.w', 'fc.b'], 'y'),
  ],
  weights: { 'fc.w': weight([classes, from], 91), 'fc.b': filled([classes], 92) },
})

const nets: Readonly<Record<string, Net>> = {
  'LeNet: tanh, average pools, a flattened map': {
    input: [1, 12, 12],
    nodes: [
      conv('x', 'c1', square(3)),
      node('Tanh', ['c1'], 't1'),
      node('AveragePool', ['t1'], 'p1', { ...square(2, 2), ceil: false, includePad: false }),
      conv('p1', 'c2', square(3)),
      node('Sigmoid', ['c2'], 't2'),
      node('Flatten', ['t2'], 'f', { axis: 1 }),
      node('Gemm', ['f', 'g1.w', 'g1.b'], 'g1'),
      node('Relu', ['g1'], 'r'),
      node('Gemm', ['r', 'g2.w', 'g2.b'], 'y'),
    ],
    weights: {
      'c1.w': weight([6, 1, 3, 3], 1),
      'c1.b': filled([6], 2),
      'c2.w': weight([5, 6, 3, 3], 3),
      'c2.b': filled([5], 4),
      'g1.w': weight([11, 45], 5),
      'g1.b': filled([11], 6),
      'g2.w': weight([4, 11], 7),
      'g2.b': filled([4], 8),
    },
  },
  'residual blocks: batch norm, strides, downsampling, max pool': {
    input: [3, 9, 9],
    nodes: [
      conv('x', 'c1', square(3, 1, 1), false),
      norm('c1', 'n1'),
      node('Relu', ['n1'], 'r1'),
      node('MaxPool', ['r1'], 'p1', { ...square(3, 2, 1), ceil: false }),
      conv('p1', 'c2', square(3, 2, 1), false),
      norm('c2', 'n2'),
      node('Relu', ['n2'], 'r2'),
      conv('r2', 'c3', square(3, 1, 1), false),
      norm('c3', 'n3'),
      conv('p1', 'd', square(1, 2), false),
      norm('d', 'dn'),
      node('Add', ['n3', 'dn'], 'a'),
      node('Relu', ['a'], 'r3'),
      conv('r3', 'c4', square(3, 1, 1)),
      node('Add', ['c4', 'r3'], 'a2'),
      node('Relu', ['a2'], 'r4'),
      ...head('r4', 12).nodes,
    ],
    weights: {
      'c1.w': weight([8, 3, 3, 3], 1),
      'c2.w': weight([12, 8, 3, 3], 2),
      'c3.w': weight([12, 12, 3, 3], 3),
      'd.w': weight([12, 8, 1, 1], 4),
      'c4.w': weight([12, 12, 3, 3], 5),
      'c4.b': filled([12], 6),
      ...normed('n1', 8, 10),
      ...normed('n2', 12, 20),
      ...normed('n3', 12, 30),
      ...normed('dn', 12, 40),
      ...head('', 12).weights,
    },
  },
  'inception: branches, concat, shortcut by slice and pad, softmax at the end': {
    input: [4, 8, 8],
    nodes: [
      conv('x', 'b1', square(1)),
      conv('x', 'b2', square(3, 1, 1)),
      node('MaxPool', ['x'], 'm', { ...square(3, 1, 1), ceil: true }),
      conv('m', 'b3', square(1)),
      node('Concat', ['b1', 'b2', 'b3'], 'c', { axis: 1 }),
      node('Relu', ['c'], 'r'),
      conv('r', 'c2', square(3, 2, 1)),
      node('Slice', ['r'], 's', { starts: [0, 0], ends: [2 ** 31 - 1, 2 ** 31 - 1], axes: [2, 3], steps: [2, 2] }),
      node('Pad', ['s'], 'p', { pads: [0, 1, 0, 0, 0, 2, 0, 0], value: 0 }),
      node('Add', ['c2', 'p'], 'a'),
      ...head('a', 14).nodes.map(n => (n.outputs[0] === 'y' ? { ...n, outputs: ['z'] } : n)),
      node('Softmax', ['z'], 'y', { axis: 1 }),
    ],
    weights: {
      'b1.w': weight([3, 4, 1, 1], 1),
      'b1.b': filled([3], 2),
      'b2.w': weight([5, 4, 3, 3], 3),
      'b2.b': filled([5], 4),
      'b3.w': weight([3, 4, 1, 1], 5),
      'b3.b': filled([3], 6),
      'c2.w': weight([14, 11, 3, 3], 7),
      'c2.b': filled([14], 8),
      ...head('', 14).weights,
    },
  },
  'mobile: depthwise, hard-swish, squeeze and excite, PReLU, ReLU6': {
    input: [8, 7, 7],
    nodes: [
      conv('x', 'd1', square(3, 2, 1, { groups: 8 })),
      node('HardSwish', ['d1'], 'h1'),
      node('GlobalAveragePool', ['h1'], 'q'),
      conv('q', 'e1', square(1)),
      node('HardSigmoid', ['e1'], 'e2', { alpha: 1 / 6, beta: 0.5 }),
      node('Mul', ['h1', 'e2'], 's'),
      conv('s', 'c2', square(1)),
      node('PRelu', ['c2', 'slope'], 'r'),
      conv('r', 'd2', square(5, 1, 2, { groups: 6 })),
      node('Clip', ['d2'], 'k', { min: 0, max: 6 }),
      node('Mul', ['k', 'gain'], 'g'),
      ...head('g', 6).nodes,
    ],
    weights: {
      'd1.w': weight([8, 1, 3, 3], 1),
      'd1.b': filled([8], 2),
      'e1.w': weight([8, 8, 1, 1], 3),
      'e1.b': filled([8], 4),
      'c2.w': weight([6, 8, 1, 1], 5),
      'c2.b': filled([6], 6),
      'd2.w': weight([6, 1, 5, 5], 7),
      'd2.b': filled([6], 8),
      slope: filled([6, 1, 1], 9),
      gain: filled([1, 6, 1, 1], 10),
      ...head('', 6).weights,
    },
  },
  'AlexNet: LRN, groups, dilation, asymmetric pads, stride 3, leaky ReLU': {
    input: [4, 12, 11],
    nodes: [
      conv('x', 'c1', { kernel: [4, 3], stride: [3, 2], pad: [1, 0, 2, 1], dilation: [1, 1], groups: 1 }),
      node('LeakyRelu', ['c1'], 'r1', { alpha: 0.1 }),
      node('LRN', ['r1'], 'l', { size: 5, alpha: 0.3, beta: 0.75, bias: 1 }),
      conv('l', 'c2', { kernel: [3, 3], stride: [1, 1], pad: [2, 2, 2, 2], dilation: [2, 2], groups: 2 }),
      node('Elu', ['c2'], 'r2', { alpha: 0.7 }),
      conv('r2', 'c3', { kernel: [3, 3], stride: [2, 2], pad: 'same_upper', dilation: [1, 1], groups: 2 }),
      ...head('c3', 10).nodes,
    ],
    weights: {
      'c1.w': weight([8, 4, 4, 3], 1),
      'c1.b': filled([8], 2),
      'c2.w': weight([6, 4, 3, 3], 3),
      'c2.b': filled([6], 4),
      'c3.w': weight([10, 3, 3, 3], 5),
      'c3.b': filled([10], 6),
      ...head('', 10).weights,
    },
  },
  'number by number: every function, both ways of broadcasting': {
    input: [3, 4, 4],
    nodes: [
      conv('x', 'c', square(1)),
      node('Gelu', ['c'], 'e1', { tanh: false }),
      node('Gelu', ['e1'], 'e2', { tanh: true }),
      node('Softplus', ['e2'], 'e3'),
      node('Sqrt', ['e3'], 'e4'),
      node('Exp', ['e4'], 'e5'),
      node('Sub', ['e5', 'k'], 'e6'),
      node('Abs', ['e6'], 'e7'),
      node('Div', ['e7', 'e5'], 'e8'),
      node('Neg', ['e8'], 'e9'),
      node('Add', ['e9', 'wide'], 'e10'),
      node('LogSoftmax', ['e10'], 'e11', { axis: 1 }),
      node('Transpose', ['e11'], 'e12', { perm: [0, 2, 3, 1] }),
      node('Reshape', ['e12'], 'e13', { shape: [0, 4, -1] }),
      node('ReduceMean', ['e13'], 'e14', { axes: [1], keepDims: false }),
      node('Gemm', ['e14', 'fc.w'], 'y'),
    ],
    weights: {
      'c.w': weight([5, 3, 1, 1], 1),
      'c.b': filled([5], 2),
      k: filled([5, 1, 1], 3),
      wide: filled([1, 5, 4, 4], 4),
      'fc.w': weight([4, 20], 5),
    },
  },
}

const stored = ({ shape, data }: Tensor): Stored => ({
  dtype: 'F32',
  shape,
  data: new Uint8Array(Float32Array.from(data).buffer),
})

const N = 3
const LABELS = [1, 3, 0]

const check = async (net: Net, options: Partial<TrainerOptions> = {}): Promise<void> => {
  const graph: Graph = { inputs: [{ name: 'x', shape: [1, ...net.input] }], outputs: ['y'], nodes: net.nodes }
  const tensors = new Map(Object.entries(net.weights))
  const x: Tensor = { shape: [N, ...net.input], data: Float64Array.from(floats(N * size(net.input), 77), Math.fround) }
  const model = { graph, tensors: new Map([...tensors].map(([name, t]) => [name, stored(t)])) }
  const trainers = await Promise.all(
    trainModules.map(module => trainer(model, { optimizer: sgd({ lr: 0 }), batch: 4, ...module, ...options })),
  )
  if (options.recompute) {
    const { memory } = await trainer(model, {
      optimizer: sgd({ lr: 0 }),
      ...trainModules[0]!,
      ...options,
      recompute: false,
    })
    assert.ok(trainers[0]!.memory.arena < memory.arena, 'nothing is computed again')
  }
  const results = trainers.map(t => t.step({ input: Float32Array.from(x.data), labels: LABELS }))

  const { smoothing, classWeights } = options.loss ?? {}
  const last = net.nodes.at(-1)!
  const scores = last.op === 'Softmax' ? last.inputs[0]! : 'y'
  const { parameters } = trainers[0]!
  const trained = new Set(parameters.map(({ name }) => name))
  const isFrozen = ({ inputs }: Node) => options.norm === 'frozen' || !inputs.some(name => trained.has(name))
  const lossOf = (values: ReadonlyMap<string, Tensor>) =>
    crossEntropy(values.get(scores)!, LABELS, smoothing, classWeights)
  const forward = trainForward(graph, new Map([...tensors, ['x', x]]), isFrozen)
  const value = lossOf(forward)
  for (const { loss } of results)
    assert.ok(Math.abs(loss - value) <= 3e-6 * Math.abs(value), `loss ${loss}, should be ${value}`)

  for (const { name } of parameters) {
    const { data } = tensors.get(name)!
    const gradients = trainers.map(t => t.gradient(name))
    const most = gradients[0]!.reduce((a, v) => Math.max(a, Math.abs(v)), 0)
    assert.ok(most > 1e-6, `${name}: no gradient to speak of`)
    // A few of each tensor's numbers.
    const step = Math.max(1, Math.floor(data.length / 3))
    for (let i = 0; i < data.length; i += step) {
      const kept = data[i]!
      const [wanted, doubt] = slope(v => {
        data[i] = v
        return lossOf(trainForward(graph, forward, isFrozen, name))
      }, kept)
      data[i] = kept
      for (const [k, gradient] of gradients.entries()) {
        const near = Math.abs(gradient[i]! - wanted) <= 2e-5 * most + doubt + 1e-9
        assert.ok(near, `${trainModules[k]!.build}: ${name} ${i}: ${gradient[i]}, should be ${wanted} (most ${most})`)
      }
    }
  }
  for (const t of trainers) t.dispose()
}

for (const [name, net] of Object.entries(nets)) test(name, () => check(net))

const residual = nets['residual blocks: batch norm, strides, downsampling, max pool']!
test('computed again instead of kept', () => check(residual, { recompute: true, batch: 16 }))
test('batch norms frozen', () => check(residual, { norm: 'frozen' }))
test('smoothed labels, weighted classes', () =>
  check(residual, { loss: loss({ smoothing: 0.1, classWeights: [1, 2, 0.5, 3, 1] }) }))
test('only the last layers', () => check(residual, { train: ['fc.*', 'c4.*', 'n3.s'] }))

test.run()
