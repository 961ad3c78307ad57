// Shapes of what canonical nodes make, with the batch left open: enough to fold `Shape`. Whether shapes fit is checked at load.
import type { Node } from '../../ts/types.js'
import { cut, type Dim, divide, plus, product, sameDim } from './values.js'

type Dims = readonly Dim[]
/** `undefined`: cannot be told. Inputs are those of the node, absent or unknown ones `undefined`. */
type Infer = (attrs: Node['attrs'], inputs: readonly (Dims | undefined)[]) => Dims | undefined

const same: Infer = (_, [x]) => x

const numbers = (v: Node['attrs'][string] | undefined): readonly number[] => v as readonly number[]

/** Pixels that a window yields along one axis. */
const windows = (attrs: Node['attrs'], axis: 0 | 1, size: Dim | undefined): number | undefined => {
  if (typeof size !== 'number') return undefined
  const stride = numbers(attrs.stride)[axis]!
  const extent = (numbers(attrs.kernel)[axis]! - 1) * numbers(attrs.dilation)[axis]! + 1
  if (typeof attrs.pad === 'string') return Math.ceil(size / stride)
  const [before, after] = [numbers(attrs.pad)[axis]!, numbers(attrs.pad)[axis + 2]!]
  const steps = (size + before + after - extent) / stride
  // As the runtime's `slide`: with ceil a window may begin in the map and end beyond it, but not begin beyond.
  const whole = Math.floor(steps) + 1
  const count = attrs.ceil && steps % 1 !== 0 && whole * stride < size + before ? whole + 1 : whole
  return count > 0 ? count : undefined
}

/**
 * The pads with which a pool has the same windows without `ceil`, on a map of this shape; undefined where `ceil` drops no window that
 * begins beyond the map: ONNX's own ceil_mode says the rest.
 */
export const padsWithoutCeil = (attrs: Node['attrs'], x: Dims | undefined): readonly number[] | undefined => {
  const axes = ([0, 1] as const).map(axis => {
    const [size, stride] = [x?.[axis + 2], numbers(attrs.stride)[axis]!]
    const count = typeof attrs.pad === 'string' ? undefined : windows(attrs, axis, size)
    if (typeof size !== 'number' || count === undefined) return undefined
    const [before, after] = [numbers(attrs.pad)[axis]!, numbers(attrs.pad)[axis + 2]!]
    const extent = (numbers(attrs.kernel)[axis]! - 1) * numbers(attrs.dilation)[axis]! + 1
    // What the last window lacks; below 0, what begins behind it.
    const missing = (count - 1) * stride + extent - (before + size + after)
    return { before, after: after + Math.max(missing, 0), dropped: missing < 0 }
  })
  const [rows, columns] = axes
  if (!attrs.ceil || !rows || !columns || !(rows.dropped || columns.dropped)) return undefined
  return [rows.before, columns.before, rows.after, columns.after]
}

const windowed = (attrs: Node['attrs'], x: Dims | undefined, channels: Dim | undefined): Dims | undefined => {
  if (x?.length !== 4) return undefined
  const [h, w] = [windows(attrs, 0, x[2]), windows(attrs, 1, x[3])]
  return channels === undefined || h === undefined || w === undefined ? undefined : [x[0]!, channels, h, w]
}

const pooled: Infer = (attrs, [x]) => windowed(attrs, x, x?.[1])

const spread: Infer = (attrs, [x, weight]) => {
  const { kernel, stride, pad, dilation, outputPad, groups } = attrs
  if (x?.length !== 4 || typeof weight?.[1] !== 'number') return undefined
  const size = (axis: 0 | 1): number | undefined => {
    const [length, pads] = [x[axis + 2], numbers(pad)[axis]! + numbers(pad)[axis + 2]!]
    const extent = (numbers(kernel)[axis]! - 1) * numbers(dilation)[axis]! + 1
    if (typeof length !== 'number') return undefined
    const count = numbers(stride)[axis]! * (length - 1) + extent + numbers(outputPad)[axis]! - pads
    return count > 0 ? count : undefined
  }
  return complete([x[0], weight[1] * (groups as number), size(0), size(1)])
}

const complete = (dims: readonly (Dim | undefined)[]): Dims | undefined =>
  dims.every(d => d !== undefined) ? (dims as Dims) : undefined

const broadcast: Infer = (_, [a, b]) => {
  if (!a || !b) return undefined
  const rank = Math.max(a.length, b.length)
  return complete(
    Array.from({ length: rank }, (_, d) => {
      const [m, n] = [a[d - rank + a.length] ?? 1, b[d - rank + b.length] ?? 1]
      return sameDim(m, n) || n === 1 ? m : m === 1 ? n : undefined
    }),
  )
}

const matMul: Infer = (attrs, [a, b]) => {
  const outer = broadcast(attrs, [a?.slice(0, -2), b?.slice(0, -2)])
  return outer && complete([...outer, a!.at(-2), b!.at(-1)])
}

const flatten: Infer = ({ axis }, [x]) =>
  x && complete([product(x.slice(0, axis as number)), product(x.slice(axis as number))])

const pad: Infer = ({ pads }, [x]) =>
  x &&
  complete(
    x.map((size, d) => {
      const more = numbers(pads)[d]! + numbers(pads)[d + x.length]!
      return more === 0 ? size : typeof size === 'number' ? size + more : undefined
    }),
  )

const reshape: Infer = ({ shape }, [x]) => {
  const target = numbers(shape)
  if (!x) return target.every(n => n > 0) ? target : undefined
  const dims = target.map((n, d) => (n === 0 ? x[d] : n))
  const rest = complete(dims.filter(d => d !== -1))
  const [total, known] = [product(x), rest && product(rest)]
  if (!rest || total === undefined || known === undefined) return undefined
  const inferred = divide(total, known)
  return complete(dims.map(d => (d === -1 ? inferred : d)))
}

const concat: Infer = ({ axis }, inputs) => {
  const [first] = inputs
  if (!first || inputs.some(x => x?.length !== first.length)) return undefined
  const total = inputs
    .map(x => x![axis as number]!)
    .reduce<Dim | undefined>((a, b) => (a === undefined ? a : plus(a, b)), 0)
  return complete(first.map((d, i) => (i === axis ? total : d)))
}

const slice: Infer = ({ starts, ends, axes, steps }, [x]) =>
  x &&
  complete(
    x.map((size, d) => {
      const i = numbers(axes).indexOf(d)
      if (i < 0) return size
      if (typeof size !== 'number') return undefined
      return cut(size, numbers(starts)[i]!, numbers(ends)[i]!, numbers(steps)[i]!).length
    }),
  )

const transpose: Infer = ({ perm }, [x]) =>
  x?.length === numbers(perm).length ? numbers(perm).map(d => x[d]!) : undefined

const reduce: Infer = ({ axes, keepDims }, [x]) =>
  x &&
  (keepDims ? x.map((d, i) => (numbers(axes).includes(i) ? 1 : d)) : x.filter((_, i) => !numbers(axes).includes(i)))

const resize: Infer = ({ scales, sizes }, [x]) => {
  if (x?.length !== 4) return undefined
  const scaled = (d: Dim, i: number) => typeof d === 'number' && Math.floor(Math.fround(d * numbers(scales)[i]!))
  const [h, w] = sizes ? numbers(sizes) : x.slice(2).map(scaled)
  return h && w ? [x[0]!, x[1]!, h, w] : undefined
}

const globalPool: Infer = (_, [x]) => (x?.length === 4 ? [x[0]!, x[1]!, 1, 1] : undefined)

const infer: Readonly<Record<string, Infer>> = {
  Abs: same,
  Add: broadcast,
  ArgMax: ({ axis, keepDims }, inputs) => reduce({ axes: [axis as number], keepDims: keepDims! }, inputs),
  ArgMin: ({ axis, keepDims }, inputs) => reduce({ axes: [axis as number], keepDims: keepDims! }, inputs),
  AveragePool: pooled,
  BatchNormalization: same,
  Ceil: same,
  Clip: same,
  Concat: concat,
  Conv: (attrs, [x, weight]) => windowed(attrs, x, weight?.[0]),
  ConvTranspose: spread,
  Div: broadcast,
  Dropout: same,
  Elu: same,
  Erf: same,
  Exp: same,
  Flatten: flatten,
  Floor: same,
  Gelu: same,
  Gemm: (_, [x, weight]) => x && weight && [...x.slice(0, -1), weight[0]!],
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  HardSigmoid: same,
  HardSwish: same,
  Identity: same,
  InstanceNormalization: same,
  LRN: same,
  LeakyRelu: same,
  LogSoftmax: same,
  MatMul: matMul,
  Max: broadcast,
  MaxPool: pooled,
  Min: broadcast,
  Mul: broadcast,
  Neg: same,
  PRelu: same,
  Pad: pad,
  Pow: broadcast,
  Reciprocal: same,
  ReduceL1: reduce,
  ReduceL2: reduce,
  ReduceMax: reduce,
  ReduceMean: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceSum: reduce,
  ReduceSumSquare: reduce,
  Relu: same,
  Reshape: reshape,
  Resize: resize,
  Round: same,
  Sigmoid: same,
  Sign: same,
  Slice: slice,
  Softmax: same,
  Softplus: same,
  Sqrt: same,
  Sub: broadcast,
  Tanh: same,
  Transpose: transpose,
}

/** Shape of the node's output. A fraction of a pixel means that shapes do not fit, which is for `load` to say. */
export const inferShape = (node: Node, inputs: readonly (Dims | undefined)[]): Dims | undefined => {
  const dims = infer[node.op]?.(node.attrs, inputs)
  return dims?.every(d => Number.isSafeInteger(typeof d === 'number' ? d : d.batches)) ? dims : undefined
}
