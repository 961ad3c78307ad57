import { ConvletError } from './error.js'
import type { Node, Shape } from './types.js'

export const size = (shape: Shape): number => shape.reduce((product, d) => product * d, 1)

/** `1×3×224×224`, as messages and tables show shapes. */
export const show = (shape: Shape): string => (shape.length === 0 ? 'scalar' : shape.join('×'))

export const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i])

/** `Conv "layer1.0.conv1"`, as messages name a node. */
export const title = (node: Node): string => `${node.op} "${node.name}"`

export const shapeError = (node: Node, fact: string): ConvletError =>
  new ConvletError('SHAPE', `${title(node)}: ${fact}`)

const graphError = (node: Node, fact: string): ConvletError => new ConvletError('GRAPH', `${title(node)}: ${fact}`)

// Largest integer a kernel may be handed.
const MAX = 2 ** 31 - 1

/** An attribute that is a list of integers, as many as the default has unless that is empty, none below `least`. */
export const integers = (node: Node, name: string, fallback: readonly number[], least: number): readonly number[] => {
  const value = node.attrs[name] ?? fallback
  const fits = (v: unknown): boolean => Number.isInteger(v) && (v as number) >= least && (v as number) <= MAX
  if (Array.isArray(value) && value.every(fits) && (fallback.length === 0 || value.length === fallback.length))
    return value
  const count = fallback.length === 0 ? '' : `${fallback.length} `
  throw graphError(node, `${name} must be ${count}integers of at least ${least}, is ${JSON.stringify(value)}.`)
}

/** An attribute that is one integer, not below `least`. */
export const integer = (node: Node, name: string, fallback: number, least: number): number =>
  integers({ ...node, attrs: { [name]: [node.attrs[name] ?? fallback] as number[] } }, name, [fallback], least)[0]!

/** An attribute that is one number of any kind. */
export const real = (node: Node, name: string, fallback: number): number => {
  const value = node.attrs[name] ?? fallback
  if (typeof value !== 'number') throw graphError(node, `${name} must be a number, is ${JSON.stringify(value)}.`)
  return value
}

/** Shapes aligned at their last dimensions, every 1 stretched: numpy's rule. */
export const broadcast = (node: Node, a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const p = a[i - rank + a.length] ?? 1
    const q = b[i - rank + b.length] ?? 1
    if (p !== q && p !== 1 && q !== 1)
      throw shapeError(node, `${show(a)} and ${show(b)} do not broadcast: dimension ${i} is ${p} against ${q}.`)
    return p === 1 ? q : p
  })
}

/** A sliding window over a map: the part of Conv and the pools that decides the output size. */
export interface Window {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pad: readonly [number, number, number, number]
  /** Output height and width. */
  readonly out: readonly [number, number]
}

type Pair = readonly [number, number]

/**
 * The window of a node over an H×W map: out = floor((in + pads − dilation·(kernel − 1) − 1) / stride) + 1, or ceil with
 * `ceil`, where a window that would start in the far padding is dropped. `same_upper`/`same_lower` pads give
 * out = ceil(in / stride), the odd row or column of padding at the end or at the beginning (ONNX Conv-11, MaxPool-12).
 */
export const slide = (node: Node, h: number, w: number, kernel: Pair): Window => {
  const stride = integers(node, 'stride', [1, 1], 1) as Pair
  const dilation = integers(node, 'dilation', [1, 1], 1) as Pair
  const pad = node.attrs.pad
  const given = pad === 'same_upper' || pad === 'same_lower' ? pad : integers(node, 'pad', [0, 0, 0, 0], 0)
  const ceil = node.attrs.ceil === true
  const axis = (i: 0 | 1, length: number): [before: number, after: number, out: number] => {
    const reach = dilation[i] * (kernel[i] - 1) + 1
    if (typeof given === 'string') {
      const out = Math.ceil(length / stride[i])
      const total = Math.max((out - 1) * stride[i] + reach - length, 0)
      const small = total >> 1
      return given === 'same_upper' ? [small, total - small, out] : [total - small, small, out]
    }
    const [before, after] = [given[i]!, given[i + 2]!]
    const steps = (length + before + after - reach) / stride[i]
    let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1
    if (ceil && (out - 1) * stride[i] >= length + before) out--
    if (steps < 0)
      throw shapeError(
        node,
        `the window reaches over ${reach} ${i === 0 ? 'rows' : 'columns'}, the padded input has ${length + before + after} ` +
          `(${length} + ${before} + ${after}). Is the image too small for this network?`,
      )
    return [before, after, out]
  }
  const [top, bottom, oh] = axis(0, h)
  const [left, right, ow] = axis(1, w)
  return { kernel, stride, dilation, pad: [top, left, bottom, right], out: [oh, ow] }
}

/** The four dimensions of a map, or an error that says what came instead. */
export const map4 = (node: Node, x: Shape): readonly [n: number, c: number, h: number, w: number] => {
  if (x.length !== 4)
    throw shapeError(node, `needs a map of 4 dimensions (batch, channels, height, width), input is ${show(x)}.`)
  return x as unknown as readonly [number, number, number, number]
}
