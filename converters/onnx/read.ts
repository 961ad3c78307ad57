// The only file that reads protobuf: everything after it works on the plain records below.
import { ConvletError } from '../../ts/error.js'
import type { Tensor } from '../../ts/types.js'
import { AttributeProto, ModelProto, type onnx } from './proto.js'
import { sniff } from './sniff.js'
import { type External, readTensor, type Unread, wholeNumber } from './tensor.js'

/** An attribute in plain terms; an `Unread` is one that convlet cannot use, with the reason. */
export type OnnxAttr = number | string | readonly number[] | readonly string[] | Tensor | OnnxBranch | Unread

/** One of the graphs that an If chooses from. */
export interface OnnxBranch {
  readonly nodes: readonly OnnxNode[]
  readonly outputs: readonly string[]
  /** What it reads from the graph around it, as often as it does. */
  readonly outside: readonly string[]
}

export interface OnnxNode {
  readonly op: string
  /** `''` for the operators of ONNX itself. */
  readonly domain: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attrs: ReadonlyMap<string, OnnxAttr>
}

export interface OnnxInput {
  readonly name: string
  /** A text is a symbolic size (`'?'` without a name). `undefined`: not even the rank is known. */
  readonly dims: readonly (number | string)[] | undefined
  /** Why it can be no network's input, e.g. that its elements are texts. */
  readonly refused: string | undefined
}

export interface OnnxModel {
  readonly opset: number
  /** Name and version of the program that wrote it, `''` where it does not say. */
  readonly producer: string
  /** Without the initialisers that files of IR 3 list here too. */
  readonly inputs: readonly OnnxInput[]
  readonly outputs: readonly string[]
  readonly nodes: readonly OnnxNode[]
  readonly tensors: ReadonlyMap<string, Tensor | Unread>
}

const text = new TextDecoder()
const FLOATS = [1, 10, 11, 16]

const readAttr = (a: onnx.IAttributeProto, where: string, external: External | undefined): OnnxAttr => {
  const { AttributeType } = AttributeProto
  switch (a.type) {
    case AttributeType.FLOAT:
      return a.f ?? 0
    case AttributeType.INT:
      return wholeNumber(a.i ?? 0)
    case AttributeType.STRING:
      return text.decode(a.s ?? new Uint8Array())
    case AttributeType.TENSOR:
      return readTensor(a.t ?? {}, `${where} attribute "${a.name}"`, external)
    case AttributeType.FLOATS:
      return a.floats ?? []
    case AttributeType.INTS:
      return (a.ints ?? []).map(wholeNumber)
    case AttributeType.STRINGS:
      return (a.strings ?? []).map(s => text.decode(s))
    case AttributeType.SPARSE_TENSOR:
      return { unread: 'sparse tensors are not read' }
    case AttributeType.GRAPH:
      return readBranch(a.g ?? {}, external)
    default:
      return { unread: `attribute "${a.name}" is of a kind that is not read (${a.type || 'none'})` }
  }
}

/** A branch of plain nodes. One in another is not read: a file could nest them deeper than the stack. */
const readBranch = (graph: onnx.IGraphProto, external: External | undefined): OnnxBranch | Unread => {
  const { node, output, input, initializer, sparseInitializer } = graph
  const kinds = (node ?? []).flatMap(({ attribute }) => attribute ?? []).map(({ type }) => type)
  const { GRAPH, GRAPHS } = AttributeProto.AttributeType
  if (kinds.some(kind => kind === GRAPH || kind === GRAPHS)) return { unread: 'a branch in a branch is not read' }
  if ([input, initializer, sparseInitializer].some(list => list?.length))
    return { unread: 'a branch with inputs or tensors of its own is not read' }
  const nodes = (node ?? []).map(n => readNode(n, external))
  const outputs = (output ?? []).map(({ name }) => name ?? '')
  const made = new Set<string>()
  const outside: string[] = []
  const read = (name: string) => name && !made.has(name) && outside.push(name)
  for (const { inputs, outputs } of nodes) {
    inputs.forEach(read)
    for (const name of outputs) made.add(name)
  }
  outputs.forEach(read)
  return { nodes, outputs, outside }
}

const readNode = (n: onnx.INodeProto, external: External | undefined): OnnxNode => {
  const op = n.opType || '(no operator)'
  const where = `${op} "${n.name || n.output?.[0] || ''}"`
  const attrs = new Map((n.attribute ?? []).map(a => [a.name ?? '', readAttr(a, where, external)]))
  const outside = [...attrs.values()].flatMap(v => (typeof v === 'object' && 'outside' in v ? v.outside : []))
  return {
    op,
    domain: n.domain === 'ai.onnx' ? '' : (n.domain ?? ''),
    name: n.name ?? '',
    // What a branch reads from outside is an input too: it must be there before.
    inputs: [...(n.input ?? []), ...outside],
    outputs: n.output ?? [],
    attrs,
  }
}

const readInput = ({ name, type }: onnx.IValueInfoProto): OnnxInput => {
  const tensor = type?.tensorType
  const dims = tensor?.shape
    ? (tensor.shape.dim ?? []).map(d => (d.dimValue == null ? d.dimParam || '?' : wholeNumber(d.dimValue)))
    : undefined
  const refused = !tensor
    ? 'it is no tensor'
    : FLOATS.includes(tensor.elemType ?? 0)
      ? undefined
      : `its elements are of ONNX type ${tensor.elemType ?? 0}; networks take float images`
  // A size of 0 or less is what some exporters write for "unknown".
  return { name: name ?? '', dims: dims?.map(d => (typeof d === 'number' && d <= 0 ? '?' : d)), refused }
}

const decode = (bytes: Uint8Array, file: string): onnx.IModelProto => {
  const fail = (fact: string, cause?: unknown): never => {
    throw new ConvletError('FILE', `${file} is not an ONNX model: ${fact}`, { cause })
  }
  const other = sniff(bytes)
  if (other !== undefined) return fail(other)
  try {
    // A Buffer of Node's would be read by protobufjs' way for those, which warns of being deprecated.
    const model = ModelProto.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
    if (!model.graph) fail('it has no graph; is it cut short?')
    if (!model.opsetImport?.length) fail('it names no opset; is it cut short?')
    return model
  } catch (cause) {
    if (cause instanceof ConvletError) throw cause
    if (cause instanceof RangeError && /index out of range/.test(cause.message))
      return fail(`its data ends in the middle of a field, after ${bytes.length} bytes; is it cut short?`, cause)
    return fail('its protobuf data is damaged; download or export it again', cause)
  }
}

/**
 * Reads the bytes of an ONNX file. `file` is what messages call it, `external` reads the files beside it. Throws `FILE`,
 * or `UNSUPPORTED` for too old a file.
 */
export const readOnnx = (bytes: Uint8Array, file: string, external?: External): OnnxModel => {
  const model = decode(bytes, file)
  const graph = model.graph!
  const opset = model.opsetImport!.find(({ domain: d }) => !d || d === 'ai.onnx')?.version
  if (opset == null) throw new ConvletError('FILE', `${file} names no opset of ONNX's own operators; export it again`)
  const irVersion = wholeNumber(model.irVersion ?? 0)
  const tooOld = (what: string, found: number, oldest: number) =>
    new ConvletError(
      'UNSUPPORTED',
      `${file} is of ONNX ${what} ${found}, convlet reads ${what} ${oldest} and later; export it again, or convert it with onnx.version_converter`,
    )
  if (irVersion < 3) throw tooOld('IR version', irVersion, 3)
  if (wholeNumber(opset) < 7) throw tooOld('opset', wholeNumber(opset), 7)

  const tensors = new Map<string, Tensor | Unread>()
  for (const t of graph.initializer ?? []) tensors.set(t.name ?? '', readTensor(t, `tensor "${t.name}"`, external))
  for (const { values } of graph.sparseInitializer ?? [])
    tensors.set(values?.name ?? '', { unread: 'sparse tensors are not read' })
  return {
    opset: wholeNumber(opset),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    inputs: (graph.input ?? []).filter(({ name }) => !tensors.has(name ?? '')).map(readInput),
    outputs: (graph.output ?? []).map(({ name }) => name ?? ''),
    nodes: (graph.node ?? []).map(n => readNode(n, external)),
    tensors,
  }
}
