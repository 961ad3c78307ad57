import type { Source } from '../api.js'
import { fail } from '../error.js'
import { encodeModel } from '../file.js'
import type { Platform } from '../platform.js'
import { same, size } from '../shape.js'
import { withFile } from '../source.js'
import { shapesOf } from '../trace.js'
import type { Model, Shape, Tensor } from '../types.js'
import { fastest, instantiate } from '../wasm.js'
import type { Batches, Evaluation, Trainer, TrainerOptions, TrainSource } from './api.js'
import { pack, unpack } from './checkpoint.js'
import { compile, type Slot } from './compile.js'
import { engine } from './engine.js'
import { type Course, evaluate, fit } from './fit.js'
import { he } from './initialisers.js'
import { CLASS_WEIGHTS, LABELS } from './parts.js'
import { start } from './start.js'
import { infos, readSlot, tensorOf, writeSlot, writeTensors } from './weights.js'

/** What a runtime hands in, besides files and kernels the way to ONNX, which is another entry of the package. */
export interface TrainPlatform extends Platform {
  readonly toOnnx: (model: Model) => Promise<Uint8Array>
}

const isModel = (source: TrainSource): source is Model =>
  source !== undefined && (source as Model).tensors instanceof Map

/** All of a source's tensors, in memory: training gives back what it did not change as it was. */
const read = async (source: TrainSource, platform: Platform, options: TrainerOptions): Promise<Partial<Model>> => {
  if (source === undefined || isModel(source)) return source ?? {}
  return withFile(source as Source, platform, options, async ({ header, read, end }) => {
    const data = await read(new Uint8Array(header.dataLength))
    await end()
    const { sha256, dataBegin, dataLength, tensors, ...meta } = header
    const views = Array.from(tensors, ([name, { dtype, shape, begin, end }]): [string, Tensor] => [
      name,
      { dtype, shape, data: data.subarray(begin, end) },
    ])
    return { ...meta, tensors: new Map(views) }
  })
}

/** `trainer` for a runtime. */
export const trainers =
  (platform: TrainPlatform) =>
  /**
   * Makes a network ready to be trained: from a convlet file, from PyTorch's weights with `{ graph }`, or, with `undefined`, from
   * nothing. All memory is planned beforehand and told by `memory`.
   *
   * @throws ConvletError as `load` does; `INPUT` for patterns of `train` that match nothing, `UNSUPPORTED` with the list of
   * operators that training cannot go through.
   */
  async (source: TrainSource, options: TrainerOptions): Promise<Trainer> => {
    const { optimizer, batch = 32, inputShape, loss = { kind: 'crossEntropy' }, memoryLimit = Infinity } = options
    const model = await read(source, platform, options)
    const { graph, tensors, trained } = start(model, options.initialiser ?? he(), options)
    const labels = Array.isArray(options.classes)
      ? (options.classes as readonly string[])
      : options.classes
        ? undefined
        : model.labels
    const { classWeights } = loss
    const all = new Map(tensors)
    if (classWeights) all.set(CLASS_WEIGHTS, tensorOf([classWeights.length], Float32Array.from(classWeights)))
    const sized = {
      ...graph,
      inputs: graph.inputs.map(({ name, shape }) => ({ name, shape: [batch, ...(inputShape ?? shape.slice(1))] })),
    }
    if (graph.inputs[1]) fail('UNSUPPORTED', 'training takes networks with one input')
    const program = compile(sized, infos(all), {
      ...{ batch, loss, norm: options.norm ?? 'batch', momentum: options.momentum ?? 0.1 },
      ...{ accumulate: options.accumulate ?? 1, recompute: options.recompute ?? false, moments: optimizer.moments },
      trained: value => trained.has(value),
    })
    const { total } = program.memory
    if (!(total <= memoryLimit)) fail('MEMORY', `training needs ${total} bytes, memoryLimit is ${memoryLimit}`)
    const build = options.build ?? (options.wasm ? 'simd' : fastest())
    const instance = instantiate(
      options.wasm ?? (await platform.wasm(build === 'simd' ? 'train.wasm' : 'train.relaxed.wasm')),
      total,
    )
    await writeTensors(all, program, instance)

    // What only leads to an output that counts nothing is not trained.
    const reached = new Set(program.slots.map(({ tensor }) => tensor))
    const parameters = [...trained.values()].filter(({ name }) => reached.has(name))
    const work = engine(program, instance, { ...options, loss, optimizer, parameters: trained })
    // Statistics are changed by training as parameters are.
    const running = new Set(
      program.graph.nodes.flatMap(({ op, inputs }) => (op === 'BatchStats' ? inputs.slice(1) : [])),
    )
    const changing = program.slots.filter(({ tensor, offset }) => offset !== undefined || running.has(tensor))
    const shapeOf = (tensor: string): Shape => tensors.get(tensor)!.shape
    const numbersOf = (slot: Slot, shift = 0) => readSlot(slot, shift, size(shapeOf(slot.tensor)), program, instance)
    const changed = () =>
      new Map(changing.map((slot): [string, Tensor] => [slot.tensor, tensorOf(shapeOf(slot.tensor), numbersOf(slot))]))
    /** What a checkpoint holds of a parameter besides itself, and how far away it lies. */
    const besides = ({ tensor, at, offset }: Slot, pending: number): (readonly [name: string, shift: number])[] =>
      offset === undefined
        ? []
        : [
            ...Array.from(
              { length: optimizer.moments },
              (_, i) =>
                [`${tensor} moment ${i}`, program.moments + i * program.memory.gradients + offset - at] as const,
            ),
            ...(pending ? [[`${tensor} gradient`, program.gradients + offset - at] as const] : []),
          ]
    const course: Course = {
      ...{
        work,
        loss,
        lr: optimizer.lr,
        accumulate: options.accumulate ?? 1,
        history: [],
        running: undefined,
        best: undefined,
      },
      snapshot: () => {
        const floats = new Float32Array(instance.buffer)
        const kept = changing.map(({ at, floats: n }) => floats.slice(at / 4, at / 4 + n))
        return () => {
          for (const [i, { at }] of changing.entries()) floats.set(kept[i]!, at / 4)
        }
      },
    }
    let alive = true
    const guard = <T>(use: () => T): T => (alive ? use() : fail('INPUT', 'the trainer has been disposed of'))

    const current = (): Model => {
      const { preprocess, source: from, opset } = model
      const meta = { graph, labels, preprocess, source: from, opset }
      const known = Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== undefined))
      return { ...known, tensors: new Map([...tensors, ...changed()]) }
    }
    return {
      parameters,
      memory: program.memory,
      inputs: shapesOf(program.inputs.filter(({ name }) => name !== LABELS)),
      build,
      labels,
      history: course.history,
      get steps() {
        return work.steps
      },
      step: (example, factor = 1) => guard(() => work.step(example, factor)),
      predict: input => {
        const count = input.length / (size(program.inputs[0]!.shape) / batch)
        const target = program.inputs.find(({ name }) => name === LABELS)!
        return guard(() =>
          work.evaluate({ input, labels: new Float32Array((size(target.shape) / batch) * count) }),
        ).scores.slice()
      },
      evaluate: async (data: Batches, { signal } = {}): Promise<Evaluation> =>
        guard(() => evaluate(work, loss, data, signal)),
      fit: (data, fitting) => guard(() => fit(course, data, fitting)),
      gradient: name => {
        const slot = changing.find(({ tensor, offset }) => tensor === name && offset !== undefined)
        if (!slot)
          return fail('INPUT', `"${name}" is not trained; trained are ${parameters.map(p => p.name).join(', ')}`)
        return guard(() => numbersOf(slot, program.gradients + slot.offset! - slot.at))
      },
      model: () => guard(current),
      save: () => encodeModel(guard(current)),
      delta: () => encodeModel({ tensors: guard(changed) }),
      exportOnnx: () => platform.toOnnx(guard(current)),
      checkpoint: async () => {
        const { steps, pending } = guard(() => work)
        const more = changing.flatMap(slot =>
          besides(slot, pending).map(([name, shift]): [string, Tensor] => [
            name,
            tensorOf(shapeOf(slot.tensor), numbersOf(slot, shift)),
          ]),
        )
        const { history, running, best } = course
        const facts = { optimizer: optimizer.name, steps, pending, best: Boolean(best), history, running }
        const now = [...changed(), ...more]
        if (best) {
          const back = course.snapshot()
          best()
          for (const [name, tensor] of changed()) now.push([`${name} at its best`, tensor])
          back()
        }
        return encodeModel(pack(facts, new Map(now)))
      },
      resume: async checkpoint => {
        const { facts, tensors: saved } = await unpack(checkpoint, optimizer.name)
        const fill = (slot: Slot, name: string, shift: number) => {
          const values = saved.get(name)
          if (!values || !same(values.shape, shapeOf(slot.tensor)))
            return fail(
              'INPUT',
              `the checkpoint has no "${name}" of the shape that is trained; was it made with other options?`,
            )
          return () => writeSlot(slot, shift, values.values, program, instance)
        }
        const best = facts.best ? changing.map(slot => fill(slot, `${slot.tensor} at its best`, 0)) : []
        const fills = changing.flatMap(slot =>
          [[slot.tensor, 0] as const, ...besides(slot, facts.pending)].map(part => fill(slot, ...part)),
        )
        guard(() => {
          for (const write of best) write()
          course.best = facts.best ? course.snapshot() : undefined
          for (const write of fills) write()
        })
        work.steps = facts.steps
        work.pending = facts.pending
        course.history.splice(0, course.history.length, ...facts.history)
        course.running = facts.running
      },
      dispose: () => {
        alive = false
      },
    }
  }
