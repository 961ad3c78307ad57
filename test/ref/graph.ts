// A canonical graph run node by node with the references, each number with how far single precision may be from it.
import type { Graph, Node } from '../../ts/types.js'
import { gamma, TINY, U } from '../bounds.js'
import { conv, gemm } from './conv.js'
import { add, relu, sigmoid, tanh } from './eltwise.js'
import { pad } from './layout.js'
import { avgPool, globalAvgPool, maxPool, type Sliding } from './pool.js'
import { softmax } from './softmax.js'
import { abs, map, size, type Tensor } from './tensor.js'

export interface Approx {
  readonly value: Tensor
  /** Largest distance of a computed element from `value`, whatever was fused and in whatever order sums were made. */
  readonly error: Tensor
  /** Length of the sum that an element is, if a following Add may become part of it. */
  readonly terms: number
}

type Op = (node: Node, inputs: readonly (Approx | undefined)[]) => Approx

export const exact = (value: Tensor): Approx => ({ value, error: map(value, () => 0), terms: 0 })

const sum = (...parts: readonly Tensor[]): Tensor =>
  parts.reduce((a, b) => ({ shape: a.shape, data: a.data.map((v, i) => v + b.data[i]!) }))

/** The largest size that each number may really have. */
const most = ({ value, error }: Approx): Tensor => sum(abs(value), error)

/** What n roundings of numbers of these sizes amount to. */
const rounding = (n: number, sizes: Tensor): Tensor => map(sizes, v => gamma(n) * v + n * TINY)

/** A sum of products: the inputs' errors times the weights, and the roundings. */
const linear =
  (run: (node: Node, x: Tensor, w: Tensor, b: Tensor | undefined) => Tensor): Op =>
  (node, [x, w, b]) => {
    const k = size(w!.value.shape.slice(1))
    const carried = run(node, x!.error, abs(w!.value), undefined)
    const sizes = run(node, most(x!), abs(w!.value), b && abs(b.value))
    return { value: run(node, x!.value, w!.value, b?.value), error: sum(carried, rounding(k + 3, sizes)), terms: k }
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

const addOp: Op = (_node, [a, b]) => {
  // As a bias or residual it takes part in the roundings of the sum before it.
  const n = Math.max(a!.terms, b!.terms) + 3
  const error = sum(add(a!.error, b!.error), rounding(n, add(most(a!), most(b!))))
  return { value: add(a!.value, b!.value), error, terms: 0 }
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

const ops: Readonly<Record<string, Op>> = {
  Add: addOp,
  AveragePool: averaging((node, x) => avgPool(x, window(node))),
  Conv: linear((node, x, w, b) => conv(x, w, b, window(node))),
  Dropout: (_node, [x]) => x!,
  Flatten: view,
  Gemm: linear((_node, x, w, b) => gemm(x, w, b)),
  GlobalAveragePool: averaging((_node, x) => globalAvgPool(x)),
  Identity: (_node, [x]) => x!,
  MaxPool: moving((node, x) => maxPool(x, window(node))),
  Pad: (node, [x]) => {
    const pads = node.attrs.pads as readonly number[]
    return { value: pad(x!.value, pads, node.attrs.value as number), error: pad(x!.error, pads), terms: 0 }
  },
  Relu: (_node, [x]) => ({ value: relu(x!.value), error: x!.error, terms: 0 }),
  Reshape: view,
  Sigmoid: curve(sigmoid, 1 / 4, 2 ** -125),
  Softmax: softmaxOp,
  Tanh: curve(tanh, 1),
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
