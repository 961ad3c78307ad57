import { ints, misfit, show } from '../shape.js'
import type { Node } from '../types.js'
import type { Scope } from './op.js'

export type Pair = readonly [number, number]

/** Largest kernel, stride, dilation or pad: more than any map has, and what is counted in loops stays countable. */
const LIMIT = 65535

/** A sliding window over a map: the part of Conv and the pools that decides the output size. */
export interface Window {
  readonly stride: Pair
  readonly dilation: Pair
  /** Top, left, bottom, right. */
  readonly pad: readonly [number, number, number, number]
  /** Output height and width. */
  readonly out: Pair
}

/** The window of a transposed convolution; the padding before it as conv_transposed counts it. */
export interface Spread extends Window {
  readonly offset: Pair
}

/** The four dimensions of input 0, which must be a map. */
export const mapOf = ({ node, shape }: Scope): readonly [n: number, c: number, h: number, w: number] => {
  const x = shape(0)!
  if (x.length !== 4) misfit(node, `needs a map N×C×H×W, input is ${show(x)}`)
  return x as unknown as readonly [number, number, number, number]
}

/** The numbers of a node's window as they are given. */
const numbers = (node: Node, kernel: readonly number[], same = false) => {
  const stride = ints(node, 'stride', [1, 1], 1) as Pair
  const dilation = ints(node, 'dilation', [1, 1], 1) as Pair
  const pad = same ? [] : ints(node, 'pad', [0, 0, 0, 0], 0)
  if (Math.max(...stride, ...dilation, ...pad, ...kernel) > LIMIT) misfit(node, `a window's numbers go up to ${LIMIT}`)
  return [stride, dilation, pad] as const
}

/**
 * The window of a node over an H×W map: out = floor((in + pads − dilation·(kernel − 1) − 1) / stride) + 1, or ceil with
 * `ceil`, where a window that would start in the far padding is dropped. `same_upper`/`same_lower` pads give
 * out = ceil(in / stride), the odd row or column of padding at the end or at the beginning (ONNX Conv-11, MaxPool-12).
 */
export const slide = (node: Node, size: Pair, kernel: Pair): Window => {
  const mode = node.attrs.pad
  const same = mode === 'same_upper' || mode === 'same_lower'
  // A pool over the whole map is as large as the map.
  const [stride, dilation, given] = numbers(node, kernel === size ? [] : kernel, same)
  const axis = (i: 0 | 1): [before: number, after: number, out: number] => {
    const [length, step, reach] = [size[i], stride[i], dilation[i] * (kernel[i] - 1) + 1]
    let [before, after] = [given[i]!, given[i + 2]!]
    if (same) {
      const total = Math.max((Math.ceil(length / step) - 1) * step + reach - length, 0)
      before = (mode === 'same_lower' ? total + 1 : total) >> 1
      after = total - before
    }
    const span = length + before + after
    const steps = (span - reach) / step
    let out = Math.floor(steps) + 1
    if (node.attrs.ceil === true && steps % 1 !== 0 && out * step < length + before) out++
    if (out < 1)
      misfit(
        node,
        `the window spans ${reach} ${i ? 'columns' : 'rows'}, the padded input ${span}; the image may be too small`,
      )
    return [before, after, out]
  }
  const [top, bottom, oh] = axis(0)
  const [left, right, ow] = axis(1)
  return { stride, dilation, pad: [top, left, bottom, right], out: [oh, ow] }
}

/**
 * The window of a transposed convolution: out = stride·(in − 1) + outputPad + dilation·(kernel − 1) + 1 − pads (ONNX
 * ConvTranspose-11), that is the input's size of a convolution with these numbers, whose gradient it is. `pad` are the zeros
 * that conv_transposed wants around its input, `offset` is the padding before as it then counts.
 */
export const spread = (node: Node, size: Pair, kernel: Pair): Spread => {
  const [stride, dilation, given] = numbers(node, kernel)
  const more = ints(node, 'outputPad', [0, 0], 0)
  const axis = (i: 0 | 1) => {
    const [length, last, pad] = [size[i], dilation[i] * (kernel[i] - 1), given[i]!]
    const out = stride[i] * (length - 1) + last + 1 + more[i]! - pad - given[i + 2]!
    if (out < 1) misfit(node, `pads ${given} leave nothing of the output`)
    // A single input meets each output by one tap at most: with the window's reach for its stride, no phase has others.
    const step = length > 1 ? stride[i] : Math.max(stride[i], last + 1)
    const before = Math.max(Math.floor((last - pad) / step), 0)
    const after = Math.max(Math.floor((out - 1 + pad) / step) + 1 - length, 0)
    return [step, before, after, out, pad + before * step] as const
  }
  const [sh, top, bottom, oh, pt] = axis(0)
  const [sw, left, right, ow, pl] = axis(1)
  return { stride: [sh, sw], dilation, pad: [top, left, bottom, right], out: [oh, ow], offset: [pt, pl] }
}
