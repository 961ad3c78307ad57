import { fail } from '../error.js'
import type { Call } from '../ops/op.js'
import { misfit, show, size, title } from '../shape.js'
import type { Layer } from '../trace.js'
import { bind, type Instance, type Step } from '../wasm.js'
import type { Loss, Optimizer, Parameter, Places, StepResult, TrainerOptions } from './api.js'
import { between } from './check.js'
import { runningStatistics, SEED, type Slot, type TrainProgram } from './compile.js'
import { EVALUATED, LABELS } from './parts.js'
import { mix } from './random.js'

/** Images and labels, as many of both. */
export interface Example {
  readonly input: Float32Array
  readonly labels: ArrayLike<number>
  /** What the images are called within the data set. */
  readonly ids?: ArrayLike<number> | undefined
  readonly set?: object
}

/** Scores and losses of a forward run; views of the memory, valid until the next one. */
export interface Answer {
  readonly scores: Float32Array
  /** Mean loss of the images. */
  readonly loss: number
  readonly count: number
}

/** Which argument of batch_stats says of how many values it takes mean and variance. */
const PIXELS = 4

/** Where to go back to, and what that is. */
export interface Fallback {
  readonly restore: () => void
  readonly what: string
}

/** A training program at work in its memory. */
export interface Engine {
  /** Optimizer steps made, and batches whose gradients wait for the next one; may be set when resuming. */
  steps: number
  pending: number
  /** `fallback` takes over where numbers are no longer finite: by default all is as it was before the step. */
  readonly step: (example: Example, factor: number, fallback?: Fallback) => StepResult
  readonly evaluate: (example: Example) => Answer
}

/** How many images were scored highest in their own class. */
export const countCorrect = (
  scores: Float32Array,
  labels: ArrayLike<number>,
  seen?: (label: number, answer: number) => void,
): number => {
  const classes = scores.length / labels.length
  let correct = 0
  for (let i = 0; i < labels.length; i++) {
    const row = scores.subarray(i * classes, (i + 1) * classes)
    let answer = 0
    for (let k = 1; k < classes; k++) if (row[k]! > row[answer]!) answer = k
    if (answer === labels[i]) correct++
    seen?.(labels[i]!, answer)
  }
  return correct
}

export interface EngineOptions extends Pick<TrainerOptions, 'clip' | 'accumulate' | 'seed'> {
  readonly optimizer: Optimizer
  readonly loss: Loss
  readonly parameters: ReadonlyMap<string, Parameter>
}

export const engine = (program: TrainProgram, { buffer, kernels }: Instance, options: EngineOptions): Engine => {
  const { batch, inputs, slots, memory, gradients, moments, losses, scores } = program
  const { optimizer, loss, clip = {}, accumulate = 1, seed = 0, parameters } = options
  const floats = new Float32Array(buffer)
  const image = inputs[0]!
  const label = inputs.find(({ name }) => name === LABELS)!
  const one = size(image.shape) / batch
  const target = size(label.shape) / batch

  const prepare = (n: number) => {
    const { layers, outputs } = program.run(n)
    const view = (wanted: string) => {
      const { at, shape } = outputs.find(({ name }) => name === wanted)!
      return floats.subarray(at / 4, at / 4 + size(shape))
    }
    const steps = (part: readonly Layer[]): readonly Step[] =>
      part.flatMap(({ calls }) => calls.map(call => bind(kernels, call)))
    const [prefix, train, evaluation] = [
      layers.slice(0, program.prefix),
      layers.slice(program.prefix, program.step),
      layers.slice(program.step),
    ]
    return {
      layers: [...prefix, ...train],
      // Only a step minds: an evaluation goes by the running statistics.
      single: train.find(({ calls }) =>
        calls.some(([kernel, ...args]) => kernel === 'batch_stats' && args[PIXELS] === 1),
      ),
      train: steps([...prefix, ...train]),
      evaluation: steps([...prefix, ...evaluation]),
      trained: { scores: view(scores[0]), losses: losses.map(([name, weight]) => [view(name), weight] as const) },
      evaluated: { scores: view(scores[1]), losses: [[view(EVALUATED), 1] as const] },
    }
  }
  const prepared: ReturnType<typeof prepare>[] = []

  const feed = ({ input, labels }: Example) => {
    if (!input || !labels) fail('INPUT', 'a batch is an object with input and labels')
    const n = input.length / one
    if (!Number.isInteger(n) || n < 1 || n > batch || labels.length !== n * target)
      fail(
        'INPUT',
        `a batch is 1 to ${batch} images of ${one} numbers (${show(image.shape.slice(1))}) and ${target} number(s) of labels each; got ` +
          `${input.length} and ${labels.length}`,
      )
    const known = (prepared[n] ??= prepare(n))
    const count = known.trained.scores.length / n
    for (let i = 0; loss.kind === 'crossEntropy' && i < n; i++)
      if (!(Number.isInteger(labels[i]) && labels[i]! >= 0 && labels[i]! < count))
        fail('INPUT', `label ${i} of the batch is ${labels[i]}, the network has classes 0 to ${count - 1}`)
    floats.set(input, image.at / 4)
    floats.set(labels, label.at / 4)
    return { n, known }
  }
  const mean = (
    parts: readonly (readonly [values: Float32Array, weight: number])[],
    labels: ArrayLike<number>,
  ): number => {
    const { classWeights } = loss
    let share = labels.length / target
    if (classWeights) share = Array.from(labels, l => classWeights[l] ?? 0).reduce((a, b) => a + b, 0)
    return parts.reduce((sum, [values, weight]) => sum + (weight * values.reduce((a, b) => a + b, 0)) / share, 0)
  }

  const statistics = runningStatistics(program).map(({ at, floats: n }) => floats.subarray(at / 4, at / 4 + n))
  const saved = statistics.map(values => values.slice())
  const gradient = floats.subarray(gradients / 4, gradients / 4 + memory.gradients / 4)
  const updates = slots
    .filter((slot): slot is Slot & { offset: number } => slot.offset !== undefined)
    .map(({ tensor, at, floats: n, offset }): readonly [Places, object] => {
      const places = {
        ...{ w: at, g: gradients + offset, n },
        moments: Array.from({ length: optimizer.moments }, (_, i) => moments + i * memory.gradients + offset),
      }
      return [places, optimizer.options(parameters.get(tensor)!)]
    })
  const invoke = ([kernel, ...args]: Call) => kernels[kernel]!(...args)
  const square = new Float64Array(buffer, SEED + 64, 1)

  /** The first layer of a step whose result is not finite, run again one by one. */
  const culprit = (layers: readonly Layer[]): string => {
    for (const { node, shape, calls } of layers) {
      for (const call of calls) invoke(call)
      const at = calls.at(-1)?.[1] as number | undefined
      if (at && !floats.subarray(at / 4, at / 4 + size(shape)).every(Number.isFinite)) return title(node)
    }
    return 'the gradients'
  }

  const self: Engine = {
    steps: 0,
    pending: 0,
    step: (example, factor, fallback) => {
      between('factor', factor, 0)
      const { n, known } = feed(example)
      if (known.single)
        misfit(
          known.single.node,
          'one value per channel has no variance; train with a larger batch, or with batch norms frozen',
        )
      if (self.pending === 0) gradient.fill(0)
      for (const [i, values] of statistics.entries()) saved[i]!.set(values)
      new Uint32Array(buffer, SEED, 1)[0] = mix(seed ^ mix(self.steps * accumulate + self.pending + 1))
      for (const run of known.train) run()
      const value = mean(known.trained.losses, example.labels)
      const correct = loss.kind === 'mse' ? 0 : countCorrect(known.trained.scores, example.labels)
      square[0] = 0
      invoke(['sum_squares', SEED + 64, gradients, gradient.length])
      let gradientNorm: number | undefined = Math.sqrt(square[0])
      if (!Number.isFinite(value) || !Number.isFinite(gradientNorm)) {
        const first = culprit(known.layers)
        for (const [i, values] of statistics.entries()) values.set(saved[i]!)
        gradient.fill(0)
        self.pending = 0
        const step = self.steps + 1
        fallback?.restore()
        fail(
          'INPUT',
          `step ${step}: the ${Number.isFinite(value) ? 'gradients are' : 'loss is'} no longer finite, first in ${first}. The ` +
            `weights are those ${fallback?.what ?? 'before the step'}; try a lower learning rate, or clip gradients`,
        )
      }
      self.pending++
      if (self.pending < accumulate) gradientNorm = undefined
      else {
        self.pending = 0
        if (clip.value !== undefined) invoke(['clamp', gradients, gradients, gradient.length, -clip.value, clip.value])
        if (clip.norm !== undefined && gradientNorm! > clip.norm)
          invoke(['scale', gradients, gradient.length, clip.norm / (gradientNorm! + 1e-6)])
        self.steps++
        for (const [places, group] of updates) invoke(optimizer.update(places, group, self.steps, factor))
      }
      return { loss: value, correct, count: n, gradientNorm }
    },
    evaluate: example => {
      const { n, known } = feed(example)
      for (const run of known.evaluation) run()
      const { scores, losses } = known.evaluated
      return { scores, loss: mean(losses, example.labels), count: n }
    },
  }
  return self
}
