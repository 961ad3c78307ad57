// Operators that slide a window over a map, and Pad.
import type { Attr, Node } from '../../ts/types.js'
import {
  type Builder,
  become,
  type Context,
  computedInput,
  constInput,
  failAt,
  input,
  numberAttr,
  numbersAttr,
  numbersFrom,
  numbersOfConst,
  shapeOfInput,
  step,
  textAttr,
  toAxis,
} from './context.js'
import type { OnnxNode } from './read.js'
import { FAR, isComputed, Lost, refuse } from './values.js'

/** Stride, pad and dilation of a 2-D window, ONNX's defaults filled in. */
const windowAttrs = (node: OnnxNode, kernel: readonly number[]): Record<string, Attr> => {
  if (kernel.length !== 2) refuse(`it is ${kernel.length}-D, only 2-D is supported`)
  const list = (name: string, fallback: readonly number[], least: number) => {
    const v = numbersAttr(node, name) ?? fallback
    if (v.length === fallback.length && v.every(n => Number.isSafeInteger(n) && n >= least)) return v
    return failAt(node, `${name} [${v}] should be ${fallback.length} integers of at least ${least}`)
  }
  const autoPad = textAttr(node, 'auto_pad') ?? 'NOTSET'
  const pads = list('pads', [0, 0, 0, 0], 0)
  const pad = { NOTSET: pads, VALID: [0, 0, 0, 0], SAME_UPPER: 'same_upper', SAME_LOWER: 'same_lower' }[autoPad]
  return {
    kernel: kernel.every(n => Number.isSafeInteger(n) && n > 0)
      ? kernel
      : failAt(node, `kernel [${kernel}] should be positive`),
    stride: list('strides', [1, 1], 1),
    pad: pad ?? failAt(node, `auto_pad "${autoPad}" is unknown`),
    dilation: list('dilations', [1, 1], 1),
  }
}

export const conv: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const weight = constInput(node, 1, 'weight', ctx) ?? failAt(node, 'it has no weight')
  const bias = constInput(node, 2, 'bias', ctx)
  const kernel = weight.shape.slice(2)
  const declared = numbersAttr(node, 'kernel_shape') ?? kernel
  if (`${declared}` !== `${kernel}`)
    failAt(node, `kernel_shape is [${declared}], its weight is ${weight.shape.join('×')}`)
  const groups = numberAttr(node, 'group') ?? 1
  if (!Number.isSafeInteger(groups) || groups < 1) failAt(node, `group ${groups} should be at least 1`)
  const attrs = { ...windowAttrs(node, kernel), groups }
  return become(node, 'Conv', [x, ctx.store(weight), ...(bias ? [ctx.store(bias)] : [])], attrs)
}

/**
 * Padding of a transposed convolution and what its output has more, along one axis. With auto_pad SAME the output is the
 * input times the stride; where the output is given the pads follow from it, an odd one at the end for SAME_UPPER, else at the
 * beginning. A window too small for its output leaves the rest to outputPad.
 */
const spread = (
  missing: number,
  more: number,
  atEnd: boolean,
): readonly [before: number, after: number, more: number] => {
  const total = Math.max(missing, 0)
  const less = Math.floor(total / 2)
  return [atEnd ? less : total - less, atEnd ? total - less : less, more + total - missing]
}

/** ConvTranspose-1, -11, -22. */
export const convTranspose: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const [built] = conv(node, ctx)
  const { kernel, stride, dilation, pad, groups } = built!.attrs as Record<string, readonly number[]>
  const list = (name: string, least: number) => {
    const v = numbersAttr(node, name) ?? []
    const fits = v.every(n => Number.isSafeInteger(n) && n >= least) && (v.length === 0 || v.length === 2)
    return fits ? v : failAt(node, `${name} [${v}] should be 2 integers of at least ${least}`)
  }
  const more = list('output_padding', 0)
  const wanted = list('output_shape', 1)
  const autoPad = textAttr(node, 'auto_pad') ?? 'NOTSET'
  const same = autoPad.startsWith('SAME')
  const axes = [0, 1].map(i => {
    const [step, extra] = [stride![i]!, more[i] ?? 0]
    const extent = (kernel![i]! - 1) * dilation![i]! + 1 + extra
    if (wanted.length === 0 && !same) return [pad![i]!, pad![i + 2]!, extra] as const
    if (wanted.length === 0) return spread(extent - step, extra, autoPad === 'SAME_UPPER')
    const length = shapeOfInput(node, 0, ctx)[i + 2]
    if (typeof length !== 'number') return refuse('its output_shape needs the size of its input, which cannot be told')
    return spread(step * (length - 1) + extent - wanted[i]!, extra, autoPad === 'SAME_UPPER')
  })
  const along = (k: 0 | 1 | 2) => axes.map(axis => axis[k])
  const attrs = {
    kernel: kernel!,
    stride: stride!,
    pad: [...along(0), ...along(1)],
    dilation: dilation!,
    groups: groups!,
  }
  return become(node, 'ConvTranspose', [x, ...built!.inputs.slice(1)], { ...attrs, outputPad: along(2) })
}

/** Channels, depth, height and width of a value with five dimensions, if they are known. */
const volume = (node: OnnxNode, ctx: Context): readonly number[] | undefined => {
  const v = ctx.value(computedInput(node, 0, ctx))
  if (isComputed(v) && v.lost) throw new Lost()
  const dims = isComputed(v) ? v.computed?.slice(1) : undefined
  return dims?.length === 4 && dims.every(n => typeof n === 'number') ? dims : undefined
}

/** One step with height and width taken as one dimension, which it leaves as it is; it makes so many channels. */
const onRows = (
  node: OnnxNode,
  ctx: Context,
  [channels, depth, height, width]: readonly number[],
  made: number,
  attrs: Node['attrs'],
): readonly Node[] => {
  const output = node.outputs[0]!
  const [before, after] = [ctx.unique(`${output}_before`), ctx.unique(`${output}_after`)]
  const shape = (name: string, x: string, y: string, dims: readonly number[]) =>
    step('Reshape', ctx.unique(`${node.name}_${name}`), [x], y, { shape: [0, ...dims] })
  return [
    shape('before', computedInput(node, 0, ctx), before, [channels!, depth!, height! * width!]),
    step(node.op, node.name, [before], after, attrs),
    shape('after', after, output, [made, -1, height!, width!]),
  ]
}

const pool = (node: OnnxNode) => {
  const kernel = numbersAttr(node, 'kernel_shape') ?? failAt(node, 'it has no kernel_shape')
  return { ...windowAttrs(node, kernel), ceil: !!numberAttr(node, 'ceil_mode') }
}

export const maxPool: Builder = (node, ctx) => {
  return become(node, 'MaxPool', [computedInput(node, 0, ctx)], pool(node))
}

/** Also over the depth alone of three axes, as PyTorch writes its local response norm. */
export const averagePool: Builder = (node, ctx) => {
  const list = (name: string, fallback: readonly number[]) => numbersAttr(node, name) ?? fallback
  const [kernel, strides, pads] = [list('kernel_shape', []), list('strides', [1, 1, 1]), list('pads', Array(6).fill(0))]
  const ones = [...kernel.slice(1), ...strides.slice(1), ...list('dilations', [])]
  const still = ones.every(n => n === 1) && [1, 2, 4, 5].every(i => pads[i] === 0)
  const dims = kernel.length === 3 && still ? volume(node, ctx) : undefined
  const change = [
    ['kernel_shape', [kernel[0]!, 1]],
    ['strides', [strides[0]!, 1]],
    ['pads', [pads[0]!, 0, pads[3]!, 0]],
    ['dilations', [1, 1]],
  ] as const
  const flat = dims ? { ...node, attrs: new Map([...node.attrs, ...change]) } : node
  const attrs = { ...pool(flat), includePad: !!numberAttr(node, 'count_include_pad') }
  if (dims) return onRows(node, ctx, dims, dims[0]!, attrs)
  return become(node, 'AveragePool', [computedInput(node, 0, ctx)], attrs)
}

/** GlobalAveragePool and GlobalMaxPool. */
export const globalPool: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const v = ctx.value(x)
  const rank = isComputed(v) ? v.computed?.length : undefined
  if (rank !== undefined && rank !== 4) refuse(`it is ${rank - 2}-D, only 2-D is supported`)
  return become(node, node.op, [x])
}

export const pad: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const mode = textAttr(node, 'mode') ?? 'constant'
  if (mode !== 'constant') refuse(`mode "${mode}" is not supported, only "constant"`)
  const given = numbersFrom(node, 'pads', 1, ctx) ?? failAt(node, 'it has no pads')
  const constant = constInput(node, 2, 'value', ctx)
  const value = constant ? numbersOfConst(constant, 'value')[0] : numberAttr(node, 'value')
  // The graph is kept as JSON, which has no infinity.
  if (value !== undefined && !Number.isFinite(value)) refuse(`it pads with ${value}, only finite values are supported`)

  const axes = input(node, 3, ctx) && numbersFrom(node, 'axes', 3, ctx)
  let pads = given
  if (axes) {
    const rank = shapeOfInput(node, 0, ctx).length
    const full = new Array<number>(2 * rank).fill(0)
    for (const [i, axis] of axes.entries()) {
      full[toAxis(node, axis, rank)] = given[i] ?? 0
      full[toAxis(node, axis, rank) + rank] = given[i + axes.length] ?? 0
    }
    if (given.length !== 2 * axes.length) failAt(node, `pads [${given}] should be ${2 * axes.length} numbers`)
    pads = full
  }
  const v = ctx.value(x)
  const rank = isComputed(v) ? v.computed?.length : undefined
  if (rank !== undefined && pads.length !== 2 * rank) failAt(node, `pads [${pads}] should be ${2 * rank} numbers`)
  const filled = { pads: pads.map(n => Math.max(n, 0)), value: value ?? 0 }
  if (pads.every(n => n >= 0)) {
    const dims = [0, 3, 4, 5, 8, 9].every(i => pads[i] === 0) ? volume(node, ctx) : undefined
    if (!dims || pads.every(n => n === 0)) return become(node, 'Pad', [x], filled)
    const rows = { ...filled, pads: pads.filter((_, i) => i % 5 < 4) }
    return onRows(node, ctx, dims, dims[0]! + pads[1]! + pads[6]!, rows)
  }
  // Negative pads crop.
  const half = pads.length / 2
  const axesCut = [...pads.keys()].filter(d => d < half && (pads[d]! < 0 || pads[d + half]! < 0))
  const cut = {
    starts: axesCut.map(d => Math.max(-pads[d]!, 0)),
    ends: axesCut.map(d => (pads[d + half]! < 0 ? pads[d + half]! : FAR)),
    axes: axesCut,
    steps: axesCut.map(() => 1),
  }
  if (pads.every(n => n <= 0)) return become(node, 'Slice', [x], cut)
  const cropped = ctx.unique(`${node.outputs[0]}_cropped`)
  const crop = step('Slice', ctx.unique(`${node.name}_crop`), [x], cropped, cut)
  return [crop, ...become(node, 'Pad', [cropped], filled)]
}
