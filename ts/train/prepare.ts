import type { Source } from '../api.js'
import { compile as inference, type Program, resize } from '../compile.js'
import { ConvletError, fail } from '../error.js'
import { toModel } from '../file.js'
import { withoutScales } from '../ops/scales.js'
import type { Platform } from '../platform.js'
import { same, show } from '../shape.js'
import { withFile } from '../source.js'
import type { Graph, Model, Shape, Tensor } from '../types.js'
import type { Loss, Parameter, TrainerOptions, TrainMemory, TrainSource } from './api.js'
import { checkHeads, checkOptions } from './check.js'
import { compile, type TrainProgram } from './compile.js'
import { split } from './features.js'
import { he } from './initialisers.js'
import { CLASS_WEIGHTS } from './parts.js'
import { type Start, start } from './start.js'
import { infos, tensorOf } from './weights.js'

/** All that is known before anything is allocated. */
export interface Prepared {
  readonly start: Start
  readonly parameters: readonly Parameter[]
  readonly batch: number
  readonly loss: Loss
  readonly program: TrainProgram
  /** With `cacheFeatures`: the frozen part, which has a memory of its own, so that it is compiled as any network is. */
  readonly frozen: Program | undefined
  /** Everything that the programs read. */
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly memory: TrainMemory
  readonly labels: readonly string[] | undefined
  /** What the source said besides its graph and tensors. */
  readonly meta: Omit<Model, 'graph' | 'tensors' | 'labels'>
}

const isModel = (source: TrainSource): source is Model =>
  source !== undefined && (source as Model).tensors instanceof Map

/** Weights of 8 bits cannot follow a gradient: they become F32. */
const inFloats = (model: Model): Model => ({ ...model, tensors: withoutScales(model.tensors) })

/** All of a source's tensors, in memory: training gives back what it did not change as it was. */
const read = async (source: TrainSource, platform: Platform, options: TrainerOptions): Promise<Partial<Model>> => {
  if (source === undefined) return {}
  if (isModel(source)) return inFloats(source)
  return withFile(source as Source, platform, options, async ({ header, read, end }) => {
    const data = await read(new Uint8Array(header.dataLength))
    await end()
    return inFloats(toModel(header, data))
  })
}

/** Adds to what does not fit that the images have another size, where outputs at half way ask for the network's own (GoogLeNet's). */
const heedSize = <T>({ inputs, outputs }: Graph, inputShape: Shape | undefined, compile: () => T): T => {
  try {
    return compile()
  } catch (error) {
    const own = inputs[0]!.shape.slice(1)
    if (!(error instanceof ConvletError && error.code === 'SHAPE' && inputShape && outputs[1]) || same(inputShape, own))
      throw error
    return fail(
      'SHAPE',
      `${error.message.slice(0, -1)}; inputShape is ${show(inputShape)}, the network with ${outputs.slice(1).join(' and ')} is made for ` +
        `${show(own)}: train it at that size, or one without further outputs`,
      error,
    )
  }
}

/** From a source to a program: the graph, its tensors, initialised where there are none, and the plan of all memory. */
export const prepare = async (source: TrainSource, options: TrainerOptions, platform: Platform): Promise<Prepared> => {
  checkOptions(options)
  const {
    optimizer,
    batch = 32,
    inputShape,
    loss = { kind: 'crossEntropy' },
    memoryLimit = Infinity,
    classes,
  } = options
  const model = await read(source, platform, options)
  const made = start(model, options.initialiser ?? he(), options)
  const { graph, trained } = made
  checkHeads(loss.heads, graph)
  if (graph.inputs[1]) fail('UNSUPPORTED', 'training takes networks with one input')
  const tensors = new Map(made.tensors)
  const { classWeights } = loss
  if (classWeights) tensors.set(CLASS_WEIGHTS, tensorOf([classWeights.length], Float32Array.from(classWeights)))
  const isTrained = (value: string) => trained.has(value)
  const described = infos(tensors)
  const [beginning, rest] = options.cacheFeatures ? split(graph, isTrained) : []
  const frozen =
    beginning &&
    (await inference(
      { tensors: described, graph: beginning, dataBegin: 0, dataLength: 0 },
      { batch, ...(inputShape && { inputShape }) },
    ))
  const sized = rest ? resize(rest(frozen!.outputs[0]!.shape), batch) : resize(graph, batch, inputShape)
  const program = heedSize(graph, inputShape, () =>
    compile(sized, described, {
      ...{ batch, loss, norm: options.norm ?? 'batch', momentum: options.momentum ?? 0.1 },
      ...{ accumulate: options.accumulate ?? 1, recompute: options.recompute ?? false, moments: optimizer.moments },
      trained: isTrained,
    }),
  )
  const before = frozen?.memory.total ?? 0
  const memory = { ...program.memory, frozen: before, total: program.memory.total + before }
  if (!(memory.total <= memoryLimit))
    fail('MEMORY', `training needs ${memory.total} bytes, memoryLimit is ${memoryLimit}`)
  // What only leads to an output that counts nothing is not trained.
  const reached = new Set(program.slots.map(({ tensor }) => tensor))
  const parameters = [...trained.values()].filter(({ name }) => reached.has(name))
  const { graph: given, tensors: all, labels: names, ...meta } = model
  const labels = classes === undefined ? names : typeof classes === 'number' ? undefined : classes
  return { start: made, parameters, batch, loss, program, frozen, tensors, memory, labels, meta }
}
