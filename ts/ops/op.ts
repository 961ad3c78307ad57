import type { Node, Shape } from '../types.js'

/** One kernel call with its constants: the name of an export of the kernels' module, then its arguments. */
export type Call = readonly [kernel: string, ...args: number[]]

/**
 * The order of a value in memory. `undefined`: as its shape says, the last dimension innermost. `[C, H, W]`: per image, the
 * map C×H×W with the channels innermost (NHWC), whether its shape still shows the map or is flattened to `[N, C·H·W]`.
 */
export type Order = readonly [c: number, h: number, w: number] | undefined

/** Brings rows `first` to `first + count − 1` of a tensor, lying at `from` as floats, into the packed form at `to`. */
export interface Pack {
  (to: number, from: number, first: number, count: number): readonly Call[]
  /**
   * Of weights that stay as the file has them, and for which this does nothing: the calls of `pack_panels` that would bring some rows
   * as floats from 0 to 0, where the scales go, and the groups of channels.
   */
  readonly compact?: {
    readonly cells: (first: number, count: number) => readonly Call[]
    readonly scale: number
    readonly groups: number
  }
}

/**
 * What an operator works with. It is run several times: to learn the shapes, to plan the memory and, when every address is
 * known, to make the calls; it must do the same each time. Inputs go by their index; addresses are bytes.
 */
export interface Scope {
  readonly node: Node
  /** Input 0's shape with as many images as are planned for. */
  readonly planned: Shape
  /** Whether memory may be spent where that saves time. */
  readonly fast: boolean
  /** Undefined for an optional input that is absent. */
  readonly shape: (i: number) => Shape | undefined
  /** The order in which input `i` lies. */
  readonly order: (i: number) => Order
  /** Address of input `i`, brought into the order wanted; 0 if it is absent. */
  readonly read: (i: number, order?: Order) => number
  /** Address of the packed form of input `i`, a tensor of the file that consists of `rows` equal parts; 0 if it is absent. */
  readonly packed: (i: number, floats: number, rows: number, pack: Pack) => number
  /** Address of zeros among the weights, which the operator's `finish` calls may fill. */
  readonly reserve: (floats: number) => number
  /** A call to be made once, when all weights are in place. */
  readonly finish: (...call: Call) => void
  /** Address of memory for the time of this operator. */
  readonly scratch: (floats: number) => number
  /** Address of the output, which may take over the memory of one of the inputs `over`. Call it once, before `view` or never. */
  readonly output: (shape: Shape, order?: Order, over?: readonly number[]) => number
  /**
   * Tells, after `output`, that its rows of so many floats may lie farther apart, and gives the floats from one to the next:
   * the output may be a part of a Concat's.
   */
  readonly pitch: (row: number) => number
  /** Whether input `i`, if it has rows of so many floats and lies in this order, has been written as the output's part at `at`. */
  readonly part: (i: number, row: number, order: Order, at: number) => boolean
  /** Makes the output another shape of input 0's bytes: no step, no memory. */
  readonly view: (shape: Shape) => void
  readonly call: (...call: Call) => void
  /** Counts multiply-adds. */
  readonly macs: (count: number) => void
}

/** An operator at inference: checks its inputs, tells its output's shape, asks for memory and makes its calls. */
export interface Op {
  /** The fewest and the most inputs, default one; those beyond the fewest may be absent. */
  readonly arity?: readonly [least: number, most: number]
  /** `shapes` are those of the inputs. */
  readonly run: (scope: Scope, ...shapes: readonly Shape[]) => void
}

/** True where C×H×W and H×W×C are the same bytes. */
export const trivial = (order: Order): boolean => !order || order[0] === 1 || order[1] * order[2] === 1

export const sameOrder = (a: Order, b: Order): boolean => (trivial(a) && trivial(b)) || String(a) === String(b)

/** A shape's dimensions from the outermost in memory to the innermost, as indices. */
export const memoryOrder = (shape: Shape, order: Order): readonly number[] =>
  order && shape.length === 4 ? [0, 2, 3, 1] : shape.map((_, i) => i)

/** The order of a map of 4 dimensions that lies as NHWC. */
export const nhwc = (shape: Shape): Order => shape.slice(1) as unknown as Order
