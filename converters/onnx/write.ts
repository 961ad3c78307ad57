// A model as an ONNX file: opset 13, IR version 8, the batch open.
import { ConvletError } from '../../ts/error.js'
import { toGraph } from '../../ts/graph.js'
import { withoutScales } from '../../ts/ops/scales.js'
import type { Model, Node, Tensor } from '../../ts/types.js'
import { type Emitter, emitters, type OutAttr, type OutNode } from './emit.js'
import { AttributeProto, ModelProto, type onnx, TensorProto } from './proto.js'
import type { Problem } from './report.js'
import { inferShape } from './shapes.js'
import { makeUnique } from './sort.js'
import { type Dim, floatBytes, isFloat, numbersOf, refuse, transpose, Unsupported } from './values.js'

const OPSET = 13
const IR_VERSION = 8
// A protobuf message cannot be longer.
const MAX_BYTES = 2 ** 31 - 1

const text = new TextEncoder()

const toAttr = ([name, v]: readonly [string, OutAttr]): onnx.IAttributeProto => {
  const { AttributeType } = AttributeProto
  if ('int' in v) return { name, type: AttributeType.INT, i: v.int }
  if ('float' in v) return { name, type: AttributeType.FLOAT, f: v.float }
  if ('ints' in v) return { name, type: AttributeType.INTS, ints: [...v.ints] }
  return { name, type: AttributeType.STRING, s: text.encode(v.text) }
}

const toNode = ({ op, name, inputs, output, attrs }: OutNode): onnx.INodeProto => ({
  opType: op,
  name,
  input: [...inputs],
  output: [output],
  attribute: Object.entries(attrs).map(toAttr),
})

const toDim = (d: Dim): onnx.TensorShapeProto.IDimension =>
  typeof d === 'number' ? { dimValue: d } : { dimParam: d.batches === 1 ? 'N' : `N_times_${d.batches}` }

const toPort = (name: string, dims: readonly Dim[] | undefined): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: TensorProto.DataType.FLOAT, ...(dims && { shape: { dim: dims.map(toDim) } }) } },
})

/** ONNX adds, multiplies and convolves values of one type only: halves become floats, as the inputs are. */
const toFloats = (name: string, t: Tensor): onnx.ITensorProto => {
  if (!isFloat(t.dtype))
    throw new ConvletError('UNSUPPORTED', `tensor "${name}" is of ${t.dtype}, only floats can be exported.`)
  const { DataType } = TensorProto
  const rawData = t.dtype === 'F32' ? t.data : floatBytes(numbersOf(t))
  return { name, dims: [...t.shape], dataType: DataType.FLOAT, rawData }
}

const wholeBytes = (numbers: readonly number[]): Uint8Array => {
  const limit = (n: number) => BigInt.asIntN(64, n >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(n))
  return new Uint8Array(BigInt64Array.from(numbers, limit).buffer)
}

const report = (problems: readonly Problem[]): ConvletError => {
  const lines = problems.map(({ kind, name, reason }) => `  ${kind} "${name}": ${reason}`)
  return new ConvletError('UNSUPPORTED', ['ONNX cannot take all of the network:', ...lines].join('\n'))
}

/** Initialisers by name: tensors as they are, and the constants that ONNX wants for attributes. */
const constants = (model: Model, nodes: readonly Node[], unique: (name: string) => string) => {
  const made = new Map<string, onnx.ITensorProto>()
  const reads = (name: string) => nodes.flatMap(({ inputs }) => inputs).filter(input => input === name).length
  const add = (name: string, tensor: onnx.ITensorProto): string => {
    const own = unique(name)
    made.set(own, { ...tensor, name: own })
    return own
  }
  const { DataType } = TensorProto
  return {
    made,
    tensor: (name: string): void => {
      const t = model.tensors.get(name)
      if (t && !made.has(name)) made.set(name, toFloats(name, t))
    },
    ints: (name: string, numbers: readonly number[]) =>
      add(name, { dims: [numbers.length], dataType: DataType.INT64, rawData: wholeBytes(numbers) }),
    float: (name: string, number: number) =>
      add(name, { dims: [], dataType: DataType.FLOAT, rawData: floatBytes([number]) }),
    floats: (name: string, numbers: readonly number[]) =>
      add(name, { dims: [numbers.length], dataType: DataType.FLOAT, rawData: floatBytes(numbers) }),
    turned: (name: string): string => {
      const { dtype, shape, data } = model.tensors.get(name) ?? refuse('its weight is computed by the network')
      if (shape.length !== 2) refuse(`its weight has ${shape.length} dimensions, not 2`)
      const t = transpose({ name, shared: false, dtype, shape, data }, [1, 0])
      const floats = toFloats(name, { dtype, shape: t.shape, data: t.data })
      if (reads(name) > 1) return add(`${name}_transposed`, floats)
      made.set(name, floats)
      return name
    },
  }
}

/**
 * Makes the bytes of an ONNX file of a model: opset 13, weights as 32-bit floats, dimension 0 of every input the symbolic
 * `N`; weights of I8 are multiplied by their scales. Nodes, values and tensors keep their names. Labels and preprocess go into the file's metadata, as JSON.
 *
 * Operators that opset 13 does not have are written as what they consist of: Gelu, HardSwish, and Gemm of more than two
 * dimensions. `fromOnnx` reads everything else back as the same graph.
 *
 * Throws `GRAPH` for a model without a sound graph, `UNSUPPORTED` with the complete list of what opset 13 cannot say.
 */
export const toOnnx = (stored: Model): Uint8Array => {
  if (!stored.graph)
    throw new ConvletError('GRAPH', 'the model has weights, no graph: take a builder of convlet/models.')
  const model = { ...stored, graph: stored.graph, tensors: withoutScales(stored.tensors) }
  const { inputs, outputs, nodes } = toGraph(model.graph, model.tensors)
  const values = nodes.flatMap(node => [node.name, ...node.outputs])
  const unique = makeUnique([...inputs.map(({ name }) => name), ...model.tensors.keys(), ...values])
  const initialisers = constants(model, nodes, unique)
  const shapes = new Map<string, readonly Dim[] | undefined>()
  for (const { name, shape } of inputs) shapes.set(name, [{ batches: 1 }, ...shape.slice(1)])
  const shapeOf = (name: string) => model.tensors.get(name)?.shape ?? shapes.get(name)

  const { ints, float, floats, turned } = initialisers
  const emitter: Emitter = { shape: shapeOf, unique, ints, float, floats, turned }
  const problems: Problem[] = []
  const made: OutNode[] = []
  for (const node of nodes) {
    const emit = Object.hasOwn(emitters, node.op) ? emitters[node.op] : undefined
    if (!emit) {
      problems.push({ kind: node.op, name: node.name, reason: 'it is no operator of convlet' })
      continue
    }
    try {
      made.push(...emit(node, emitter))
      shapes.set(node.outputs[0]!, inferShape(node, node.inputs.map(shapeOf)))
    } catch (cause) {
      if (!(cause instanceof Unsupported)) throw cause
      problems.push({ kind: node.op, name: node.name, reason: cause.reason })
    }
  }
  if (problems.length > 0) throw report(problems)
  for (const name of made.flatMap(node => node.inputs)) initialisers.tensor(name)

  const { labels, preprocess } = model
  const props = Object.entries({ labels, preprocess }).filter(([, v]) => v !== undefined)
  const initializer = [...initialisers.made.values()]
  const bytes = initializer.reduce((sum, { rawData }) => sum + rawData!.length, 0)
  if (bytes > MAX_BYTES)
    throw new ConvletError('MEMORY', `the weights take ${bytes} bytes as floats, an ONNX file holds ${MAX_BYTES}.`)
  const file = ModelProto.encode({
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    producerName: 'convlet',
    metadataProps: props.map(([key, v]) => ({ key, value: JSON.stringify(v) })),
    graph: {
      name: 'convlet',
      node: made.map(toNode),
      initializer,
      input: inputs.map(({ name }) => toPort(name, shapes.get(name))),
      output: outputs.map(name => toPort(name, shapes.get(name))),
    },
  }).finish()
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength)
}
