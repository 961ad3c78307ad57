// A value with how far single precision may be from it, and what all references of operators share.
import type { Node } from '../../ts/types.js'
import { gamma, TINY } from '../bounds.js'
import { abs, map, type Tensor } from './tensor.js'

export interface Approx {
  readonly value: Tensor
  /** Largest distance of a computed element from `value`, whatever was fused and in whatever order sums were made. */
  readonly error: Tensor
  /** Length of the sum that an element is, if a following Add may become part of it. */
  readonly terms: number
  /** Of a batch norm: the sizes of the parts of each number, which a Conv may sum up one by one. */
  readonly parts?: Tensor
}

/** What a node makes of its inputs. */
export type Op = (node: Node, inputs: readonly (Approx | undefined)[]) => Approx

export const exact = (value: Tensor): Approx => ({ value, error: map(value, () => 0), terms: 0 })

export const sum = (...parts: readonly Tensor[]): Tensor =>
  parts.reduce((a, b) => ({ shape: a.shape, data: a.data.map((v, i) => v + b.data[i]!) }))

/** The largest size that each number may really have. */
export const most = ({ value, error }: Approx): Tensor => sum(abs(value), error)

/** What n roundings of numbers of these sizes amount to. */
export const rounding = (n: number, sizes: Tensor): Tensor => map(sizes, v => gamma(n) * v + n * TINY)

export const list = (node: Node, name: string) => (node.attrs[name] ?? []) as readonly number[]
export const real = (node: Node, name: string) => node.attrs[name] as number

/**
 * A function of some numbers, steady as far as their errors reach: the farthest that it comes at the corners, so many
 * roundings of the result, and `more`.
 */
export const corners =
  (
    run: (node: Node, ...xs: Tensor[]) => Tensor,
    roundings: number,
    more: (x: number, y: number) => number = () => 0,
  ): Op =>
  (node, inputs) => {
    const values = inputs.map(input => input!.value)
    const value = run(node, ...values)
    const shifted = (signs: number) =>
      run(
        node,
        ...inputs.map((input, k) =>
          map(input!.value, (v, i) => v + (signs & (1 << k) ? 1 : -1) * input!.error.data[i]!),
        ),
      )
    const reached = Array.from({ length: 1 << inputs.length }, (_, signs) => shifted(signs).data)
    const error = map(value, (v, i) => {
      const off = Math.max(...reached.map(data => Math.abs(data[i]! - v)))
      const x = values[0]!.data.length === value.data.length ? values[0]!.data[i]! : 0
      return 1.01 * off + gamma(roundings) * (Math.abs(v) + off) + more(x, v) + TINY * 4
    })
    return { value, error, terms: 0 }
  }
