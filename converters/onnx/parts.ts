// Operators that put values together, take them apart, or turn them about.
import {
  type Builder,
  become,
  computedInput,
  failAt,
  numberAttr,
  numbersAttr,
  numbersFrom,
  operands,
  shapeOfInput,
  step,
  toAxis,
} from './context.js'
import type { OnnxNode } from './read.js'

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

// What exporters write for "to the end" is beyond the integers of JSON.
const FAR = 2 ** 31 - 1
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

/** A Slice for each output. */
export const split: Builder = (node, ctx) => {
  const dims = shapeOfInput(node, 0, ctx)
  const axis = toAxis(node, numberAttr(node, 'axis') ?? 0, dims.length)
  const found = dims[axis]!
  // Images that are taken apart are those of the file's batch.
  const size = typeof found === 'number' ? found : found.batches * ctx.batch
  return partsOf(node, size, numbersFrom(node, 'split', 1, ctx)).flatMap(([start, end], i) => {
    const output = node.outputs[i]
    if (!output) return []
    const name = i === 0 ? node.name : ctx.unique(`${node.name}_${i}`)
    return [step('Slice', name, [node.inputs[0]!], output, { starts: [start], ends: [end], axes: [axis], steps: [1] })]
  })
}

export const transpose: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const given = numbersAttr(node, 'perm')
  const perm = given ?? shapeOfInput(node, 0, ctx).map((_, d, { length }) => length - 1 - d)
  if (perm.some((_, d) => !perm.includes(d))) failAt(node, `perm ${perm.join(', ')} is no order of dimensions`)
  return become(node, 'Transpose', [x], { perm })
}

export const reduceMean: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const given = numbersFrom(node, 'axes', 1, ctx) ?? []
  if (given.length === 0 && numberAttr(node, 'noop_with_empty_axes')) return become(node, 'Identity', [x])
  const rank = () => shapeOfInput(node, 0, ctx).length
  const axes =
    given.length > 0
      ? frontAxes(node, given, rank).toSorted((a, b) => a - b)
      : shapeOfInput(node, 0, ctx).map((_, d) => d)
  if (new Set(axes).size < axes.length) failAt(node, `axes ${given.join(', ')} name one dimension twice`)
  return become(node, 'ReduceMean', [x], { axes, keepDims: !!(numberAttr(node, 'keepdims') ?? 1) })
}
