import { fail } from './error.js'
import type { Node, Shape } from './types.js'

export const size = (shape: Shape): number => shape.reduce((product, d) => product * d, 1)

/** `1×3×224×224`, as messages and tables show shapes. */
export const show = (shape: Shape): string => shape.join('×') || 'a scalar'

/** `Conv "layer1.0.conv1"`, as messages name a node. */
export const title = (node: Node): string => `${node.op} "${node.name}"`

/** Throws what is wrong with a node's shapes. */
export const misfit = (node: Node, fact: string): never => fail('SHAPE', `${title(node)}: ${fact}.`)

/** An attribute: integers of at least `least`, as many as the default has unless that is empty; one may stand without a list. */
export const ints = (node: Node, name: string, fallback: readonly number[], least: number): readonly number[] => {
  const value = [node.attrs[name] ?? fallback].flat() as readonly number[]
  const count = fallback.length
  // The largest integer that a kernel can be handed.
  const fits = (v: number): boolean => Number.isInteger(v) && v >= least && v < 2 ** 31
  return value.every(fits) && (!count || value.length === count)
    ? value
    : fail('GRAPH', `${title(node)}: ${name} must be ${count || 'some'} integers from ${least}, is ${value}.`)
}

/** An attribute that is one integer. */
export const int = (node: Node, name: string, fallback: number, least: number): number =>
  ints(node, name, [fallback], least)[0]!

/** An attribute that is one number of any kind. */
export const real = (node: Node, name: string, fallback: number): number => {
  const value = node.attrs[name] ?? fallback
  return typeof value === 'number' ? value : fail('GRAPH', `${title(node)}: ${name} must be a number, is ${value}.`)
}

export const same = (a: Shape, b: Shape): boolean => String(a) === String(b)
