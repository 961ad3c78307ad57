// Operators that only look at their input in another shape, and Softmax, whose old form does so too.
import type { Node } from '../../ts/types.js'
import {
  type Builder,
  become,
  computedInput,
  constInput,
  dimsOfList,
  failAt,
  numberAttr,
  numbersOfConst,
  shapeOfInput,
  toAxis,
} from './context.js'
import { type Dim, divide, isComputed, product, refuse, sameDim } from './values.js'

const ONE_BATCH = { batches: 1 }
const isBatch = (d: Dim | undefined) => d !== undefined && sameDim(d, ONE_BATCH)

export const flatten: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const axis = numberAttr(node, 'axis') ?? 1
  if (axis >= 0) return become(node, 'Flatten', [x], { axis })
  const rank = shapeOfInput(node, 0, ctx).length
  return become(node, 'Flatten', [x], { axis: toAxis(node, axis, rank) })
}

export const reshape: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const target = constInput(node, 1, 'shape', ctx) ?? failAt(node, 'it has no shape')
  const v = ctx.value(x)
  const from = isComputed(v) ? v.computed : undefined
  let dims = Array.from(dimsOfList(target, 'shape'))
  const zero = dims.indexOf(0)
  if (zero >= 0 && numberAttr(node, 'allowzero')) refuse('it makes an empty value (allowzero=1)')
  const odd = dims.find(d => typeof d === 'number' && (!Number.isSafeInteger(d) || d < -1))
  if (odd !== undefined) failAt(node, `shape [${dims.join(', ')}] is impossible`)

  // The batch stays open: where it stands in its place it is copied, also when the exporter wrote it as a number.
  dims = dims.map((d, i) => {
    const copies = isBatch(from?.[i]) && (isBatch(d) || (i === 0 && d === ctx.batch))
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

export const softmax: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const old = ctx.opset < 13
  const given = numberAttr(node, 'axis') ?? (old ? 1 : -1)
  if (!old && given >= 0) return become(node, 'Softmax', [x], { axis: given })
  const dims = shapeOfInput(node, 0, ctx)
  const axis = toAxis(node, given, dims.length)
  if (!old || dims.slice(axis + 1).every(d => d === 1)) return become(node, 'Softmax', [x], { axis })
  // Before opset 13 all dimensions from the axis on were one.
  const [flat, done] = [ctx.unique(`${node.outputs[0]}_flat`), ctx.unique(`${node.outputs[0]}_softmax`)]
  const shape = dims.map((d, i) =>
    i === 0 ? (axis === 1 ? 0 : -1) : typeof d === 'number' ? d : refuse('its batch is not in front'),
  )
  const step = (op: string, suffix: string, from: string, to: string, attrs: Node['attrs']): Node => ({
    op,
    name: suffix ? ctx.unique(node.name + suffix) : node.name,
    inputs: [from],
    outputs: [to],
    attrs,
  })
  return [
    step('Flatten', '_flatten', x, flat, { axis }),
    step('Softmax', '', flat, done, { axis: 1 }),
    step('Reshape', '_reshape', done, node.outputs[0]!, { shape }),
  ]
}

export const dropout: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const given = constInput(node, 1, 'ratio', ctx)
  const rate = (given ? numbersOfConst(given, 'ratio')[0] : numberAttr(node, 'ratio')) ?? 0.5
  if (!(rate >= 0 && rate <= 1)) failAt(node, `ratio ${rate} should be between 0 and 1`)
  return become(node, 'Dropout', [x], { rate })
}

/** An operator of one input and no attributes. */
export const plain: Builder = (node, ctx) => become(node, node.op, [computedInput(node, 0, ctx)])
