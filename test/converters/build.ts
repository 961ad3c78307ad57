// Builds the bytes of ONNX files from a terse description.
import onnxProto, { type onnx } from 'onnx-proto'
import * as assert from 'uvu/assert'
import { type ConvertOptions, fromOnnx } from '../../converters/index.js'
import type { Attr, Graph, Model, Node } from '../../ts/types.js'

const { ModelProto, AttributeProto, TensorProto } = onnxProto.onnx
const { AttributeType } = AttributeProto

export type TensorSpec = Omit<onnx.ITensorProto, 'name'>
/** Whole numbers become INT, others FLOAT (see `float`), lists likewise. */
type AttrSpec = number | string | readonly number[] | TensorSpec | onnx.IAttributeProto

export interface Spec {
  readonly opset?: number
  readonly ir?: number
  readonly domains?: readonly string[]
  /** A text is a symbolic size; `null` is an input without a shape. Default: x of 1×3×8×8. */
  readonly inputs?: Readonly<Record<string, readonly (number | string)[] | null>>
  /** Default: y. */
  readonly outputs?: readonly string[]
  /** `name: y, mask = Dropout(x, , ratio)`; the name may be absent. */
  readonly nodes: readonly (string | readonly [string, Readonly<Record<string, AttrSpec>>])[]
  readonly tensors?: Readonly<Record<string, TensorSpec>>
  readonly more?: onnx.IModelProto
  readonly moreGraph?: onnx.IGraphProto
}

export const float = (f: number): onnx.IAttributeProto => ({ type: AttributeType.FLOAT, f })
export const floats = (dims: readonly number[], values?: readonly number[]): TensorSpec => ({
  dims: [...dims],
  dataType: TensorProto.DataType.FLOAT,
  floatData: values ? [...values] : Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i),
})
export const ints = (...values: number[]): TensorSpec => ({
  dims: [values.length],
  dataType: TensorProto.DataType.INT64,
  int64Data: values,
})
export const scalar = (value: number): TensorSpec => ({ ...ints(value), dims: [] })

const toAttr = (name: string, v: AttrSpec): onnx.IAttributeProto => {
  if (typeof v === 'number')
    return Number.isInteger(v) ? { name, type: AttributeType.INT, i: v } : { name, ...float(v) }
  if (typeof v === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(v) }
  if (Array.isArray(v)) {
    if (v.every(Number.isInteger)) return { name, type: AttributeType.INTS, ints: v }
    return { name, type: AttributeType.FLOATS, floats: v }
  }
  if ('dataType' in v) return { name, type: AttributeType.TENSOR, t: v as TensorSpec }
  return { name, ...(v as onnx.IAttributeProto) }
}

const names = (text: string) => (text.trim() === '' ? [] : text.split(',').map(s => s.trim()))

const toNode = (spec: Spec['nodes'][number]): onnx.INodeProto => {
  const [text, attrs] = typeof spec === 'string' ? [spec, {}] : spec
  const [, name, outputs, domain, op, inputs] = /^(?:(.*): )?(.*) = (?:(.*)\.)?(\w+)\((.*)\)$/.exec(text)!
  return {
    opType: op!,
    name: name ?? '',
    domain: domain ?? '',
    input: names(inputs!),
    output: names(outputs!),
    attribute: Object.entries(attrs).map(([key, v]) => toAttr(key, v)),
  }
}

const toValueInfo = (name: string, dims: readonly (number | string)[] | null, elemType = 1): onnx.IValueInfoProto => {
  const dim = dims?.map(d => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }))
  return { name, type: { tensorType: { elemType, ...(dim && { shape: { dim } }) } } }
}

/** The attribute that is a branch of an If. */
export const branch = (
  nodes: Spec['nodes'],
  outputs: readonly string[],
  more?: onnx.IGraphProto,
): onnx.IAttributeProto => ({
  type: AttributeType.GRAPH,
  g: { node: nodes.map(toNode), output: outputs.map(name => toValueInfo(name, null)), ...more },
})

/** The bytes of the model. From IR 4 on initialisers are not listed among the inputs; in IR 3 they are. */
export const build = (spec: Spec): Uint8Array => {
  const { opset = 13, ir = 7, domains = [], inputs = { x: [1, 3, 8, 8] }, outputs = ['y'], tensors = {} } = spec
  const listed = Object.entries(inputs).map(([name, dims]) => toValueInfo(name, dims))
  const weights = Object.entries(tensors).map(([name, t]) =>
    toValueInfo(name, (t.dims ?? []) as number[], t.dataType ?? 1),
  )
  const bytes = ModelProto.encode({
    irVersion: ir,
    opsetImport: [{ version: opset }, ...domains.map(domain => ({ domain, version: 1 }))],
    graph: {
      node: spec.nodes.map(toNode),
      initializer: Object.entries(tensors).map(([name, t]) => ({ name, ...t })),
      input: ir < 4 ? [...listed, ...weights] : listed,
      output: outputs.map(name => toValueInfo(name, null)),
      ...spec.moreGraph,
    },
    ...spec.more,
  }).finish()
  // protobufjs gives a Buffer, whose `slice` would be a view.
  return Uint8Array.from(bytes)
}

export const model = (spec: Spec, options?: ConvertOptions): Model => fromOnnx(build(spec), options)
export const graphOf = (spec: Spec, options?: ConvertOptions): Graph => model(spec, options).graph!

/** The nodes as the tests read them: `op(inputs) → output`, then the attributes. */
export const brief = ({ nodes }: Graph): (readonly [string, Readonly<Record<string, Attr>>])[] => nodes.map(briefNode)
const briefNode = ({ op, inputs, outputs, attrs }: Node) =>
  [`${outputs.join(', ')} = ${op}(${inputs.join(', ')})`, attrs] as const

/** A model's tensor as [dtype, shape, numbers of 32 bits]. */
export const tensorOf = ({ tensors }: Model, name: string) => {
  const { dtype, shape, data } = tensors.get(name)!
  return [dtype, shape, [...new Float32Array(data.slice().buffer)]] as const
}

/** The only node that the spec becomes. */
export const only = (spec: Spec) => {
  const nodes = brief(graphOf(spec))
  assert.is(nodes.length, 1)
  return nodes[0]!
}

const throws = (code: string) => (spec: Spec, message: RegExp) =>
  assert.throws(
    () => graphOf(spec),
    (e: { code?: string; message: string }) => e.code === code && message.test(e.message),
  )
/** The spec is sound but cannot be converted. */
export const refuses = throws('UNSUPPORTED')
/** The spec is not sound. */
export const unsound = throws('GRAPH')
