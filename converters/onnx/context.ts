import { ConvletError } from '../../ts/error.js'
import type { Attr, Node, Tensor } from '../../ts/types.js'
import type { OnnxNode } from './read.js'
import { isUnread } from './tensor.js'
import { type Const, type Dim, dimsOf, isComputed, isConst, Lost, refuse, sizeOf, type Value } from './values.js'

/** What builders may ask of the graph they add to. */
export interface Context {
  readonly opset: number
  /** The batch that the file was written for: its constants count with it. */
  readonly batch: number
  value(name: string): Value
  /** The node that makes a value. */
  maker(name: string): OnnxNode | undefined
  /** The name itself where no value has it yet, else one made from it. */
  unique(name: string): string
  /** Puts a constant among the model's tensors and gives the name it has there. */
  store(c: Const): string
  /** The same for what `change` makes of it; `how` tells one change from another. */
  store(c: Const, how: string, change: (t: Tensor) => Tensor): string
}

/** What becomes of one ONNX node: canonical nodes, the last of which makes its output. */
export type Builder = (node: OnnxNode, ctx: Context) => readonly Node[]

export const describe = (node: OnnxNode): string => `${node.domain && `${node.domain}.`}${node.op} "${node.name}"`

export const failAt = (node: OnnxNode, fact: string): never => {
  throw new ConvletError('GRAPH', `${describe(node)}: ${fact}; export the model again`)
}

const attr = <T>(node: OnnxNode, name: string, kind: string, is: (v: unknown) => v is T): T | undefined => {
  const v = node.attrs.get(name)
  if (isUnread(v)) return refuse(v.unread)
  return v === undefined || is(v) ? v : failAt(node, `attribute "${name}" should be ${kind}`)
}
const isNumber = (v: unknown): v is number => typeof v === 'number'
const isText = (v: unknown): v is string => typeof v === 'string'
// An empty list has no type that would tell numbers from texts.
const isNumbers = (v: unknown): v is readonly number[] => Array.isArray(v) && v.every(isNumber)
const isTensor = (v: unknown): v is Tensor => typeof v === 'object' && v !== null && 'dtype' in v

export const numberAttr = (node: OnnxNode, name: string) => attr(node, name, 'a number', isNumber)
export const textAttr = (node: OnnxNode, name: string) => attr(node, name, 'a text', isText)
export const numbersAttr = (node: OnnxNode, name: string) => attr(node, name, 'a list of numbers', isNumbers)
export const tensorAttr = (node: OnnxNode, name: string) => attr(node, name, 'a tensor', isTensor)

/** Axis counted from the front. */
export const toAxis = (node: OnnxNode, axis: number, rank: number): number => {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    return failAt(node, `axis ${axis} is outside of a value with ${rank} dimensions`)
  return axis < 0 ? axis + rank : axis
}

/** The input's value, `undefined` where it is absent. */
export const input = (node: OnnxNode, i: number, ctx: Context): Value | undefined => {
  const name = node.inputs[i]
  return name ? ctx.value(name) : undefined
}

/** Name of an input that a run computes. */
export const computedInput = (node: OnnxNode, i: number, ctx: Context): string => {
  const v = input(node, i, ctx) ?? failAt(node, `input ${i} is missing`)
  if (isUnread(v)) return refuse(v.unread)
  if ('lostConst' in v) throw new Lost()
  return isComputed(v) ? node.inputs[i]! : refuse(`input ${i} is a constant, only computed values are taken there`)
}

/** Name of an input that may be a constant too, which then becomes a tensor of the model. */
export const operand = (node: OnnxNode, i: number, ctx: Context): string => {
  const v = input(node, i, ctx)
  return v && isConst(v) ? ctx.store(v) : computedInput(node, i, ctx)
}

/** Names of all inputs, of which some are computed. */
export const operands = (node: OnnxNode, ctx: Context): string[] => {
  if (node.inputs.length === 0) failAt(node, 'it has no inputs')
  const names = node.inputs.map((_, i) => operand(node, i, ctx))
  return node.inputs.some(name => !isConst(ctx.value(name))) ? names : refuse('its inputs are constants')
}

/** The shape of an input, for an operator that cannot be converted without. */
export const shapeOfInput = (node: OnnxNode, i: number, ctx: Context): readonly Dim[] => {
  const v = ctx.value(computedInput(node, i, ctx))
  if (!isComputed(v) || v.lost) throw new Lost()
  return v.computed ?? refuse('the shape of its input cannot be told')
}

/** A constant input; `what` names its role in the message when it is computed. */
export const constInput = (node: OnnxNode, i: number, what: string, ctx: Context): Const | undefined => {
  const v = input(node, i, ctx)
  if (v === undefined) return undefined
  if (isUnread(v)) return refuse(v.unread)
  if ('lostConst' in v) throw new Lost()
  return isConst(v) ? v : refuse(`its ${what} is computed by the network, only constants are taken there`)
}

// Longer than any list of sizes, axes or indices; a bound for hostile files.
const MAX_LIST = 4096

export const numbersOfConst = (c: Const, what: string): number[] =>
  Array.from(dimsOfList(c, what), n => (typeof n === 'number' ? n : refuse(`its ${what} depends on the batch`)))

export const dimsOfList = (c: Const, what: string): ArrayLike<Dim> =>
  sizeOf(c.shape) > MAX_LIST ? refuse(`its ${what} is longer than ${MAX_LIST}`) : dimsOf(c)

/** A list of numbers that older opsets keep in an attribute and newer ones in input `i`. */
export const numbersFrom = (node: OnnxNode, name: string, i: number, ctx: Context): readonly number[] | undefined => {
  const c = constInput(node, i, name, ctx)
  return c === undefined ? numbersAttr(node, name) : numbersOfConst(c, name)
}

/** A node of one output. */
export const step = (
  op: string,
  name: string,
  inputs: readonly string[],
  output: string,
  attrs: Node['attrs'] = {},
): Node => ({ op, name, inputs, outputs: [output], attrs })

/** One canonical node in the place of an ONNX node. */
export const become = (
  node: OnnxNode,
  op: string,
  inputs: readonly string[],
  attrs: Readonly<Record<string, Attr>> = {},
): readonly Node[] => [step(op, node.name, inputs, node.outputs[0]!, attrs)]
