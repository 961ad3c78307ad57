import { rm } from 'node:fs/promises'
import { Command } from 'commander'
import { networks } from '../../models/networks.js'
import { node } from '../../ts/entry/platform.js'
import { ConvletError } from '../../ts/error.js'
import { encodeModel } from '../../ts/file.js'
import { trainers } from '../../ts/train/trainer.js'
import { choosePreprocess } from '../data/preprocess.js'
import { toOnnx } from '../onnx/write.js'
import { mistakes, perClass } from '../terminal/confusion.js'
import { resumeCommand } from '../train/again.js'
import { decisive, type Resumed, readCheckpoint, type Saved } from '../train/checkpoint.js'
import { facts, finished, measure, picture } from '../train/finish.js'
import { materialFor, openSets } from '../train/material.js'
import { outputOf, startOf } from '../train/network.js'
import { type TrainingOptions, withTrainingOptions } from '../train/options.js'
import { log, progress } from '../train/progress.js'
import { type Plan, results, summary, whole } from '../train/report.js'
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

interface Prepared {
  readonly plan: Plan
  readonly places: Awaited<ReturnType<typeof placesFor>>
  readonly decisive: Saved['options']
  readonly resumed: Resumed | undefined
}

/** Opens data, network and checkpoint: what can be wrong is said before anything is trained. */
const prepare = async (model: string, options: TrainingOptions): Promise<Prepared> => {
  const sets = await openSets(options)
  if (options.patience && !sets.validation && !options.validationSplit)
    throw new ConvletError('INPUT', '--patience needs images to measure on: give --validation or --validation-split.')
  const start = await startOf(model, sets.train, options)
  const places = await placesFor(model, options)
  const { preprocess, from } = choosePreprocess(sets.train, start.shape, start.preprocess, options)
  const own = decisive(model, sets.train.identity, options)
  const resumed =
    options.resume === undefined ? undefined : await readCheckpoint(options.resume, optimizerOf(options).name, own)
  const material = materialFor(sets, start, preprocess, options, resumed?.done)
  const made = await about(model, () =>
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
  return { plan: { start, sets, material, preprocess, from, trainer: made, options }, places, decisive: own, resumed }
}

/** Trains, and lets the terminal and the log know. */
const follow = async ({ plan, places, decisive, resumed }: Prepared): Promise<Outcome> => {
  const { options, material, trainer } = plan
  const lines = progress(options.epochs, material.validation !== undefined, !options.json)
  const written = log(options.log, resumed !== undefined)
  try {
    return await train(
      { trainer, material, options, decisive, checkpoint: places.checkpoint, resumed },
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
    )
  } finally {
    lines.clear()
    written.close()
  }
}

const tellInterrupted = (plan: Plan, outcome: Outcome, checkpoint: string): void => {
  const resume = resumeCommand(process.argv.slice(2), checkpoint)
  const steps = `stopped after ${whole(plan.trainer.steps)} steps`
  if (plan.options.json) printJson({ ...facts(plan, outcome), interrupted: true, checkpoint, resume })
  else console.log(`${steps}; everything is in ${checkpoint}. To go on:\n\n  ${resume}\n`)
}

const run = async (model: string, options: TrainingOptions): Promise<void> => {
  const prepared = await prepare(model, options)
  const { plan, places } = prepared
  const { out, checkpoint } = places
  if (!options.json) summary(plan, optimizerOf(options).lr, options.resume)
  const outcome = await follow(prepared)
  if (outcome.code !== undefined) {
    process.exitCode = outcome.code
    return tellInterrupted(plan, outcome, checkpoint)
  }
  const encoded = await encodeModel(finished(plan))
  await writeWhole(out, encoded)
  const { history } = plan.trainer
  const epochs = history.length
  const epoch = (options.patience && history.findLast(({ best }) => best)?.epoch) || epochs
  const measured = await measure(plan, epoch)
  await writeWhole(places.picture, new TextEncoder().encode(picture(plan, outcome, measured, epoch)))
  // It has served; one that was asked for by name is kept.
  if (options.checkpoint === undefined) await rm(checkpoint, { force: true })
  const labels = plan.start.classes
  const isValidation = plan.material.validation !== undefined
  const told = { bytes: encoded.length, picture: places.picture, epoch }
  if (!options.json) return results({ ...told, out, measured, isValidation, epochs, labels })
  printJson({
    ...facts(plan, outcome),
    ...{ interrupted: false, file: out, ...told },
    measured: { on: isValidation ? 'validation' : 'training', ...measured },
    perClass: perClass(measured.confusion, labels),
    mistakes: mistakes(measured.confusion, labels),
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
