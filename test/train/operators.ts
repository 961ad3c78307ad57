// The operators of test/golden/training.py in convlet's terms: from the value `h`, mostly a map 6×5, to the value `y`.
import type { Attr, Node } from '../../ts/types.js'
import { node } from '../graphs.js'

type Attrs = Readonly<Record<string, Attr>>

const conv = (more: Attrs = {}, bias = true): Node[] => [
  node('Conv', ['h', 'w', ...(bias ? ['b'] : [])], 'y', {
    ...{ kernel: [3, 3], stride: [1, 1], pad: [0, 0, 0, 0], dilation: [1, 1], groups: 1 },
    ...more,
  }),
]
const pool = (op: string, kernel: number, stride: number, more: Attrs = {}): Node[] => [
  node(op, ['h'], 'y', {
    ...{ kernel: [kernel, kernel], stride: [stride, stride], pad: [0, 0, 0, 0], dilation: [1, 1], ceil: false },
    ...more,
  }),
]
const one = (op: string, attrs: Attrs = {}, x = 'h'): Node[] => [node(op, [x], 'y', attrs)]
const two = (op: string, a: string, b: string): Node[] => [node(op, [a, b], 'y')]
const flat = node('Flatten', ['h'], 'f', { axis: 1 })
const norm = (x = 'h') => node('BatchNormalization', [x, 's', 't', 'm', 'v'], 'y', { epsilon: 1e-3 })
/** 4 · h, to get to both ends of a function. */
const four = [node('Add', ['h', 'h'], 'h2'), node('Add', ['h2', 'h2'], 'h4')]
const pads = (n: number) => ({ pad: [n, n, n, n] })
const to = 2 ** 31 - 1

export const operators: Readonly<Record<string, readonly Node[]>> = {
  Conv: conv(),
  'Conv: 1×1': conv({ kernel: [1, 1] }),
  'Conv: 5×5, pads': conv({ kernel: [5, 5], ...pads(2) }),
  'Conv: 3×3, pads, wide': conv(pads(1)),
  'Conv: 3×3, a map for Winograd': conv(pads(1)),
  'Conv: 5×5, a map for Winograd': conv({ kernel: [5, 5], ...pads(2) }),
  'Conv: stride 2': conv({ stride: [2, 2], ...pads(1) }),
  'Conv: strides 3 and 2, pads all different': conv({ kernel: [4, 3], stride: [3, 2], pad: [2, 0, 1, 3] }),
  'Conv: dilation 2': conv({ dilation: [2, 2], ...pads(2) }),
  'Conv: dilation 2 and stride 2': conv({ dilation: [1, 2], stride: [2, 2], ...pads(2) }),
  'Conv: groups': conv({ groups: 3, ...pads(1) }),
  'Conv: groups, stride and dilation': conv({ groups: 2, stride: [2, 2], dilation: [2, 2], ...pads(2) }, false),
  'Conv: depthwise': conv({ groups: 8, ...pads(1) }),
  'Conv: depthwise, stride 2': conv({ groups: 7, stride: [2, 2], ...pads(1) }),
  'Conv: depthwise, dilation 2': conv({ groups: 5, dilation: [2, 2], ...pads(2) }),
  'Conv: depthwise, two outputs each': conv({ groups: 4, ...pads(1) }),
  'Conv: rows': conv({ kernel: [1, 3], pad: [0, 1, 0, 1] }),
  Gemm: [flat, node('Gemm', ['f', 'w', 'b'], 'y')],
  'Gemm without bias, of features': [
    node('GlobalAveragePool', ['h'], 'g'),
    node('Flatten', ['g'], 'f', { axis: 1 }),
    node('Gemm', ['f', 'w'], 'y'),
  ],
  MaxPool: pool('MaxPool', 2, 2),
  'MaxPool: overlapping, pads': pool('MaxPool', 3, 2, pads(1)),
  'MaxPool: ceil': pool('MaxPool', 2, 2, { ceil: true }),
  'MaxPool: dilation': pool('MaxPool', 2, 1, { dilation: [2, 2] }),
  AveragePool: pool('AveragePool', 2, 2, { includePad: false }),
  'AveragePool: pads not counted': pool('AveragePool', 3, 2, { ...pads(1), includePad: false }),
  'AveragePool: pads counted': pool('AveragePool', 3, 2, { ...pads(1), includePad: true }),
  'AveragePool: ceil': pool('AveragePool', 3, 3, { ceil: true, includePad: false }),
  'AveragePool: ceil, pads counted': pool('AveragePool', 3, 3, { ceil: true, ...pads(1), includePad: true }),
  GlobalAveragePool: one('GlobalAveragePool'),
  GlobalMaxPool: one('GlobalMaxPool'),
  BatchNormalization: [norm()],
  'BatchNormalization: frozen': [norm()],
  'BatchNormalization of features': [flat, norm('f')],
  LRN: one('LRN', { size: 3, alpha: 0.5, beta: 0.75, bias: 1 }),
  'LRN: a window wider than the channels': one('LRN', { size: 15, alpha: 0.5, beta: 0.6, bias: 2 }),
  Relu: one('Relu'),
  LeakyRelu: one('LeakyRelu', { alpha: 0.1 }),
  PRelu: two('PRelu', 'h', 'a'),
  Clip: one('Clip', { min: -0.25, max: 0.5 }),
  'Clip: ReLU6': [...four, node('Add', ['h4', 'h4'], 'h8'), ...one('Clip', { min: 0, max: 6 }, 'h8')],
  Tanh: one('Tanh'),
  Sigmoid: one('Sigmoid'),
  HardSwish: [...four, ...one('HardSwish', {}, 'h4')],
  HardSigmoid: [...four, ...one('HardSigmoid', { alpha: 1 / 6, beta: 0.5 }, 'h4')],
  Elu: one('Elu', { alpha: 0.7 }),
  Gelu: one('Gelu', { tanh: false }),
  'Gelu: tanh': one('Gelu', { tanh: true }),
  Softplus: one('Softplus'),
  'Exp, Sqrt, Neg, Abs': [
    node('Exp', ['h'], 'e'),
    node('Sqrt', ['e'], 'r'),
    node('Neg', ['r'], 'n'),
    node('Add', ['n', 'k'], 'p'),
    ...one('Abs', {}, 'p'),
  ],
  Softmax: one('Softmax', { axis: 1 }),
  'Softmax of features': [flat, ...one('Softmax', { axis: 1 }, 'f')],
  LogSoftmax: one('LogSoftmax', { axis: 1 }),
  'Add: a number per channel': two('Add', 'h', 'k'),
  'Add: one number for all': two('Add', 'h', 'k'),
  'Add: a row': two('Add', 'h', 'k'),
  'Add: itself': two('Add', 'h', 'h'),
  Sub: two('Sub', 'k', 'h'),
  Mul: two('Mul', 'h', 'k'),
  'Mul: a map by its means': [node('GlobalAveragePool', ['h'], 'g'), ...two('Mul', 'h', 'g')],
  'Mul: itself': two('Mul', 'h', 'h'),
  Div: two('Div', 'h', 'v'),
  'Div: by a map': [node('Exp', ['h'], 'e'), ...two('Div', 'k', 'e')],
  Concat: [node('Tanh', ['h'], 'a'), node('Relu', ['h'], 'b'), node('Concat', ['h', 'a', 'b'], 'y', { axis: 1 })],
  'Concat along the rows': [node('Tanh', ['h'], 'a'), node('Concat', ['h', 'a'], 'y', { axis: 2 })],
  Slice: one('Slice', { starts: [1, 0], ends: [to, -1], axes: [2, 3], steps: [2, 1] }),
  'Slice of channels': one('Slice', { starts: [1], ends: [4], axes: [1], steps: [1] }),
  Pad: one('Pad', { pads: [0, 0, 0, 1, 0, 0, 1, 2], value: 0.5 }),
  'Pad: channels': one('Pad', { pads: [0, 2, 0, 0, 0, 1, 0, 0], value: 0 }),
  'Pad: negative': one('Pad', { pads: [0, 0, 1, -1, 0, 0, -2, 0], value: 0 }),
  'Transpose, Reshape': [
    node('Transpose', ['h'], 'p', { perm: [0, 3, 1, 2] }),
    node('Tanh', ['p'], 'a'),
    ...one('Reshape', { shape: [0, 5, -1] }, 'a'),
  ],
  ReduceMean: one('ReduceMean', { axes: [2], keepDims: false }),
  ReduceSum: [node('ReduceSum', ['h'], 'r', { axes: [1, 3], keepDims: true }), ...two('Mul', 'r', 'r')],
}
