// ONNX graph → canonical graph, in one walk over the sorted nodes: constants are folded, the rest is looked up in the table.
import { ConvletError } from '../../ts/error.js'
import type { Graph, Node, Shape, Tensor } from '../../ts/types.js'
import { addBiases, mergeTransposes, padWindows } from './absorb.js'
import { takenBranch } from './branch.js'
import { type Context, failAt } from './context.js'
import { foldShape, foldSplit, folds } from './fold.js'
import { bindInputs } from './inputs.js'
import { constantOutput } from './outputs.js'
import type { OnnxModel, OnnxNode } from './read.js'
import { type Problem, unsupportedError } from './report.js'
import { inferShape } from './shapes.js'
import { liveNodes, makeUnique } from './sort.js'
import { makeStore } from './store.js'
import { builders } from './table.js'
import { isUnread, MAX_RANK } from './tensor.js'
import { type Const, type Dim, isComputed, isConst, Lost, refuse, sizeOf, Unsupported, type Value } from './values.js'

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined

// Room for generated weights of the largest known networks, and for some multiple of what the file itself holds.
const spender = (model: OnnxModel) => {
  let left = 2 ** 31
  for (const t of model.tensors.values()) if (!isUnread(t)) left += 2048 * sizeOf(t.shape)
  return (cost: number) => {
    left -= cost
    if (!(left >= 0)) refuse('it unfolds into far more than the file holds')
  }
}

/** How often each value is read. */
const countReads = (nodes: readonly Pick<Node, 'inputs'>[], outputs: readonly string[]) => {
  const counts = new Map<string, number>()
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const { inputs } of nodes) inputs.forEach(count)
  outputs.forEach(count)
  return (name: string) => (name ? (counts.get(name) ?? 0) : 0)
}

/** Nodes that the outputs still depend on: folding may leave some that only `Shape` had read. */
const alive = (nodes: readonly Node[], outputs: readonly string[]): readonly Node[] => {
  const needed = new Set(outputs)
  const kept: Node[] = []
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some(name => needed.has(name))) continue
    kept.push(node)
    for (const name of node.inputs) needed.add(name)
  }
  return kept.reverse()
}

const checkOutputs = ({ outputs }: OnnxModel, file: string): void => {
  const fail = (fact: string) => {
    throw new ConvletError('GRAPH', `${file} ${fact}; export it again`)
  }
  if (outputs.length === 0) fail('has no outputs')
  if (new Set(outputs).size < outputs.length) fail('lists an output twice')
}

/** `inputShapes` fills in what the file leaves open; `file` is what messages call the file. */
export const convertGraph = (
  model: OnnxModel,
  inputShapes: Readonly<Record<string, Shape>>,
  file: string,
): { graph: Graph; tensors: ReadonlyMap<string, Tensor> } => {
  checkOutputs(model, file)
  const { outputs } = model
  const source = liveNodes(model)
  const reads = countReads(source, outputs)
  const bound = bindInputs(model.inputs, inputShapes, name => reads(name) > 0, file)
  const problems: Problem[] = [...bound.problems]

  const values = new Map<string, Value>()
  const lookUp = (name: string): Value => values.get(name) ?? { computed: undefined, lost: true }
  const batch = bound.inputs[0]?.shape[0] ?? 1
  for (const { name, shape } of bound.inputs) {
    const computed = shape.map((n, i): Dim => (i === 0 && n === batch ? { batches: 1 } : n))
    values.set(name, { computed, lost: false })
  }
  for (const [name, t] of model.tensors) values.set(name, isUnread(t) ? t : { ...t, name, shared: reads(name) > 1 })

  const names = source.flatMap(node => [node.name, ...node.outputs])
  const unique = makeUnique([...model.tensors.keys(), ...model.inputs.map(({ name }) => name), ...names])
  const { tensors, store } = makeStore(unique)
  const makers = new Map(source.flatMap(node => node.outputs.map(output => [output, node] as const)))
  const maker = (name: string) => (name ? makers.get(name) : undefined)
  const ctx: Context = { opset: model.opset, batch, value: lookUp, maker, unique, store }
  const spend = spender(model)
  const nodes: Node[] = []

  const emit = (built: readonly Node[], lost: boolean): void => {
    const shapeOf = (name: string) => {
      const v = lookUp(name)
      return tensors.get(name)?.shape ?? (isComputed(v) ? v.computed : undefined)
    }
    for (const node of built) {
      nodes.push(node)
      values.set(node.outputs[0]!, { computed: inferShape(node, node.inputs.map(shapeOf)), lost })
    }
  }
  // Reads within a branch are not counted.
  const keep = (node: OnnxNode, c: Const, output = node.outputs[0]!): void => {
    if (c.shape.length > MAX_RANK) failAt(node, `${c.shape.length} dimensions are too many`)
    values.set(output, { ...c, name: c.name && !c.shared ? c.name : output, shared: reads(output) !== 1 })
  }
  const toConst = (v: Value | undefined): Const | undefined => {
    if (v && isUnread(v)) return refuse(v.unread)
    if (v && !isConst(v)) throw new Lost()
    return v
  }
  const shapeOf = (v: Value | undefined): readonly Dim[] => {
    if (!v || !isComputed(v)) return toConst(v)?.shape ?? []
    if (v.lost) throw new Lost()
    return v.computed ?? refuse('the shape of its input cannot be told')
  }
  const convert = (node: OnnxNode): void => {
    const taken = node.inputs.map(name => (name ? lookUp(name) : undefined))
    const given = taken.filter(v => v !== undefined)
    const constant = !given.some(isComputed)
    try {
      if (node.domain) refuse('only operators of ONNX itself are supported')
      if (node.op === 'If') {
        for (const inner of takenBranch(node, ctx)) convert(inner)
        return
      }
      const several = !node.outputs[0] || node.outputs.slice(1).some(name => reads(name) > 0)
      if (several && node.op !== 'Split' && node.op !== 'Dropout') refuse('only its first output is supported')
      const fold = own(folds, node.op)
      const builder = own(builders, node.op)
      if (node.op === 'Shape') keep(node, foldShape(node, shapeOf(taken[0])))
      else if (node.op === 'Split' && constant)
        foldSplit(node, taken.map(toConst), spend).forEach((c, i) => {
          if (node.outputs[i]) keep(node, c, node.outputs[i])
        })
      else if (fold && constant) keep(node, fold(node, taken.map(toConst), spend))
      else if (builder)
        emit(
          builder(several || node.op === 'Split' ? node : { ...node, outputs: node.outputs.slice(0, 1) }, ctx),
          given.some(v => isComputed(v) && v.lost),
        )
      else refuse(fold ? 'it is supported on constants and shapes only' : 'this operator is not supported')
    } catch (e) {
      if (e instanceof Unsupported) {
        const kind = node.domain ? `${node.domain}.${node.op}` : node.op
        problems.push({ kind, name: node.name, reason: e.reason })
      } else if (!(e instanceof Lost)) throw e
      const lost: Value = constant || node.op === 'Shape' ? { lostConst: true } : { computed: undefined, lost: true }
      for (const name of node.outputs) values.set(name, lost)
    }
  }
  source.forEach(convert)

  const fixed = model.inputs.every(({ dims }) => typeof dims?.[0] === 'number')

  for (const name of outputs) {
    const v = values.get(name)
    const isInput = model.inputs.some(input => input.name === name)
    if (!v && !isInput) throw new ConvletError('GRAPH', `output "${name}" is made by no node; export ${file} again`)
    if (isInput) problems.push({ kind: 'output', name, reason: 'it is an input, nothing is computed' })
    else if (v && (isConst(v) || isUnread(v)))
      try {
        if (isUnread(v)) refuse(v.unread)
        if (bound.inputs.length === 0) refuse('it is a constant, nothing is computed')
        if (tensors.has(name)) refuse('it is a weight as well')
        nodes.push(constantOutput(name, toConst(v)!, ctx, fixed))
      } catch (e) {
        if (!(e instanceof Unsupported)) throw e
        problems.push({ kind: 'output', name, reason: e.reason })
      }
  }
  // First what cannot be: no shape would help such a model.
  if (problems.length > 0) throw unsupportedError(file, problems, Object.keys(builders))
  if (bound.open) throw bound.open

  const made = new Map(tensors)
  const count = countReads(nodes, outputs)
  const known = {
    tensors,
    reads: count,
    rank: (name: string) => {
      const v = lookUp(name)
      return isComputed(v) ? v.computed?.length : undefined
    },
    reshape: (tensor: string, shape: Shape) => {
      const name = count(tensor) > 1 ? unique(`${tensor}_row`) : tensor
      made.set(name, { ...tensors.get(tensor)!, shape })
      return name
    },
  }
  const kept = alive(addBiases(padWindows(mergeTransposes(nodes)), known), outputs)
  const used = new Set(kept.flatMap(({ inputs }) => inputs))
  // Of constants only, a network still takes what the file says.
  const needed = bound.inputs.filter(({ name }) => used.has(name))
  return {
    graph: { inputs: needed.length > 0 ? needed : bound.inputs, outputs, nodes: kept },
    tensors: new Map([...made].filter(([name]) => used.has(name))),
  }
}
