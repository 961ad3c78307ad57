import { rm } from 'node:fs/promises'
import { Command } from 'commander'
import { networks } from '../../models/networks.js'
import { version } from '../../package.json'
import { node } from '../../ts/entry/platform.js'
import { ConvletError } from '../../ts/error.js'
import { encodeModel } from '../../ts/file.js'
import type { Evaluation, Trainer } from '../../ts/train/api.js'
import { trainers } from '../../ts/train/trainer.js'
import type { Model, Tensor } from '../../ts/types.js'
import { choosePreprocess } from '../data/preprocess.js'
import { toOnnx } from '../onnx/write.js'
import { mistakes, perClass } from '../terminal/confusion.js'
import { resumeCommand } from '../train/again.js'
import { chart } from '../train/chart.js'
import { decisive, readCheckpoint } from '../train/checkpoint.js'
import { materialFor, openSets } from '../train/material.js'
import { outputOf, type Start, startOf } from '../train/network.js'
import { type TrainingOptions, withTrainingOptions } from '../train/options.js'
import { log, progress } from '../train/progress.js'
import { type Plan, parametersOf, results, summary, whole } from '../train/report.js'
import { type Outcome, train } from '../train/session.js'
import { optimizerOf, trainerOptions } from '../train/setup.js'
import { target, writeWhole } from './disk.js'
import { about, printJson, withCommon } from './options.js'

const trainer = trainers({ ...node, toOnnx: async model => toOnnx(model) })

/** The files that are written, none of which may be one that is read. */
const placesFor = async (model: string, options: TrainingOptions) => {
  const out = options.out ?? outputOf(model)
  const checkpoint = options.checkpoint ?? `${out}.checkpoint`
  const picture = `${out.replace(/\.safetensors$/, '')}.svg`
  const own = await target(model).catch(() => undefined)
  for (const [i, file] of [out, checkpoint, picture].entries())
    if ((await target(file)) === own && i < 2)
      throw new ConvletError('INPUT', `${file} is the model itself: give the trained one another name with --out.`)
  return { out, checkpoint, picture }
}

/** The trained model with all that `convlet run` asks a file for. */
const finished = ({ trainer, start, preprocess, sets }: Plan, best: ReadonlyMap<string, Tensor> | undefined): Model => {
  const { graph, tensors, source, ...rest } = trainer.model()
  const [input, ...others] = graph!.inputs
  return {
    ...rest,
    graph: { ...graph!, inputs: [{ name: input!.name, shape: [1, ...start.shape] }, ...others] },
    tensors: new Map([...tensors, ...(best ?? [])]),
    labels: start.classes,
    preprocess,
    source: source ?? `${start.name}, trained on ${sets.train.kind} by convlet ${version}`,
  }
}

/** What programs are told, at the end and when interrupted. */
const facts = ({ start, sets, material, preprocess, trainer, options }: Plan, outcome: Outcome) => ({
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
  optimizer: optimizerOf(options).name,
  epochs: trainer.history.map(({ validation, ...epoch }) => ({
    ...epoch,
    validation: validation ? { loss: validation.loss, accuracy: validation.accuracy, count: validation.count } : null,
  })),
  steps: trainer.steps,
  seconds: outcome.seconds,
})

const measure = async (plan: Plan, epoch: number): Promise<Evaluation> =>
  plan.trainer.history[epoch - 1]?.validation ?? (await plan.trainer.evaluate(plan.material.plain))

const run = async (model: string, options: TrainingOptions): Promise<void> => {
  const sets = await openSets(options)
  if (options.patience && !sets.validation && !options.validationSplit)
    throw new ConvletError('INPUT', '--patience needs images to measure on: give --validation or --validation-split.')
  const start: Start = await startOf(model, sets.train, options)
  const { out, checkpoint, picture } = await placesFor(model, options)
  const { preprocess, from } = choosePreprocess(sets.train, start.shape, start.preprocess, options)
  const optimizer = optimizerOf(options)
  const own = decisive(model, sets.train.identity, options)
  const resumed = options.resume === undefined ? undefined : await readCheckpoint(options.resume, optimizer.name, own)
  const material = materialFor(sets, start, preprocess, options, resumed?.done)
  const made: Trainer = await about(model, () =>
    trainer(start.file, {
      ...trainerOptions(options),
      ...(start.graph && { graph: start.graph }),
      ...(start.isNewHead && { classes: start.classes }),
    }),
  )
  if (start.isNewHead && !made.parameters.some(({ shape }) => shape[0] === start.classes.length))
    throw new ConvletError(
      'INPUT',
      `--train ${options.train} leaves out the new last layer, whose numbers are random: name it too, in another --train.`,
    )
  if (resumed) await about(options.resume!, () => made.resume(resumed.bytes))
  const plan: Plan = { start, sets, material, preprocess, from, trainer: made, options }
  if (!options.json) summary(plan, optimizer.lr, options.resume)

  const lines = progress(options.epochs, material.validation !== undefined, !options.json)
  const written = log(options.log, resumed !== undefined)
  const outcome = await train(
    { trainer: made, material, options, decisive: own, checkpoint, resumed },
    {
      heard: lines.heard,
      measuring: lines.measuring,
      step: step => {
        lines.step(step)
        written.write({ kind: 'step', ...step })
      },
      epoch: epoch => {
        lines.epoch(epoch)
        written.write({ kind: 'epoch', ...epoch })
      },
    },
  ).finally(() => {
    lines.clear()
    written.close()
  })

  if (outcome.code !== undefined) {
    process.exitCode = outcome.code
    const resume = resumeCommand(process.argv.slice(2), checkpoint)
    if (options.json) return printJson({ ...facts(plan, outcome), interrupted: true, checkpoint, resume })
    console.log(`stopped after ${whole(made.steps)} steps; everything is in ${checkpoint}. To go on:\n\n  ${resume}\n`)
    return
  }
  const encoded = await encodeModel(finished(plan, outcome.best))
  await writeWhole(out, encoded)
  const { history } = made
  const last = history.length
  const epoch = outcome.best ? (history.findLast(({ best }) => best)?.epoch ?? last) : last
  const measured = await measure(plan, epoch)
  const { confusion, accuracy } = measured
  const labels = start.classes
  const isValidation = material.validation !== undefined
  const subtitle = `${whole(material.counts.train)} images, ${last} ${last === 1 ? 'epoch' : 'epochs'}, ${options.optimizer}: ${(accuracy * 100).toFixed(2)} % of the ${isValidation ? 'validation' : 'training'} images right`
  const svg = chart({
    title: `${start.name}, trained on ${options.data.split(/[/\\]/).filter(Boolean).at(-1)}`,
    subtitle,
    points: outcome.curve.points,
    history,
    written: epoch,
  })
  await writeWhole(picture, new TextEncoder().encode(svg))
  // It has served; one that was asked for by name is kept.
  if (options.checkpoint === undefined) await rm(checkpoint, { force: true })
  if (!options.json)
    return results({ out, bytes: encoded.length, picture, measured, isValidation, epoch, epochs: last, labels })
  printJson({
    ...facts(plan, outcome),
    ...{ interrupted: false, file: out, bytes: encoded.length, picture, epoch },
    measured: { on: isValidation ? 'validation' : 'training', ...measured },
    perClass: perClass(confusion, labels),
    mistakes: mistakes(confusion, labels),
  })
}

export const trainCommand = (): Command =>
  withCommon(
    withTrainingOptions(
      new Command('train')
        .summary('train a network, or go on with a model')
        .description(
          'Trains a network of convlet from nothing, or goes on with a model, on labelled images.\n' +
            'Ctrl-C writes a checkpoint and says how to go on. The model is written whole or not at all,\n' +
            'a picture of its learning curve beside it.\n\n' +
            `Networks: ${Object.keys(networks).join(', ')}.`,
        )
        .argument('<network|model.safetensors>', 'a network by its name, or a file'),
    ),
    [
      'convlet train lenet5 --data mnist --epochs 10 --schedule one-cycle --lr 3e-3',
      'convlet train resnet20 --data cifar-10-batches-bin --augment shift=4,flip --optimizer nesterov --lr 0.1',
      "convlet train resnet18.safetensors --train 'fc.*' --classes from-folders --data photos --validation-split 0.1",
      'convlet train lenet5 --data mnist --resume lenet5.safetensors.checkpoint',
    ],
  ).action(run)
