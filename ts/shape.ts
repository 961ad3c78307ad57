import { fail } from './error.js'
import type { Node, Shape } from './types.js'

export const size = (shape: Shape): number => shape.reduce((product, d) => product * d, 1)

/** `1×3×224×224`, as messages and tables show shapes. */
export const show = (shape: Shape): string => shape.join('×') || 'a scalar'

/** `Conv "layer1.0.conv1"`, as messages name a node. */
export const title = (node: Node): string => `${node.op} "${node.name}"`

/** Throws what is wrong with a node's shapes. */
export const misfit = (node: Node, fact: string): never => fail('SHAPE', `${title(node)}: ${fact}`)

const attribute = <T>(node: Node, name: string, value: T, fits: boolean, wanted: string): T =>
  fits ? value : fail('GRAPH', `${title(node)}: ${name} must be ${wanted}, is ${value}`)

/** An attribute: integers of at least `least`, as many as the default has unless that is empty; one may stand without a list. */
export const ints = (node: Node, name: string, fallback: readonly number[], least: number): readonly number[] => {
  const value = [node.attrs[name] ?? fallback].flat() as readonly number[]
  const count = fallback.length
  // The largest integer that a kernel can be handed.
  const fits = value.every(v => Number.isInteger(v) && v >= least && v < 2 ** 31) && (!count || value.length === count)
  return attribute(node, name, value, fits, `${count || 'some'} integers from ${least} to 2^31 − 1`)
}

/** An attribute that is one integer. */
export const int = (node: Node, name: string, fallback: number, least: number): number =>
  ints(node, name, [fallback], least)[0]!

/** The attribute `axis`: one of the dimensions of a shape, or of so many places. */
export const axisOf = (node: Node, shape: Shape, places = shape.length): number => {
  const axis = int(node, 'axis', 1, 0)
  return axis < places ? axis : misfit(node, `axis ${axis} is beyond ${show(shape)}`)
}

/** An attribute that is one number of any kind, in the single precision of the kernels. */
export const real = (node: Node, name: string, fallback: number): number => {
  const value = node.attrs[name] ?? fallback
  return Math.fround(attribute(node, name, value as number, typeof value === 'number', 'a number'))
}

export const same = (a: Shape, b: Shape): boolean => String(a) === String(b)
