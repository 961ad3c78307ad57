import { gamma } from '../bounds.js'
import { get, type Tensor, tensor } from './tensor.js'

/** What becomes of all numbers along some axes, in order; no axes: all of them. */
export const reduce = (
  x: Tensor,
  axes: readonly number[],
  keepDims: boolean,
  f: (values: readonly number[]) => number,
): Tensor => {
  const gone = x.shape.map((_, d) => axes.length === 0 || axes.includes(d))
  const over = x.shape.map((n, d) => (gone[d] ? n : 1))
  const kept = tensor(
    x.shape.map((n, d) => (gone[d] ? 1 : n)),
    index => {
      const values: number[] = []
      tensor(over, inner => {
        values.push(
          get(
            x,
            index.map((i, d) => i + inner[d]!),
          ),
        )
        return 0
      })
      return f(values)
    },
  )
  return keepDims ? kept : { ...kept, shape: kept.shape.filter((_, d) => !gone[d]) }
}

type Values = readonly number[]

const sum = (values: Values): number => values.reduce((a, b) => a + b, 0)
const squares = (values: Values): number => sum(values.map(v => v * v))

/** ONNX ReduceMean-18, ReduceSum-13, ReduceMax-20, ReduceMin-20 (a NaN wins), ReduceProd-18, ReduceL1-18, ReduceL2-18, ReduceSumSquare-18. */
export const reductions = {
  ReduceMean: (values: Values): number => sum(values) / values.length,
  ReduceSum: sum,
  ReduceMax: (values: Values): number => values.reduce((a, b) => Math.max(a, b)),
  ReduceMin: (values: Values): number => values.reduce((a, b) => Math.min(a, b)),
  ReduceProd: (values: Values): number => values.reduce((a, b) => a * b, 1),
  ReduceL1: (values: Values): number => sum(values.map(Math.abs)),
  ReduceL2: (values: Values): number => Math.sqrt(squares(values)),
  ReduceSumSquare: squares,
}

/** ONNX ArgMax-13 and, with sign −1, ArgMin-13: the first of the largest, or the last; a NaN is larger than any. */
export const place = (values: Values, sign: number, last: boolean): number => {
  const order = [...values.keys()]
  if (last) order.reverse()
  let best = order[0]!
  for (const i of order) {
    const [v, b] = [values[i]! * sign, values[best]! * sign]
    if (v > b || (Number.isNaN(v) && !Number.isNaN(b))) best = i
  }
  return best
}

type Bound = (values: Values, errors: Values, found: number) => number

const most = (values: Values, errors: Values): number[] => values.map((v, i) => Math.abs(v) + errors[i]!)
const summed: Bound = (values, errors) => sum(errors) + gamma(values.length + 8) * sum(most(values, errors))

/** How far single precision may be from `found`, in whatever order, where each number may be off by its error. */
export const reductionBounds: Readonly<Record<keyof typeof reductions, Bound>> = {
  ReduceMean: (values, errors) => summed(values, errors, 0) / values.length,
  ReduceSum: summed,
  ReduceMax: (_values, errors) => Math.max(...errors),
  ReduceMin: (_values, errors) => Math.max(...errors),
  ReduceProd: (values, errors, found) => {
    const reached = reductions.ReduceProd(most(values, errors))
    return reached - Math.abs(found) + gamma(values.length + 2) * reached
  },
  ReduceL1: summed,
  ReduceL2: (values, errors, found) => {
    const off = Math.sqrt(squares(errors))
    return off + gamma(values.length + 8) * (found + off)
  },
  ReduceSumSquare: (values, errors, found) => {
    const reached = squares(most(values, errors))
    return reached - found + gamma(values.length + 8) * reached
  },
}

/** How far the place may be off: to any that may be the best. */
export const placeBound =
  (sign: number): Bound =>
  (values, errors, found) => {
    const sure = Math.max(...values.map((v, i) => v * sign - errors[i]!))
    return Math.max(...values.map((v, i) => (v * sign + errors[i]! >= sure ? Math.abs(i - found) : 0)))
  }
