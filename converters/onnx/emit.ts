// Canonical operators → ONNX operators of opset 13. Where the two differ no more than in how attributes are kept, names stay.
import type { Node } from '../../ts/types.js'
import { padsWithoutCeil } from './shapes.js'
import { type Dim, refuse } from './values.js'

/** An attribute of the type that ONNX wants. */
export type OutAttr =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string }

export interface OutNode {
  readonly op: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly attrs: Readonly<Record<string, OutAttr>>
}

/** What emitters may ask of the file that is being written. */
export interface Emitter {
  /** `undefined` where it cannot be told. */
  shape(value: string): readonly Dim[] | undefined
  /** The name itself where nothing has it yet, else one made from it. */
  unique(name: string): string
  /** Adds a constant and gives its name: a list of whole numbers, one float, or a list of them. */
  ints(name: string, numbers: readonly number[]): string
  float(name: string, number: number): string
  floats(name: string, numbers: readonly number[]): string
  /** A weight `[out, in]` as `[in, out]`. */
  turned(weight: string): string
}

type Emit = (node: Node, out: Emitter) => readonly OutNode[]
type Attrs = OutNode['attrs']

// Graphs come from files, and only a run asks for all attributes.
const number = (v: unknown): number =>
  typeof v === 'number' || typeof v === 'boolean' ? Number(v) : refuse('an attribute is missing, or is no number')
const numbers = (v: unknown): readonly number[] =>
  Array.isArray(v) ? v : refuse('an attribute is missing, or is no list of numbers')

const int = (v: unknown): OutAttr => ({ int: number(v) })
const text = (v: unknown): OutAttr => ({ text: `${v}` })
const float = (v: unknown): OutAttr => ({ float: number(v) })
const ints = (v: unknown): OutAttr => ({ ints: numbers(v) })

const one = (node: Node, inputs: readonly string[], attrs: Attrs = {}, op = node.op): readonly OutNode[] => [
  { op, name: node.name, inputs, output: node.outputs[0]!, attrs },
]

const plain: Emit = node => one(node, node.inputs)

/** Takes the attributes over, each by its type. */
const withAttrs =
  (types: Readonly<Record<string, (v: unknown) => OutAttr>>): Emit =>
  node =>
    one(
      node,
      node.inputs,
      Object.fromEntries(Object.entries(types).map(([name, type]) => [name, type(node.attrs[name])])),
    )

const windowed = ({ attrs: { kernel, stride, pad } }: Node): Attrs => ({
  kernel_shape: ints(kernel),
  strides: ints(stride),
  ...(typeof pad === 'string' ? { auto_pad: { text: pad.toUpperCase() } } : { pads: ints(pad) }),
})

const convolved = (node: Node): Attrs => ({
  ...windowed(node),
  dilations: ints(node.attrs.dilation),
  group: int(node.attrs.groups),
})

const conv: Emit = node => one(node, node.inputs, convolved(node))

const convTranspose: Emit = node =>
  one(node, node.inputs, { ...convolved(node), output_padding: ints(node.attrs.outputPad) })

/** Of a last window that lies wholly in the padding, and is dropped, onnxruntime-web knows nothing: without ceil_mode there is none. */
const pooled = (node: Node, out: Emitter): Attrs => {
  const attrs = { ...windowed(node), ceil_mode: int(node.attrs.ceil) }
  const pads = padsWithoutCeil({ dilation: [1, 1], ...node.attrs }, out.shape(node.inputs[0] ?? ''))
  // More padding would count as pixels where padding does.
  if (!pads || (node.attrs.includePad && `${pads}` !== `${node.attrs.pad}`)) return attrs
  return { ...attrs, pads: ints(pads), ceil_mode: int(0) }
}

const maxPool: Emit = (node, out) =>
  one(node, node.inputs, { ...pooled(node, out), dilations: ints(node.attrs.dilation) })

const averagePool: Emit = (node, out) => {
  if (/[^1,]/.test(`${node.attrs.dilation}`)) refuse('ONNX has dilated average pools from opset 19 on only')
  return one(node, node.inputs, { ...pooled(node, out), count_include_pad: int(node.attrs.includePad) })
}

/** Steps of a decomposition: the last makes the node's output under the node's name. */
const steps = (node: Node, out: Emitter) => {
  const made: OutNode[] = []
  const step = (suffix: string, op: string, inputs: readonly string[], attrs: Attrs = {}): string => {
    const name = suffix ? out.unique(`${node.name}_${suffix}`) : node.name
    const output = suffix ? out.unique(`${node.outputs[0]}_${suffix}`) : node.outputs[0]!
    made.push({ op, name, inputs, output, attrs })
    return output
  }
  return { made, step, constant: (suffix: string, n: number) => out.float(`${node.name}_${suffix}`, n) }
}

/** ONNX's Gemm takes two dimensions; for more there is MatMul, which keeps its weight the other way round. */
const gemm: Emit = (node, out) => {
  const [x = '', weight = '', bias] = node.inputs
  if (out.shape(x)?.length === 2) return one(node, node.inputs, { transB: int(1) })
  const right = out.turned(weight)
  if (!bias) return one(node, [x, right], {}, 'MatMul')
  const { made, step } = steps(node, out)
  step('', 'Add', [step('product', 'MatMul', [x, right]), bias])
  return made
}

/** Opset 20 has a Gelu. Until then as PyTorch exports it. */
const gelu: Emit = (node, out) => {
  const [x = ''] = node.inputs
  const { made, step, constant } = steps(node, out)
  const [half, unit] = [constant('half', 0.5), constant('one', 1)]
  let inner: string
  if (node.attrs.tanh) {
    const cube = step('cube', 'Mul', [step('square', 'Mul', [x, x]), x])
    const sum = step('sum', 'Add', [x, step('bend', 'Mul', [cube, constant('cubic', 0.044715)])])
    inner = step('tanh', 'Tanh', [step('scaled', 'Mul', [sum, constant('scale', Math.sqrt(2 / Math.PI))])])
  } else inner = step('erf', 'Erf', [step('scaled', 'Div', [x, constant('scale', Math.SQRT2)])])
  step('', 'Mul', [step('gated', 'Mul', [x, step('gate', 'Add', [inner, unit])]), half])
  return made
}

/** x · HardSigmoid(x) with its slope of 1/6: opset 14 has it as one. */
const hardSwish: Emit = (node, out) => {
  const [x = ''] = node.inputs
  const { made, step } = steps(node, out)
  step('', 'Mul', [x, step('gate', 'HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) })])
  return made
}

const clip: Emit = (node, out) => {
  const { min, max } = node.attrs
  const limit = (name: string, v: unknown) => (v === undefined ? '' : out.float(`${node.name}_${name}`, number(v)))
  const inputs = [...node.inputs, limit('min', min), limit('max', max)]
  while (inputs.at(-1) === '') inputs.pop()
  return one(node, inputs)
}

const lists = (node: Node, out: Emitter, ...names: readonly string[]): string[] =>
  names.map(name => out.ints(`${node.name}_${name}`, numbers(node.attrs[name])))

const slice: Emit = (node, out) => one(node, [...node.inputs, ...lists(node, out, 'starts', 'ends', 'axes', 'steps')])
const reshape: Emit = (node, out) => one(node, [...node.inputs, ...lists(node, out, 'shape')])

const pad: Emit = (node, out) => {
  const value = out.float(`${node.name}_value`, number(node.attrs.value ?? 0))
  return one(node, [...node.inputs, ...lists(node, out, 'pads'), value], { mode: { text: 'constant' } })
}

const dropout: Emit = (node, out) =>
  one(node, [...node.inputs, out.float(`${node.name}_ratio`, number(node.attrs.rate))])

const reduce: Emit = node => one(node, node.inputs, { axes: ints(node.attrs.axes), keepdims: int(node.attrs.keepDims) })

const reduceSum: Emit = (node, out) =>
  one(node, [...node.inputs, ...lists(node, out, 'axes')], { keepdims: int(node.attrs.keepDims) })

const resize: Emit = (node, out) => {
  const { mode, coordinates, rounding, scales, sizes } = node.attrs
  const [x = ''] = node.inputs
  const attrs = {
    mode: text(mode),
    coordinate_transformation_mode: text(coordinates),
    ...(rounding !== undefined && { nearest_mode: text(rounding) }),
  }
  if (scales !== undefined)
    return one(node, [x, '', out.floats(`${node.name}_scales`, [1, 1, ...numbers(scales)])], attrs)
  // The batch is open: its size, and the channels, are the input's.
  const { made, step } = steps(node, out)
  const [from, to] = [out.ints(`${node.name}_from`, [0]), out.ints(`${node.name}_to`, [2])]
  const front = step('front', 'Slice', [step('shape', 'Shape', [x]), from, to])
  const all = step('sizes', 'Concat', [front, out.ints(`${node.name}_size`, numbers(sizes))], { axis: { int: 0 } })
  step('', 'Resize', [x, '', '', all], attrs)
  return made
}

/** ONNX's places are integers, and convlet's are floats. */
const place: Emit = (node, out) => {
  const { axis, keepDims, last } = node.attrs
  const { made, step } = steps(node, out)
  const attrs = { axis: int(axis), keepdims: int(keepDims), select_last_index: int(last) }
  step('', 'Cast', [step('place', node.op, node.inputs, attrs)], { to: { int: 1 } })
  return made
}

/** Every canonical operator: the table of ts/types.ts. */
export const emitters: Readonly<Record<string, Emit>> = {
  Abs: plain,
  Add: plain,
  ArgMax: place,
  ArgMin: place,
  AveragePool: averagePool,
  BatchNormalization: withAttrs({ epsilon: float }),
  Ceil: plain,
  Clip: clip,
  Concat: withAttrs({ axis: int }),
  Conv: conv,
  ConvTranspose: convTranspose,
  Div: plain,
  Dropout: dropout,
  Elu: withAttrs({ alpha: float }),
  Erf: plain,
  Exp: plain,
  Flatten: withAttrs({ axis: int }),
  Floor: plain,
  Gelu: gelu,
  Gemm: gemm,
  GlobalAveragePool: plain,
  GlobalMaxPool: plain,
  HardSigmoid: withAttrs({ alpha: float, beta: float }),
  HardSwish: hardSwish,
  Identity: plain,
  InstanceNormalization: withAttrs({ epsilon: float }),
  LRN: withAttrs({ size: int, alpha: float, beta: float, bias: float }),
  LeakyRelu: withAttrs({ alpha: float }),
  LogSoftmax: withAttrs({ axis: int }),
  MatMul: plain,
  Max: plain,
  MaxPool: maxPool,
  Min: plain,
  Mul: plain,
  Neg: plain,
  PRelu: plain,
  Pad: pad,
  Pow: plain,
  Reciprocal: plain,
  ReduceL1: reduce,
  ReduceL2: reduce,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSum: reduceSum,
  ReduceSumSquare: reduce,
  Relu: plain,
  Reshape: reshape,
  Resize: resize,
  Round: plain,
  Sigmoid: plain,
  Sign: plain,
  Slice: slice,
  Softmax: withAttrs({ axis: int }),
  Softplus: plain,
  Sqrt: plain,
  Sub: plain,
  Tanh: plain,
  Transpose: withAttrs({ perm: ints }),
}
