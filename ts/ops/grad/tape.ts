import { same } from '../../shape.js'
import type { Attr, Node, Shape } from '../../types.js'
import type { Scope } from '../op.js'

/** What the gradient of a node is written down with: gradients are values of a graph like any others. */
export interface Tape {
  readonly node: Node
  /** The gradient of the node's output. */
  readonly dy: string
  readonly shape: (value: string) => Shape
  /** Whether input `i` is trained, or on the way from something that is. */
  readonly wants: (i: number) => boolean
  /** The gradient that other readers have given input `i` so far, '' if none: what `give` puts in its place must contain it. */
  readonly sum: (i: number) => string
  /** Writes down a node and gives the name of its result. */
  readonly emit: (op: string, inputs: readonly string[], attrs?: Readonly<Record<string, Attr>>) => string
  /** Adds to the gradient of input `i`; with `whole` it takes the place of `sum(i)`. */
  readonly give: (i: number, gradient: string, whole?: boolean) => void
}

/** An operator's gradient: emits the nodes of it for those inputs that want one. */
export type Grad = (tape: Tape) => void

/** What the operators of a training graph work with. */
export interface TrainScope extends Scope {
  /** Where the gradient of the trained tensor lies whose packed form is at `at`; it mirrors that form. */
  readonly gradient: (at: number) => number
  /** Address of the 32 bits that dropout draws from, changed from step to step. */
  readonly seed: number
}

export interface TrainOp {
  readonly arity?: readonly [least: number, most: number]
  readonly run: (scope: TrainScope, ...shapes: readonly Shape[]) => void
}

/** The sum of a gradient over the dimensions in which an operand of this shape was broadcast. */
export const unbroadcast = ({ emit }: Tape, gradient: string, full: Shape, shape: Shape): string => {
  if (same(full, shape)) return gradient
  const missing = full.length - shape.length
  const axes = full.map((_, i) => i).filter(i => i < missing || shape[i - missing] !== full[i])
  const sum = axes.length ? emit('ReduceSum', [gradient], { axes, keepDims: true }) : gradient
  return missing ? emit('Reshape', [sum], { shape: shape.length ? shape : [1] }) : sum
}
