// Operators that treat each element by itself: of one input, of two, of any number.
import type { Node } from '../../ts/types.js'
import {
  type Builder,
  become,
  type Context,
  computedInput,
  constInput,
  failAt,
  numberAttr,
  numbersOfConst,
  operand,
  operands,
  step,
  textAttr,
} from './context.js'
import type { OnnxNode } from './read.js'
import { dtypes } from './tensor.js'
import { dimsOf, floatBytes, isFloat, refuse } from './values.js'

/** An operator of one input and no attributes. */
export const plain: Builder = (node, ctx) => become(node, node.op, [computedInput(node, 0, ctx)])

/** An operator of one input and attributes that are numbers; gives ONNX's defaults. */
const withNumbers =
  (defaults: Readonly<Record<string, number>>): Builder =>
  (node, ctx) => {
    const attrs = Object.entries(defaults).map(([name, value]) => [name, numberAttr(node, name) ?? value] as const)
    const odd = attrs.find(([, value]) => !Number.isFinite(value))
    // The graph is kept as JSON, which has no infinity.
    if (odd) refuse(`its ${odd[0]} is ${odd[1]}, only finite values are supported`)
    return become(node, node.op, [computedInput(node, 0, ctx)], Object.fromEntries(attrs))
  }

export const elu: Builder = withNumbers({ alpha: 1 })
export const hardSigmoid: Builder = withNumbers({ alpha: 0.2, beta: 0.5 })
export const leakyRelu: Builder = withNumbers({ alpha: 0.01 })

export const gelu: Builder = (node, ctx) => {
  const approximate = textAttr(node, 'approximate') ?? 'none'
  if (approximate !== 'none' && approximate !== 'tanh') failAt(node, `approximate "${approximate}" is unknown`)
  return become(node, 'Gelu', [computedInput(node, 0, ctx)], { tanh: approximate === 'tanh' })
}

// Exporters write "no limit" as the largest float.
const LARGEST = 3.4028234e38

/** A limit of Clip: an attribute until opset 10, an input since. `sign` tells the side on which it is none. */
const limit = (node: OnnxNode, name: 'min' | 'max', i: number, sign: number, ctx: Context): number | undefined => {
  const c = constInput(node, i, name, ctx)
  const [value, ...more] = c ? numbersOfConst(c, name) : [numberAttr(node, name)]
  if (c && (value === undefined || more.length > 0)) failAt(node, `its ${name} should be one number`)
  if (value === undefined || value * sign >= LARGEST) return undefined
  return Number.isFinite(value) ? value : refuse(`its ${name} is ${value}, which leaves nothing`)
}

export const clip: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const [min, max] = [limit(node, 'min', 1, -1, ctx), limit(node, 'max', 2, 1, ctx)]
  return become(node, 'Clip', [x], { ...(min !== undefined && { min }), ...(max !== undefined && { max }) })
}

/** What a run computes is float: a cast from one width to another changes nothing. */
export const cast: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  const to = numberAttr(node, 'to') ?? 0
  const dtype = dtypes.get(to)
  if (dtype === undefined || !isFloat(dtype))
    refuse(`it casts computed values to ${dtype ?? `ONNX element type ${to}`}, only floats are supported`)
  return become(node, 'Identity', [x])
}

const mustHave = (node: OnnxNode, count: number): void => {
  if (node.inputs.length !== count) failAt(node, `it has ${node.inputs.length} inputs, it takes ${count}`)
}

/** An operator of two inputs, one of which may be a constant. */
export const pair: Builder = (node, ctx) => {
  if (node.inputs.length < 2) failAt(node, `input ${node.inputs.length} is missing`)
  mustHave(node, 2)
  return become(node, node.op, operands(node, ctx))
}

export const pRelu: Builder = (node, ctx) => {
  mustHave(node, 2)
  return become(node, 'PRelu', [computedInput(node, 0, ctx), operand(node, 1, ctx)])
}

/** Pow, whose exponent may be of integers. */
export const pow: Builder = (node, ctx) => {
  const v = node.inputs[1] ? ctx.value(node.inputs[1]) : undefined
  if (!v || !('dtype' in v) || isFloat(v.dtype) || 'dims' in v) return pair(node, ctx)
  const { name, shared, shape } = v
  const exponent = ctx.store({ name, shared, dtype: 'F32', shape, data: floatBytes(dimsOf(v) as ArrayLike<number>) })
  return become(node, 'Pow', [computedInput(node, 0, ctx), exponent])
}

/** An operator of any number of inputs, as a chain of an operator of two. */
const chain =
  (op: string): Builder =>
  (node, ctx) => {
    const [first, ...rest] = operands(node, ctx)
    if (rest.length === 0) return become(node, 'Identity', [first!])
    const made: Node[] = []
    let sum = first!
    for (const [i, name] of rest.entries()) {
      const last = i === rest.length - 1
      const output = last ? node.outputs[0]! : ctx.unique(`${node.outputs[0]}_${i + 1}`)
      made.push(step(op, last ? node.name : ctx.unique(`${node.name}_${i + 1}`), [sum, name], output))
      sum = output
    }
    return made
  }

export const max: Builder = chain('Max')
export const min: Builder = chain('Min')
export const sum: Builder = chain('Add')
