import { fail } from '../error.js'
import { toGraph } from '../graph.js'
import { same, show, size, title } from '../shape.js'
import type { Graph, Model, Node, Shape, Tensor } from '../types.js'
import type { Initialiser, Parameter, TrainerOptions } from './api.js'
import { matches } from './patterns.js'
import { generator } from './random.js'
import { tensorOf } from './weights.js'

/** A model with all its tensors, of which some are to be trained. */
export interface Start {
  readonly graph: Graph
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly trained: ReadonlyMap<string, Parameter>
  /** The tensors that the source does not have, as they were made. */
  readonly fresh: ReadonlyMap<string, Tensor>
}

const WEIGHTED = /^(Conv|Gemm)$/
/** Operators whose tensors are there to be trained; what others add or multiply by may be a constant of the network. */
const LAYERS = /^(Conv|Gemm|BatchNormalization|PRelu)$/
/** What may stand between the last layer with weights and the output. */
const BEHIND = /^(Softmax|LogSoftmax|Identity|Flatten|Reshape|GlobalAveragePool|AveragePool|Relu|Dropout|Add)$/

/** The kinds of tensors that can be trained, by the inputs that they are. */
const kinds = ({ nodes }: Graph, tensors: ReadonlyMap<string, unknown>): Map<string, Parameter['kind']> => {
  const found = new Map<string, Parameter['kind']>()
  for (const { op, inputs } of nodes)
    for (const [i, input] of inputs.entries()) {
      if (!tensors.has(input)) continue
      if (op === 'BatchNormalization') {
        if (i < 3) found.set(input, 'norm')
      } else
        found.set(
          input,
          WEIGHTED.test(op) && i === 1 ? 'weight' : WEIGHTED.test(op) || op === 'Add' ? 'bias' : 'weight',
        )
    }
  return found
}

/** The nodes before an output that have as many numbers as there are classes: the last layer, and a bias added behind it. */
const lastLayers = ({ nodes }: Graph, output: string): Node[] => {
  const found: Node[] = []
  for (let value = output; ; ) {
    const node = nodes.find(({ outputs }) => outputs.includes(value))
    if (!node || !(BEHIND.test(node.op) || WEIGHTED.test(node.op)))
      return fail(
        'GRAPH',
        `the layer that decides on the classes is not to be found: ${node ? title(node) : value} is in the way`,
      )
    if (WEIGHTED.test(node.op)) return [...found, node]
    if (node.op === 'Add') found.push(node)
    value = node.inputs[0]!
  }
}

/** Shapes of the tensors that are made anew, so that every output tells so many classes apart. */
const headShapes = (graph: Graph, shapes: ReadonlyMap<string, Shape>, classes: number): Map<string, Shape> => {
  const fresh = new Map<string, Shape>()
  for (const output of graph.outputs)
    for (const { op, inputs } of lastLayers(graph, output)) {
      const before = shapes.get(lastLayers(graph, output).at(-1)!.inputs[1]!)![0]
      for (const input of inputs.slice(1)) {
        const shape = shapes.get(input)
        if (!shape) continue
        const axis = op === 'Add' ? shape.indexOf(before!) : 0
        if (shape[axis] === before) fresh.set(input, shape.with(axis, classes))
      }
    }
  return fresh
}

/** A tensor made anew: what is normalised begins as it is, biases at 0, weights by the initialiser. */
const create = (parameter: Parameter, ones: boolean, initialiser: Initialiser, seed: number): Tensor => {
  const { name, shape, kind } = parameter
  const [out = 1, fed = 1, ...window] = shape
  const taps = size(window)
  const values =
    kind === 'weight'
      ? initialiser({ ...parameter, fanIn: fed * taps, fanOut: out * taps }, generator(seed, name))
      : new Float32Array(size(shape)).fill(ones ? 1 : 0)
  if (!(values instanceof Float32Array && values.length === size(shape)))
    fail('INPUT', `the initialiser must give a Float32Array of ${size(shape)} numbers for ${name} (${show(shape)})`)
  return tensorOf(shape, values)
}

/** Brings together what is to be trained: a file's tensors, or a builder's network; a new head; what is missing, initialised. */
export const start = (model: Partial<Model>, initialiser: Initialiser, options: TrainerOptions): Start => {
  const { classes, seed = 0, train } = options
  const given = model.tensors ?? new Map<string, Tensor>()
  const described = model.graph ? undefined : options.graph
  const parameters = described?.parameters ?? {}
  const whole = new Map<string, unknown>([...given, ...Object.entries(parameters)])
  const graph = model.graph ?? (described && toGraph(described, whole))
  if (!graph)
    return fail('GRAPH', 'there is no graph to train; pass { graph } from convlet/models, or convert from ONNX')

  const shapes = new Map<string, Shape>(Object.entries(parameters))
  for (const [name, { shape }] of given) {
    const wanted = shapes.get(name)
    if (wanted && !same(wanted, shape)) fail('SHAPE', `${name} is ${show(shape)}, the network has ${show(wanted)}`)
    shapes.set(name, shape)
  }
  const count = typeof classes === 'number' ? classes : classes?.length
  if (count !== undefined && !(Number.isInteger(count) && count > 0))
    fail('INPUT', `classes must be a positive integer or names, is ${classes}`)
  const fresh = count === undefined ? new Map<string, Shape>() : headShapes(graph, shapes, count)
  const kind = kinds(graph, shapes)
  const norms = graph.nodes.filter(({ op }) => op === 'BatchNormalization')
  const ones = new Set(norms.flatMap(({ inputs }) => [inputs[1]!, inputs[4]!]))
  // What cannot be trained and is missing is a running mean or variance.
  const describe = (name: string): Parameter => ({
    name,
    shape: fresh.get(name) ?? shapes.get(name)!,
    kind: kind.get(name) ?? 'norm',
  })
  const tensors = new Map<string, Tensor>()
  for (const name of shapes.keys()) {
    const had = given.get(name)
    tensors.set(name, had && !fresh.has(name) ? had : create(describe(name), ones.has(name), initialiser, seed))
  }
  const layers = graph.nodes.filter(({ op }) => LAYERS.test(op)).flatMap(({ inputs }) => inputs.slice(1))
  const usual = [...kind.keys()].filter(name => layers.includes(name))
  const trained = new Map(train ? [] : usual.map(name => [name, describe(name)]))
  for (const pattern of train ?? []) {
    const found = [...kind.keys()].filter(name => matches([pattern], name))
    if (!found.length)
      fail(
        'INPUT',
        `train: "${pattern}" matches no tensor that can be trained; there are ${[...kind.keys()].join(', ')}`,
      )
    for (const name of found) trained.set(name, describe(name))
  }
  return { graph, tensors, trained, fresh: new Map([...tensors].filter(([name, t]) => given.get(name) !== t)) }
}
