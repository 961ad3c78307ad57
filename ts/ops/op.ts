import type { Node, Shape } from '../types.js'

/** One kernel call with its constants: the name of an export of the kernels' module, then its arguments. */
export type Call = readonly [kernel: string, ...args: number[]]

/**
 * How a value lies in memory. `undefined`: as its shape says, the last dimension innermost. `[C, H, W]`: per image, the
 * map C×H×W with the channels innermost (NHWC), whether its shape still shows the map or is flattened to `[N, C·H·W]`.
 */
export type Layout = readonly [c: number, h: number, w: number] | undefined

/** A value as an operator meets it. */
export interface Operand {
  readonly shape: Shape
  readonly layout: Layout
  /** True for a tensor of the file. */
  readonly constant: boolean
  /** Byte address; 0 before the plan is made. */
  readonly at: number
}

/** A tensor of the file on its way into the form the kernel reads. */
export interface Packing {
  /** Floats of the packed form. */
  readonly floats: number
  /** The file's tensor is `rows` equal parts, which may arrive one by one. */
  readonly rows: number
  /** Calls that bring rows `first` to `first + count − 1`, lying at `from` as floats, into the packed form at `to`. */
  readonly pack: (to: number, from: number, first: number, count: number) => readonly Call[]
}

/** What an operator's `emit` has to hand. Absent optional inputs are undefined. */
export interface Bound {
  readonly node: Node
  readonly inputs: readonly (Operand | undefined)[]
  readonly output: Operand
  /** Address of the operator's scratch. */
  readonly scratch: number
}

/** The layouts an operator wants its inputs in, and the one its output then has. */
export interface Layouts {
  readonly inputs: readonly Layout[]
  readonly output: Layout
}

/**
 * One operator at inference. All functions are pure: they know kernels by name only. Shapes are checked in `shape`, so the
 * others may rely on them.
 */
export interface Op {
  /** The fewest and the most inputs. Only those beyond the fewest may be absent. */
  readonly arity: readonly [least: number, most: number]
  /** Output shape from the input shapes. */
  readonly shape: (node: Node, inputs: readonly (Shape | undefined)[]) => Shape
  /** Default: everything as its shape says. */
  readonly layout?: (node: Node, inputs: readonly (Operand | undefined)[], output: Shape) => Layouts
  /** Multiply-adds. Default: 0. */
  readonly macs?: (node: Node, inputs: readonly (Shape | undefined)[], output: Shape) => number
  /** The output is the input's bytes under another shape: no step, no memory. */
  readonly view?: true
  /** Inputs whose memory the output may take over: each element is read before its place is written. */
  readonly inPlace?: readonly number[]
  /** How the kernel wants input `index` when it is a tensor of the file. Default: as floats, in the file's order. */
  readonly packing?: (node: Node, index: number, inputs: readonly (Operand | undefined)[]) => Packing | undefined
  /** Bytes needed while the operator runs. */
  readonly scratch?: (bound: Bound) => number
  readonly emit: (bound: Bound) => readonly Call[]
}
