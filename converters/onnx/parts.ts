// Operators that put values together, take them apart, or turn them about.
import type { Node } from '../../ts/types.js'
import {
  type Builder,
  become,
  type Context,
  computedInput,
  constInput,
  failAt,
  numberAttr,
  numbersAttr,
  numbersFrom,
  numbersOfConst,
  operands,
  shapeOfInput,
  step,
  toAxis,
} from './context.js'
import type { OnnxNode } from './read.js'
import { type Dim, FAR, refuse } from './values.js'
import { reshapeTo } from './views.js'

/** Axes from the front. The rank is only asked for where an axis counts from the end. */
const frontAxes = (node: OnnxNode, axes: readonly number[], rank: () => number): readonly number[] =>
  axes.some(axis => axis < 0) ? axes.map(axis => toAxis(node, axis, rank())) : axes

export const concat: Builder = (node, ctx) => {
  const names = operands(node, ctx)
  const given = numberAttr(node, 'axis') ?? failAt(node, 'it has no axis')
  // All inputs have the rank of the first that is known.
  const rank = () => {
    const i = node.inputs.findIndex(name => 'computed' in ctx.value(name))
    return shapeOfInput(node, i, ctx).length
  }
  const [axis] = frontAxes(node, [given], rank)
  return names.length === 1 ? become(node, 'Identity', names) : become(node, 'Concat', names, { axis: axis! })
}

const near = (n: number) => Math.min(Math.max(n, -FAR), FAR)

export const slice: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const starts = numbersFrom(node, 'starts', 1, ctx) ?? failAt(node, 'it has no starts')
  const ends = numbersFrom(node, 'ends', 2, ctx) ?? failAt(node, 'it has no ends')
  const given = numbersFrom(node, 'axes', 3, ctx) ?? starts.map((_, i) => i)
  const steps = numbersFrom(node, 'steps', 4, ctx) ?? starts.map(() => 1)
  if ([ends, given, steps].some(list => list.length !== starts.length))
    failAt(node, 'starts, ends, axes and steps differ in length')
  if (steps.includes(0)) failAt(node, 'step 0 goes nowhere')
  const axes = frontAxes(node, given, () => shapeOfInput(node, 0, ctx).length)
  if (new Set(axes).size < axes.length) failAt(node, `axes ${given.join(', ')} name one dimension twice`)
  // An axis of which all is taken is left out, the batch above all.
  const kept = [...axes.keys()].filter(i => starts[i] !== 0 || steps[i] !== 1 || ends[i]! < FAR)
  if (kept.length === 0) return become(node, 'Identity', [x])
  return become(node, 'Slice', [x], {
    starts: kept.map(i => near(starts[i]!)),
    ends: kept.map(i => near(ends[i]!)),
    axes: kept.map(i => axes[i]!),
    steps: kept.map(i => near(steps[i]!)),
  })
}

/** Begins and ends of a Split's parts: as said, or equal ones, of which the last may be smaller. */
export const partsOf = (
  node: OnnxNode,
  size: number,
  sizes: readonly number[] | undefined,
): readonly (readonly [number, number])[] => {
  const count = node.outputs.length
  const declared = numberAttr(node, 'num_outputs') ?? count
  if (declared !== count) failAt(node, `num_outputs is ${declared}, it has ${count} outputs`)
  const each = Math.ceil(size / count)
  const lengths = sizes ?? node.outputs.map((_, i) => Math.min(each, Math.max(0, size - i * each)))
  const whole = lengths.reduce((a, b) => a + b, 0)
  if (lengths.length !== count || whole !== size || lengths.some(n => n < 0))
    failAt(node, `${size} elements are no ${count} parts of ${lengths.join(', ')}`)
  let end = 0
  return lengths.map(n => [end, (end += n)])
}

// Images that are taken apart are those of the file's batch.
const sizeOfDim = (d: Dim, ctx: Context): number => (typeof d === 'number' ? d : d.batches * ctx.batch)

/** A Slice for each output. */
export const split: Builder = (node, ctx) => {
  const dims = shapeOfInput(node, 0, ctx)
  const axis = toAxis(node, numberAttr(node, 'axis') ?? 0, dims.length)
  return partsOf(node, sizeOfDim(dims[axis]!, ctx), numbersFrom(node, 'split', 1, ctx)).flatMap(([start, end], i) => {
    const output = node.outputs[i]
    if (!output) return []
    const name = i === 0 ? node.name : ctx.unique(`${node.name}_${i}`)
    return [step('Slice', name, [node.inputs[0]!], output, { starts: [start], ends: [end], axes: [axis], steps: [1] })]
  })
}

// More pieces than these are no picking of channels.
const MAX_PIECES = 256

/** Runs of neighbours among indices, or all where they lie evenly: [first, last, step]. */
const runsOf = (index: readonly number[]): readonly (readonly [number, number, number])[] => {
  const step = index.length > 1 ? index[1]! - index[0]! : 1
  if (step !== 0 && index.every((n, i) => n === index[0]! + i * step)) return [[index[0]!, index.at(-1)!, step]]
  const runs: [number, number, number][] = []
  for (const n of index) {
    const run = runs.at(-1)
    if (run && n === run[1] + 1) run[1] = n
    else runs.push([n, n, 1])
  }
  return runs
}

/** Slices, put together where the indices are no even row, and a Reshape where they are no list. */
export const gather: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const indices = constInput(node, 1, 'indices', ctx) ?? failAt(node, 'it has no indices')
  const dims = shapeOfInput(node, 0, ctx)
  const axis = toAxis(node, numberAttr(node, 'axis') ?? 0, dims.length)
  const size = sizeOfDim(dims[axis]!, ctx)
  const index = numbersOfConst(indices, 'indices').map(i =>
    i >= -size && i < size ? (i + size) % size : failAt(node, `index ${i} is outside of ${size} elements`),
  )
  const runs = runsOf(index)
  if (index.length === 0) refuse('it makes an empty value')
  if (runs.length > MAX_PIECES) refuse(`it gathers ${runs.length} pieces, at most ${MAX_PIECES} are supported`)

  const made: Node[] = []
  const put = (op: string, inputs: readonly string[], last: boolean, attrs: Node['attrs']): string => {
    const suffix = op.toLowerCase()
    const output = last ? node.outputs[0]! : ctx.unique(`${node.outputs[0]}_${suffix}`)
    made.push(step(op, last ? node.name : ctx.unique(`${node.name}_${suffix}`), inputs, output, attrs))
    return output
  }
  const isList = indices.shape.length === 1
  const pieces = runs.map(([first, last, by]) => {
    // -1 would be the last element.
    const end = last + Math.sign(by) < 0 ? -FAR : last + Math.sign(by)
    const attrs = { starts: [first], ends: [end], axes: [axis], steps: [by] }
    return put('Slice', [x], isList && runs.length === 1, attrs)
  })
  const whole = pieces.length === 1 ? pieces[0]! : put('Concat', pieces, isList, { axis })
  if (isList) return made
  const target = [...dims.slice(0, axis), ...indices.shape, ...dims.slice(axis + 1)]
  return [...made, ...reshapeTo(node, whole, dims.with(axis, index.length), target, ctx)]
}

export const transpose: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const given = numbersAttr(node, 'perm')
  const perm = given ?? shapeOfInput(node, 0, ctx).map((_, d, { length }) => length - 1 - d)
  if (perm.some((_, d) => !perm.includes(d))) failAt(node, `perm ${perm.join(', ')} is no order of dimensions`)
  return become(node, 'Transpose', [x], { perm })
}

const keepsDims = (node: OnnxNode): boolean => !!(numberAttr(node, 'keepdims') ?? 1)

/** What a reduction over no axis is. */
const unreduced = (node: OnnxNode, x: string): readonly Node[] => {
  if (node.op === 'ReduceSumSquare') return become(node, 'Mul', [x, x])
  return become(node, /L[12]$/.test(node.op) ? 'Abs' : 'Identity', [x])
}

/** ReduceMean and its kin. */
export const reduce: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const given = numbersFrom(node, 'axes', 1, ctx) ?? []
  if (given.length === 0 && numberAttr(node, 'noop_with_empty_axes')) return unreduced(node, x)
  const rank = () => shapeOfInput(node, 0, ctx).length
  const axes =
    given.length > 0
      ? frontAxes(node, given, rank).toSorted((a, b) => a - b)
      : shapeOfInput(node, 0, ctx).map((_, d) => d)
  if (new Set(axes).size < axes.length) failAt(node, `axes ${given.join(', ')} name one dimension twice`)
  return become(node, node.op, [x], { axes, keepDims: keepsDims(node) })
}

/** ArgMax and ArgMin. */
export const arg: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const [axis] = frontAxes(node, [numberAttr(node, 'axis') ?? 0], () => shapeOfInput(node, 0, ctx).length)
  const last = !!numberAttr(node, 'select_last_index')
  return become(node, node.op, [x], { axis: axis!, keepDims: keepsDims(node), last })
}
