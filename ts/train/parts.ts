import { fail } from '../error.js'
import type { Op } from '../ops/op.js'
import { drop } from '../passes/drop.js'
import { fuse } from '../passes/fuse.js'
import { trace } from '../trace.js'
import type { Attr, Graph, Node, TensorInfo } from '../types.js'
import type { Loss } from './api.js'
import { dependents, differentiate, divide } from './differentiate.js'
import { seedOf } from './random.js'
import { recompute } from './recompute.js'

/** A training graph: one list of nodes of which a step runs the first two parts, an evaluation the first and the third. */
export interface Parts {
  readonly graph: Graph
  /** Nodes that only infer, because nothing before them is trained. */
  readonly prefix: number
  /** Where the step ends and the evaluation's own nodes begin. */
  readonly step: number
  /** The value that the main head's scores are in, of the step and of an evaluation. */
  readonly scores: readonly [step: string, evaluation: string]
  /** Each head's losses per image in the step, with its weight, the main head first; the evaluation has `EVALUATED`. */
  readonly losses: readonly (readonly [value: string, weight: number])[]
}

export interface PartsOptions {
  readonly ops: Readonly<Record<string, Op>>
  /** Whether a value is a trained tensor. */
  readonly trained: (value: string) => boolean
  readonly loss: Loss
  readonly norm: 'batch' | 'frozen'
  readonly momentum: number
  /** Steps whose gradients are added up. */
  readonly accumulate: number
  readonly recompute: boolean
}

/** The graph input with the labels, and the tensor with the classes' weights. */
export const LABELS = 'labels of the images'
export const CLASS_WEIGHTS = 'weights of the classes'
export const EVALUATED = 'losses of the evaluation'

/** Layers drop independently of each other, and the same whatever else the graph has: they go by what they make. */
const layerOf = ({ outputs }: Node): number => seedOf(0, outputs[0]!) >>> 1

/** What a probability was made of: a loss wants scores. */
const scoresOf = ({ nodes }: Graph, output: string): string => {
  const maker = nodes.find(({ outputs }) => outputs.includes(output))
  return maker && /^(Softmax|LogSoftmax|Identity)$/.test(maker.op)
    ? scoresOf({ nodes } as Graph, maker.inputs[0]!)
    : output
}

/** Batch normalisations as training has them: statistics, and what is done with them. */
const splitNorm = (node: Node, { trained, norm, momentum }: PartsOptions): Node[] => {
  if (node.op !== 'BatchNormalization') return [node]
  const [x, scale, shift, mean, variance] = node.inputs as [string, string, string, string, string]
  const frozen = norm === 'frozen' || !(trained(scale) || trained(shift))
  const { epsilon = 1e-5, ...rest } = node.attrs
  const stats = `statistics of ${node.outputs[0]}`
  const part = (op: string, inputs: string[], attrs: Record<string, Attr>): Node => ({
    ...node,
    op,
    inputs,
    outputs: [stats],
    attrs,
  })
  return [
    frozen
      ? part('RunningStats', [mean, variance], { epsilon })
      : part('BatchStats', [x, mean, variance], { epsilon, momentum }),
    { ...node, op: 'BatchNorm', inputs: [x, stats, scale, shift], attrs: { ...rest, frozen } },
  ]
}

const rename = (nodes: readonly Node[], prefix: string): Node[] => {
  const own = new Set(nodes.flatMap(({ outputs }) => outputs))
  const as = (value: string) => (own.has(value) ? `${prefix}${value}` : value)
  return nodes.map(node => ({ ...node, inputs: node.inputs.map(as), outputs: node.outputs.map(as) }))
}

/**
 * Makes a training graph. Nodes that depend on nothing trained and no dropout are compiled as for inference, batch norms folded; behind
 * them come the nodes of the step, the losses, all gradients, and the nodes of an evaluation.
 */
export const parts = (given: Graph, tensors: ReadonlyMap<string, TensorInfo>, options: PartsOptions): Parts => {
  const { ops, trained, loss, accumulate } = options
  const batch = given.inputs[0]!.shape[0]!
  const nodes = given.nodes.map(
    (node): Node =>
      node.op === 'Dropout' && node.attrs.rate !== 0
        ? { ...node, op: 'RandomDropout', attrs: { rate: node.attrs.rate ?? 0.5, layer: layerOf(node) } }
        : node,
  )
  const heads = given.outputs
    .map((output, i) => [scoresOf(given, output), headWeight(loss, output, i)] as const)
    .filter(([, weight]) => weight !== 0)
  const varies = dependents(nodes, (value, { op }) => trained(value) || op === 'RandomDropout')
  const learns = dependents(nodes, trained)
  const idle =
    heads.find(([scores]) => !varies.has(scores)) ?? (heads.some(([s]) => learns.has(s)) ? undefined : heads[0])
  if (idle) fail('GRAPH', `nothing of what is trained leads to ${idle[0]}`)
  const made = new Set(nodes.flatMap(({ outputs }) => outputs))
  const { before: infers, rest, read } = divide(nodes, varies)
  const crossing = read.filter(value => made.has(value))

  const shapes = (graph: Graph) => trace(graph, tensors, false, ops).shape
  const simplify = (graph: Graph, folds: boolean): readonly Node[] => {
    const needed = drop(graph)
    // What goes out as well stays as it is: so no batch norm is folded into what is before or behind it.
    const convolved = new Set(needed.nodes.filter(({ op }) => /^Conv/.test(op)).map(({ inputs }) => inputs[0]!))
    const kept = needed.nodes.flatMap(({ op, inputs: [x], outputs: [y] }) =>
      folds || op !== 'BatchNormalization' ? [] : convolved.has(y!) ? [x!, y!] : [x!],
    )
    return fuse({ ...needed, outputs: [...needed.outputs, ...kept] }, shapes(needed)).nodes
  }
  const prefix = crossing.length ? simplify({ ...given, outputs: crossing, nodes: infers }, true) : []
  const shape = shapes({ ...given, outputs: crossing, nodes: infers })
  const behind: Graph = {
    inputs: [...given.inputs, ...crossing.map(name => ({ name, shape: shape(name) }))],
    outputs: [...new Set(heads.map(([scores]) => scores))],
    nodes: rest,
  }
  const forward = simplify(behind, false).flatMap(node => splitNorm(node, options))
  const quiet = rest.map(node => (node.op === 'RandomDropout' ? { ...node, op: 'Identity', attrs: {} } : node))
  const evaluation = rename(simplify({ ...behind, outputs: [behind.outputs[0]!], nodes: quiet }, false), 'evaluated ')

  const extra = loss.kind === 'crossEntropy' && loss.classWeights ? [CLASS_WEIGHTS] : []
  const smoothing = loss.smoothing ?? 0
  const op = loss.kind === 'mse' ? 'Mse' : 'CrossEntropy'
  const measure = (scores: string, to: string): Node => ({
    ...{ op, name: to, inputs: [scores, LABELS, ...extra], outputs: [to], attrs: { smoothing } },
  })
  const losses = heads.map(([scores, weight], i) => [measure(scores, `losses ${i}`), weight] as const)
  const seeds = heads.map(
    ([scores, weight], i): Node => ({
      ...measure(scores, `gradient of losses ${i}`),
      op: `${op}Grad`,
      attrs: { smoothing, scale: weight / accumulate },
    }),
  )
  const step = { ...behind, nodes: forward }
  const wanted = {
    shape: shapes(step),
    trained,
    seeds: new Map(heads.map(([scores], i) => [scores, seeds[i]!.outputs[0]!])),
  }
  const measured = [...losses.map(([node]) => node), ...seeds]
  const backward = differentiate(forward, wanted)
  const trains = options.recompute ? recompute(forward, measured, backward) : [...forward, ...measured, ...backward]

  const main = behind.outputs[0]!
  const perImage = loss.kind === 'mse' ? wanted.shape(main).slice(1) : []
  const evaluated = measure(`evaluated ${main}`, EVALUATED)
  const values = losses.map(([node, weight]) => [node.outputs[0]!, weight] as const)
  return {
    graph: {
      inputs: [...given.inputs, { name: LABELS, shape: [batch, ...perImage] }],
      outputs: [main, ...values.map(([value]) => value), `evaluated ${main}`, EVALUATED],
      nodes: [...prefix, ...trains, ...evaluation, evaluated],
    },
    prefix: prefix.length,
    step: prefix.length + trains.length,
    scores: [main, `evaluated ${main}`],
    losses: values,
  }
}

/** The main output counts once; of the others GoogLeNet's count 0.3 (Szegedy et al. 2014) and none that nobody asked for. */
const headWeight = ({ heads }: Loss, output: string, i: number): number =>
  heads?.[output] ?? (i === 0 ? 1 : output.startsWith('aux') ? 0.3 : 0)
