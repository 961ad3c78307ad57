import { resize } from '../compile.js'
import { fail } from '../error.js'
import { encodeModel } from '../file.js'
import type { Platform } from '../platform.js'
import { session } from '../session.js'
import { size } from '../shape.js'
import { shapesOf } from '../trace.js'
import type { Model } from '../types.js'
import { fastest, instantiate } from '../wasm.js'
import type { Parameter, Trainer, TrainerOptions, TrainMemory, TrainSource } from './api.js'
import { pack, unpack } from './checkpoint.js'
import { engine } from './engine.js'
import { behind } from './features.js'
import { type Course, evaluate, fit } from './fit.js'
import { LABELS } from './parts.js'
import { prepare } from './prepare.js'
import { stateOf } from './state.js'
import { writeTensors } from './weights.js'

/** What a runtime hands in, besides files and kernels the way to ONNX, which is another entry of the package. */
export interface TrainPlatform extends Platform {
  readonly toOnnx: (model: Model) => Promise<Uint8Array>
}

/** `planTraining` for a runtime. */
export const planners =
  (platform: Platform) =>
  async (
    source: TrainSource,
    options: TrainerOptions,
  ): Promise<{ readonly parameters: readonly Parameter[]; readonly memory: TrainMemory }> => {
    const { parameters, memory } = await prepare(source, options, platform)
    return { parameters, memory }
  }

/** `trainer` for a runtime. */
export const trainers =
  (platform: TrainPlatform) =>
  async (source: TrainSource, options: TrainerOptions): Promise<Trainer> => {
    const { optimizer, accumulate = 1, inputShape } = options
    const { start, parameters, batch, loss, program, frozen, tensors, memory, labels, meta } = await prepare(
      source,
      options,
      platform,
    )
    const build = options.build ?? (options.wasm ? 'simd' : fastest())
    const module = options.wasm ?? (await platform.wasm(build === 'simd' ? 'train.wasm' : 'train.relaxed.wasm'))
    const instance = instantiate(module, program.memory.total)
    await writeTensors(tensors, program, instance)
    const state = stateOf(program, instance, start.tensors)
    const whole = engine(program, instance, { ...options, loss, optimizer, parameters: start.trained })
    let work = whole
    if (frozen) {
      const own = instantiate(module, frozen.memory.total)
      await writeTensors(tensors, frozen, own)
      work = behind(session(frozen, {}, own, build), batch, whole)
    }
    const course: Course = {
      ...{ work, loss, accumulate, lr: optimizer.lr, history: [], running: undefined, best: undefined },
      snapshot: state.snapshot,
      spoilt: state.spoilt,
      mark: () => {
        const { steps, pending } = work
        const back = state.snapshot(pending ? program.gradients : program.moments)
        return () => {
          back()
          Object.assign(work, { steps, pending })
        }
      },
    }
    // Letting go of these lets go of the memory.
    let live: { readonly work: typeof work; readonly state: typeof state; readonly course: Course } | undefined = {
      ...{ work, state, course },
    }
    const use = () => live ?? fail('INPUT', 'the trainer has been disposed of')
    const { inputs } = frozen ?? program
    const perImage = size(inputs[0]!.shape) / batch
    const perLabel = size(program.inputs.find(({ name }) => name === LABELS)!.shape) / batch
    const { history } = course

    const { graph } = start
    const model = (): Model => ({
      ...meta,
      graph: inputShape ? resize(graph, graph.inputs[0]!.shape[0]!, inputShape) : graph,
      ...(labels && { labels }),
      tensors: new Map([...start.tensors, ...use().state.changed()]),
    })
    return {
      ...{ parameters, memory, build, labels, history, model },
      inputs: shapesOf(inputs.filter(({ name }) => name !== LABELS)),
      get steps() {
        return use().work.steps
      },
      step: (example, factor = 1) => use().work.step(example, factor),
      predict: input => {
        const labels = new Float32Array((input.length / perImage) * perLabel)
        return use().work.evaluate({ input, labels }).scores.slice()
      },
      evaluate: async (data, { signal } = {}) => evaluate(use().work, loss, data, signal),
      fit: (data, options) => fit(use().course, data, options),
      gradient: name =>
        use().state.gradient(name) ??
        fail('INPUT', `"${name}" is not trained; trained are ${parameters.map(({ name }) => name).join(', ')}`),
      save: async () => encodeModel(model()),
      delta: async () => encodeModel({ tensors: new Map([...start.fresh, ...use().state.changed()]) }),
      exportOnnx: async () => platform.toOnnx(model()),
      checkpoint: async () => {
        const { work, state, course } = use()
        const { steps, pending } = work
        const { history, running, best } = course
        const facts = { optimizer: optimizer.name, steps, pending, best: Boolean(best), history, running }
        return encodeModel(pack(facts, state.save(pending > 0, best)))
      },
      resume: async checkpoint => {
        const { facts, tensors: saved } = await unpack(checkpoint, optimizer.name)
        const { work, state, course } = use()
        course.best = state.restore(saved, facts.pending > 0, facts.best)
        work.steps = facts.steps
        work.pending = facts.pending
        history.splice(0, history.length, ...facts.history)
        course.running = facts.running
      },
      dispose: () => {
        live = undefined
      },
    }
  }
