import { ints, misfit, show } from '../shape.js'
import type { Node, Shape } from '../types.js'
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

/** The four dimensions of input 0, which must be a map. */
export const mapOf = ({ node, shape }: Scope): readonly [n: number, c: number, h: number, w: number] => {
  const x = shape(0)!
  if (x.length !== 4) misfit(node, `needs a map N×C×H×W, input is ${show(x)}`)
  return x as unknown as readonly [number, number, number, number]
}

/** The numbers of a node's window as they are given. */
export const numbers = (node: Node, kernel: readonly number[], same = false) => {
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

/** Refuses weights that do not fit a map of x by a convolution's groups: so many channels they expect. */
export const checkWeight = (node: Node, x: Shape, w: Shape, expected: number, groups: number): void => {
  if (w.length !== 4) misfit(node, `weight must have 4 dimensions, is ${show(w)}`)
  if (x[1] !== expected)
    misfit(
      node,
      `weight expects ${expected} channels, input has ${x[1]} (x ${show(x)}, w ${show(w)}); the input must be NCHW`,
    )
  if (w[0]! % groups) misfit(node, `${w[0]} channels do not divide into ${groups} groups`)
}

/** The address of n maps H×W×C with their padding around them; without any they stay where they are, at x. */
export const padded = (
  { scratch, call }: Scope,
  x: number,
  [n, c, h, w]: ReturnType<typeof mapOf>,
  [top, left, bottom, right]: Window['pad'],
): number => {
  const [ih, iw] = [h + top + bottom, w + left + right]
  if (ih === h && iw === w) return x
  const copy = scratch(n * ih * iw * c)
  // A row at a time: pixel by pixel the copy of 224² pixels of 3 channels takes 450 µs instead of 20.
  call('pad', copy, x, n, h, 1, w * c, n, ih, 1, iw * c, 0, top, 0, left * c, 0)
  return copy
}
