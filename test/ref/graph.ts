// A canonical graph run node by node with the references, each number with how far single precision may be from it.
import type { Graph, Node, Shape } from '../../ts/types.js'
import { U } from '../bounds.js'
import { type Approx, corners, exact, list, most, type Op, real, rounding, sum } from './approx.js'
import { conv, convTranspose, gemm, matMul, type Transposed } from './conv.js'
import * as each from './eltwise.js'
import { concat, pad, permute, slice } from './layout.js'
import { batchNorm, batchNormSizes, instanceNorm, instanceNormBound, lrn } from './norm.js'
import { inPhases } from './phases.js'
import { avgPool, globalAvgPool, globalMaxPool, maxPool, type Sliding } from './pool.js'
import { reducing } from './reducing.js'
import { type Resizing, resize } from './resize.js'
import { logSoftmax, softmax } from './softmax.js'
import { abs, map, size, type Tensor } from './tensor.js'
import { largestTile, winogradFits, winogradSizes, winogradSteps } from './winograd.js'

/** A sum of products: the inputs' errors times the weights, and the roundings. */
const linear =
  (
    run: (node: Node, x: Tensor, w: Tensor, b: Tensor | undefined) => Tensor,
    terms: (node: Node, w: Shape) => number = (_node, w) => size(w.slice(1)),
  ): Op =>
  (node, [x, w, b]) => {
    const k = terms(node, w!.value.shape)
    const carried = run(node, x!.error, abs(w!.value), undefined)
    const sizes = run(node, x!.parts ?? most(x!), abs(w!.value), b && abs(b.value))
    const roundings = k + (x!.parts ? 9 : 3)
    return { value: run(node, x!.value, w!.value, b?.value), error: sum(carried, rounding(roundings, sizes)), terms: k }
  }

/** An operator that moves numbers, or picks among them. */
const moving =
  (run: (node: Node, x: Tensor) => Tensor): Op =>
  (node, [x]) => ({ value: run(node, x!.value), error: run(node, x!.error), terms: 0 })

const averaging =
  (run: (node: Node, x: Tensor) => Tensor): Op =>
  (node, [x]) => {
    const taps = size((node.attrs.kernel as readonly number[]) ?? x!.value.shape.slice(2))
    return {
      value: run(node, x!.value),
      error: sum(run(node, x!.error), rounding(taps + 2, run(node, most(x!)))),
      terms: 0,
    }
  }

/** A function no steeper than `slope`, good to 4 units in the last place, or `least`. */
const curve =
  (run: (x: Tensor) => Tensor, slope: number, least = 0): Op =>
  (_node, [x]) => {
    const value = run(x!.value)
    const error = map(x!.error, (e, i) => slope * e + 8 * U * (Math.abs(value.data[i]!) + e) + least)
    return { value, error, terms: 0 }
  }

const softmaxOp: Op = (node, [x]) => {
  const axis = node.attrs.axis as number
  const value = softmax(x!.value, axis)
  // Scores off by e change e^x by a factor of e^e, the sum as well; their own rounding is the kernel's bound.
  const off = 2 * Math.max(...x!.error.data)
  const relative = Math.expm1(off) + Math.exp(off) * (2 * 88 + x!.value.shape[axis]! + 16) * U
  return { value, error: map(value, v => v * relative + 2 ** -125), terms: 0 }
}

const logSoftmaxOp: Op = (node, [x]) => {
  const axis = node.attrs.axis as number
  const value = logSoftmax(x!.value, axis)
  const off = 2 * Math.max(...x!.error.data)
  const log = (2 * 88 + x!.value.shape[axis]! + 16) * U
  return { value, error: map(value, v => off + log + 2 * U * (Math.abs(v) + off)), terms: 0 }
}

const batchNormOp: Op = (node, [x, ...factors]) => {
  const vectors = factors.map(factor => factor!.value)
  const epsilon = node.attrs.epsilon as number
  const plain = vectors.map((v, i) =>
    i % 2 ? map(v, i === 1 ? () => 0 : Math.abs) : map(v, i === 0 ? Math.abs : () => 0),
  )
  const error = sum(batchNormSizes(x!.error, plain, epsilon), rounding(12, batchNormSizes(most(x!), vectors, epsilon)))
  const parts = batchNormSizes(most(x!), vectors, epsilon)
  return { value: batchNorm(x!.value, vectors, epsilon), error, terms: 0, parts }
}

const addOp: Op = (_node, [a, b]) => {
  // As a bias or residual it takes part in the roundings of the sum before it.
  const n = Math.max(a!.terms, b!.terms) + 3
  const error = sum(each.add(a!.error, b!.error), rounding(n, each.add(most(a!), most(b!))))
  return { value: each.add(a!.value, b!.value), error, terms: 0 }
}

/** ONNX Flatten-13 and Reshape-14: the same numbers, another shape. */
const reshaped = (node: Node, shape: readonly number[]): readonly number[] => {
  if (node.op === 'Flatten') {
    const axis = (node.attrs.axis as number) ?? 1
    return [size(shape.slice(0, axis)), size(shape.slice(axis))]
  }
  const target = (node.attrs.shape as readonly number[]).map((d, i) => (d === 0 ? shape[i]! : d))
  return target.map(d => (d === -1 ? size(shape) / -size(target) : d))
}

const view: Op = (node, [x]) => {
  const shape = reshaped(node, x!.value.shape)
  return { value: { ...x!.value, shape }, error: { ...x!.error, shape }, terms: 0 }
}

const window = (node: Node) => node.attrs as unknown as Sliding

const direct = linear((node, x, w, b) => conv(x, w, b, window(node)))

/** Any way of computing it is right, with a stride that in phases too. */
const convOp: Op = (node, inputs) => {
  const result = direct(node, inputs)
  const [x, w] = inputs as [Approx, Approx]
  const { stride: [s, other] = [1, 1], dilation = [1, 1] } = window(node)
  if (((node.attrs.groups as number) ?? 1) !== 1 || s !== other || Math.max(...dilation) > 1) return result
  const whole = { x: most(x), w: abs(w.value) }
  const form = s > 1 ? inPhases(whole.x, whole.w, window(node)) : whole
  if (!winogradFits(form.w, {})) return result
  // The sizes of larger tiles bound those of smaller ones (test/ops/winograd.test.ts).
  const more = rounding(
    winogradSteps(form.x.shape[1]!),
    winogradSizes(form.x, form.w, s > 1 ? {} : window(node), largestTile(form.w)),
  )
  return { ...result, error: sum(result.error, more) }
}

const ops: Readonly<Record<string, Op>> = {
  ...reducing,
  Abs: corners((_node, x) => each.abs(x!), 0),
  Add: addOp,
  AveragePool: averaging((node, x) => avgPool(x, window(node))),
  BatchNormalization: batchNormOp,
  Ceil: corners((_node, x) => each.ceil(x!), 0),
  Clip: corners((node, x) => each.clip(x!, node.attrs.min as number, node.attrs.max as number), 0),
  Concat: (node, xs) => {
    const axis = real(node, 'axis')
    const along = (part: 'value' | 'error') =>
      concat(
        xs.map(x => x![part]),
        axis,
      )
    return { value: along('value'), error: along('error'), terms: 0 }
  },
  Conv: convOp,
  ConvTranspose: linear(
    (node, x, w, b) => convTranspose(x, w, b, node.attrs as unknown as Transposed),
    (node, w) => size(w) / w[1]! / ((node.attrs.groups as number) ?? 1),
  ),
  Div: corners((_node, a, b) => each.div(a!, b!), 1),
  Dropout: (_node, [x]) => x!,
  Elu: corners((node, x) => each.elu(x!, real(node, 'alpha')), 8),
  Erf: corners((_node, x) => each.erfs(x!), 8),
  Exp: corners((_node, x) => each.exp(x!), 10),
  Flatten: view,
  // Its promise: 1.2e-7 of x.
  Floor: corners((_node, x) => each.floor(x!), 0),
  Gelu: corners(
    ({ attrs }, x) => (attrs.tanh ? each.geluTanh(x!) : each.gelu(x!)),
    20,
    x => Math.abs(x) * 1.2e-7,
  ),
  Gemm: linear((_node, x, w, b) => gemm(x, w, b)),
  GlobalAveragePool: averaging((_node, x) => globalAvgPool(x)),
  GlobalMaxPool: moving((_node, x) => globalMaxPool(x)),
  HardSigmoid: corners(
    (node, x) => each.hardSigmoid(x!, real(node, 'alpha'), real(node, 'beta')),
    2,
    () => 4 * U,
  ),
  HardSwish: corners(
    (_node, x) => each.hardSwish(x!),
    5,
    x => Math.abs(x) * 2 * U,
  ),
  Identity: (_node, [x]) => x!,
  InstanceNormalization: ({ attrs }, [x, scale, bias]) => {
    const vectors = [scale!.value, bias!.value, attrs.epsilon as number] as const
    const error = instanceNormBound(x!.value, x!.error, ...vectors)
    return { value: instanceNorm(x!.value, ...vectors), error, terms: 0 }
  },
  LRN: corners(
    (node, x) => lrn(x!, real(node, 'size'), real(node, 'alpha'), real(node, 'beta'), real(node, 'bias')),
    40,
  ),
  LeakyRelu: corners((node, x) => each.leakyRelu(x!, real(node, 'alpha')), 1),
  LogSoftmax: logSoftmaxOp,
  MatMul: (_node, [a, b]) => {
    const k = a!.value.shape.at(-1)!
    const carried = sum(matMul(a!.error, most(b!)), matMul(most(a!), b!.error))
    const error = sum(carried, rounding(k + 3, matMul(most(a!), most(b!))))
    return { value: matMul(a!.value, b!.value), error, terms: 0 }
  },
  Max: corners((_node, a, b) => each.max(a!, b!), 0),
  MaxPool: moving((node, x) => maxPool(x, window(node))),
  Min: corners((_node, a, b) => each.min(a!, b!), 0),
  Mul: corners((_node, a, b) => each.mul(a!, b!), 1),
  Neg: corners((_node, x) => each.neg(x!), 0),
  PRelu: corners((_node, a, b) => each.prelu(a!, b!), 1),
  Pad: (node, [x]) => {
    const pads = node.attrs.pads as readonly number[]
    return { value: pad(x!.value, pads, node.attrs.value as number), error: pad(x!.error, pads), terms: 0 }
  },
  Pow: corners((_node, a, b) => each.pow(a!, b!), 4),
  Reciprocal: corners((_node, x) => each.reciprocal(x!), 1),
  Relu: (_node, [x]) => ({ value: each.relu(x!.value), error: x!.error, terms: 0 }),
  Reshape: view,
  Resize: ({ attrs }, [x]) => {
    const how = attrs as unknown as Resizing
    const size = how.mode === 'linear' ? Math.max(...most(x!).data) : 0
    const value = resize(x!.value, how)
    return { value, error: map(resize(x!.error, how), e => e + 16 * U * size), terms: 0 }
  },
  Round: corners((_node, x) => each.round(x!), 0),
  Sigmoid: curve(each.sigmoid, 1 / 4, 2 ** -125),
  Sign: corners((_node, x) => each.sign(x!), 0),
  Slice: moving((node, x) =>
    slice(x, list(node, 'starts'), list(node, 'ends'), list(node, 'axes'), list(node, 'steps')),
  ),
  Softmax: softmaxOp,
  Softplus: corners((_node, x) => each.softplus(x!), 12),
  Sqrt: corners((_node, x) => each.sqrt(x!), 1),
  Sub: corners((_node, a, b) => each.sub(a!, b!), 1),
  Tanh: curve(each.tanh, 1),
  Transpose: moving((node, x) => permute(x, list(node, 'perm'))),
}

/** Every value of the graph, from its inputs and its tensors. */
export const interpret = (
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  tensors: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Approx> => {
  const values = new Map([...inputs, ...tensors].map(([name, value]) => [name, exact(value)]))
  for (const node of graph.nodes)
    values.set(
      node.outputs[0]!,
      ops[node.op]!(
        node,
        node.inputs.map(name => (name === '' ? undefined : values.get(name))),
      ),
    )
  return values
}
