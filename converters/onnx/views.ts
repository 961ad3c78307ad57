// Operators that only look at their input in another shape, and the softmaxes, whose old form does so too.
import type { Node } from '../../ts/types.js'
import {
  type Builder,
  become,
  type Context,
  computedInput,
  constInput,
  dimsOfList,
  failAt,
  numberAttr,
  numbersFrom,
  numbersOfConst,
  shapeOfInput,
  step,
  toAxis,
} from './context.js'
import type { OnnxNode } from './read.js'
import { type Dim, divide, floatBytes, isComputed, product, refuse, sameDim } from './values.js'

const ONE_BATCH = { batches: 1 }
const isBatch = (d: Dim | undefined) => d !== undefined && sameDim(d, ONE_BATCH)

export const flatten: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const axis = numberAttr(node, 'axis') ?? 1
  if (axis >= 0) return become(node, 'Flatten', [x], { axis })
  const rank = shapeOfInput(node, 0, ctx).length
  return become(node, 'Flatten', [x], { axis: toAxis(node, axis, rank) })
}

/** A Reshape of `x`, which has the shape `from`, to `target`, in which 0 copies the input's dimension and -1 is inferred. */
export const reshapeTo = (
  node: OnnxNode,
  x: string,
  from: readonly Dim[] | undefined,
  target: readonly Dim[],
  ctx: Context,
): readonly Node[] => {
  // The batch stays open: where it stands in its place it is copied, also when the exporter wrote it as a number.
  const asNumber = target.some(isBatch) ? undefined : ctx.batch
  let dims = target.map((d, i) => {
    const copies = isBatch(from?.[i]) && (isBatch(d) || (i === 0 && d === asNumber))
    return copies ? 0 : d
  })
  const total = from && product(from)
  const rest = (skip: (d: Dim, i: number) => boolean) =>
    product(dims.map((d, i) => (skip(d, i) ? 1 : d === 0 && from ? from[i]! : d)))
  // Only one dimension can be inferred; let it be the one that goes with the batch.
  if (total !== undefined && dims.some(d => typeof d !== 'number')) {
    const others = rest(d => d === -1)
    const inferred = others === undefined ? undefined : divide(total, others)
    if (inferred !== undefined) dims = dims.map(d => (d === -1 ? inferred : d))
  }
  // A shape all of numbers fits the file's batch only; if its front grows with the batch it fits every batch.
  if (typeof total === 'object' && typeof dims[0] === 'number' && dims[0] > 0 && !dims.includes(-1)) {
    const others = rest((_, i) => i === 0)
    const fits = typeof others === 'number' && Number.isInteger(total.batches / others)
    if (fits && total.batches * ctx.batch === others * dims[0]) dims = [-1, ...dims.slice(1)]
  }
  const shape = dims.map(d => (typeof d === 'number' ? d : -1))
  if (shape.filter(d => d === -1).length > 1) refuse('more than one dimension of its shape depends on the batch')
  return become(node, 'Reshape', [x], { shape })
}

export const reshape: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const target = constInput(node, 1, 'shape', ctx) ?? failAt(node, 'it has no shape')
  const dims = Array.from(dimsOfList(target, 'shape'))
  if (dims.includes(0) && numberAttr(node, 'allowzero')) refuse('it makes an empty value (allowzero=1)')
  const odd = dims.find(d => typeof d === 'number' && (!Number.isSafeInteger(d) || d < -1))
  if (odd !== undefined) failAt(node, `shape [${dims.join(', ')}] is impossible`)
  const v = ctx.value(x)
  const from = isComputed(v) ? v.computed : undefined
  const rank = from?.length ?? dims.length
  if (dims.lastIndexOf(0) >= rank) failAt(node, `dimension ${dims.lastIndexOf(0)} has nothing to copy`)
  return reshapeTo(node, x, from, dims, ctx)
}

export const squeeze: Builder = (node, ctx) => {
  const dims = shapeOfInput(node, 0, ctx)
  const axes = numbersFrom(node, 'axes', 1, ctx)?.map(axis => toAxis(node, axis, dims.length))
  const sizeAt = (axis: number) => (isBatch(dims[axis]) ? ctx.batch : dims[axis])
  const odd = axes?.find(axis => sizeAt(axis) !== 1)
  if (odd !== undefined) failAt(node, `dimension ${odd} is no 1 that could go`)
  // Without axes all ones go, but for the batch, which may be larger another time.
  const rest = dims.filter((d, i) => (axes ? !axes.includes(i) : d !== 1))
  return reshapeTo(node, node.inputs[0]!, dims, rest, ctx)
}

export const unsqueeze: Builder = (node, ctx) => {
  const from = shapeOfInput(node, 0, ctx)
  const rest = [...from]
  const axes = numbersFrom(node, 'axes', 1, ctx) ?? failAt(node, 'it has no axes')
  const rank = rest.length + axes.length
  const at = axes.map(axis => toAxis(node, axis, rank))
  if (new Set(at).size < at.length) failAt(node, `axes ${axes.join(', ')} name one dimension twice`)
  const dims = Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!))
  return reshapeTo(node, node.inputs[0]!, from, dims, ctx)
}

/** Softmax and LogSoftmax. */
export const softmax: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const old = ctx.opset < 13
  const given = numberAttr(node, 'axis') ?? (old ? 1 : -1)
  if (!old && given >= 0) return become(node, node.op, [x], { axis: given })
  const dims = shapeOfInput(node, 0, ctx)
  const axis = toAxis(node, given, dims.length)
  if (!old || dims.slice(axis + 1).every(d => d === 1)) return become(node, node.op, [x], { axis })
  // Before opset 13 all dimensions from the axis on were one.
  const [flat, done] = [
    ctx.unique(`${node.outputs[0]}_flat`),
    ctx.unique(`${node.outputs[0]}_${node.op.toLowerCase()}`),
  ]
  const shape = dims.map((d, i) =>
    i === 0 ? (axis === 1 ? 0 : -1) : typeof d === 'number' ? d : refuse('its batch is not in front'),
  )
  return [
    step('Flatten', ctx.unique(`${node.name}_flatten`), [x], flat, { axis }),
    step(node.op, node.name, [flat], done, { axis: 1 }),
    step('Reshape', ctx.unique(`${node.name}_reshape`), [done], node.outputs[0]!, { shape }),
  ]
}

export const dropout: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const given = constInput(node, 1, 'ratio', ctx)
  const rate = (given ? numbersOfConst(given, 'ratio')[0] : numberAttr(node, 'ratio')) ?? 0.5
  if (!(rate >= 0 && rate <= 1)) failAt(node, `ratio ${rate} should be between 0 and 1`)
  const made = node.outputs[0] ? become(node, 'Dropout', [x], { rate }) : []
  const mask = node.outputs[1]
  if (!mask) return made
  // What stays, which at inference is everything: x⁰ is 1 whatever x is.
  const zero = ctx.store({
    name: ctx.unique(`${mask}_zero`),
    shared: false,
    dtype: 'F32',
    shape: [],
    data: floatBytes([0]),
  })
  return [...made, step('Pow', ctx.unique(`${node.name}_mask`), [x, zero], mask)]
}
