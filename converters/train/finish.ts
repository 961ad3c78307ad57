// What is left of a training: the model, its picture, and what programs are told.
import { version } from '../../package.json'
import type { Evaluation } from '../../ts/train/api.js'
import type { Model } from '../../ts/types.js'
import { chart } from './chart.js'
import { type Plan, parametersOf, whole } from './report.js'
import type { Outcome } from './session.js'

/** The trained model with all that `convlet run` asks a file for. */
export const finished = ({ trainer, start, preprocess, sets }: Plan): Model => {
  const { graph, source, ...rest } = trainer.model()
  const [input, ...others] = graph!.inputs
  return {
    ...rest,
    graph: { ...graph!, inputs: [{ name: input!.name, shape: [1, ...start.shape] }, ...others] },
    labels: start.classes,
    preprocess,
    source: source ?? `${start.name}, trained on ${sets.train.kind} by convlet ${version}`,
  }
}

/** What programs are told, at the end and when interrupted. */
export const facts = ({ start, sets, material, preprocess, trainer, options }: Plan, outcome: Outcome) => ({
  network: start.name,
  source: start.file ?? null,
  classes: start.classes,
  preprocess,
  data: {
    folder: options.data,
    kind: sets.train.kind,
    images: material.counts.train,
    validation: material.counts.validation,
  },
  parameters: parametersOf(trainer),
  memory: trainer.memory,
  build: trainer.build,
  optimizer: options.optimizer,
  epochs: trainer.history.map(({ validation, ...epoch }) => ({
    ...epoch,
    validation: validation ? { loss: validation.loss, accuracy: validation.accuracy, count: validation.count } : null,
  })),
  steps: trainer.steps,
  seconds: outcome.seconds,
})

/** What the weights of an epoch do: on the images that are measured on, else on those trained on. */
export const measure = async (plan: Plan, epoch: number): Promise<Evaluation> =>
  plan.trainer.history[epoch - 1]?.validation ?? (await plan.trainer.evaluate(plan.material.plain))

/** The learning curve as SVG. */
export const picture = (
  { start, options, material, trainer: { history } }: Plan,
  { curve }: Outcome,
  { accuracy }: Evaluation,
  written: number,
): string => {
  const data = options.data.split(/[/\\]/).filter(Boolean).at(-1)
  const epochs = `${history.length} ${history.length === 1 ? 'epoch' : 'epochs'}`
  const right = `${(accuracy * 100).toFixed(2)} % of the ${material.validation ? 'validation' : 'training'} images right`
  return chart({
    title: `${start.name}, trained on ${data}`,
    subtitle: `${whole(material.counts.train)} images, ${epochs}, ${options.optimizer}: ${right}`,
    points: curve.points,
    history,
    written,
  })
}
