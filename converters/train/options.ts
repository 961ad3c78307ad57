import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Preprocess, Shape } from '../../ts/types.js'
import { type CommonOptions, imageShape, wholeNumber } from '../commands/options.js'
import { augmentations } from './augmentations.js'

export const OPTIMIZERS = ['sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'adamw'] as const
export const SCHEDULES = ['constant', 'step', 'cosine', 'one-cycle'] as const
export const INITIALISERS = ['he', 'xavier', 'lecun'] as const

/** What the command line says of a training. */
export interface TrainingOptions extends CommonOptions {
  readonly data: string
  readonly validation?: string
  readonly validationSplit?: number
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  readonly fit?: Preprocess['fit']
  readonly inputShape?: Shape
  readonly augment?: string

  readonly classes?: number | 'from-folders' | 'keep'
  readonly train?: readonly string[]
  readonly initialiser: (typeof INITIALISERS)[number]
  readonly freezeNorm?: true

  readonly epochs: number
  readonly batch: number
  readonly optimizer: (typeof OPTIMIZERS)[number]
  readonly lr?: number
  readonly schedule: (typeof SCHEDULES)[number]
  readonly warmUp?: number
  readonly weightDecay?: number
  readonly l1?: number
  /** False for `--no-decay-bias-norm`. */
  readonly decayBiasNorm: boolean
  readonly labelSmoothing?: number
  readonly clipNorm?: number
  readonly patience?: number
  readonly seed: number

  readonly accumulate: number
  readonly recompute?: true
  readonly cacheFeatures?: true

  readonly out?: string
  readonly checkpoint?: string
  readonly resume?: string
  readonly log?: string
}

const number =
  (what: string, fits: (n: number) => boolean) =>
  (text: string): number => {
    const n = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isFinite(n) && fits(n)) return n
    throw new InvalidArgumentError(`It must be ${what}.`)
  }
const positive = number('a number above 0', n => n > 0)
const fromZero = number('a number from 0', n => n >= 0)
const share = number('a share between 0 and 1, e.g. 0.1', n => n > 0 && n < 1)
const seed = number('a whole number from 0', n => Number.isSafeInteger(n) && n >= 0)

const figures = (text: string): number[] => {
  const all = text.split(',').map(number('numbers with commas between, e.g. 0.485,0.456,0.406', () => true))
  if (all.length === 1 || all.length === 3) return all
  throw new InvalidArgumentError('It must be one number, or three with commas between.')
}

const deviations = (text: string): number[] => {
  if (figures(text).every(n => n > 0)) return figures(text)
  throw new InvalidArgumentError('It must be numbers above 0.')
}

const classes = (text: string): TrainingOptions['classes'] => {
  if (text === 'keep' || text === 'from-folders') return text
  if (/^\d+$/.test(text) && Number(text) > 1) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 2, from-folders or keep.')
}

const patterns = (text: string, before: readonly string[] = []): readonly string[] => [...before, ...text.split(',')]

/** Known to be sound; kept as it was written. */
const augment = (text: string): string => {
  augmentations(text)
  return text
}

const choice = (flags: string, text: string, choices: readonly string[], usual?: string) => {
  const option = new Option(flags, text).choices(choices)
  return usual === undefined ? option : option.default(usual)
}

/** Adds them in groups, in the order in which one asks oneself. */
export const withTrainingOptions = (command: Command): Command =>
  command
    .optionsGroup('Data:')
    .requiredOption('--data <folder>', 'images to train on: a folder for each class, MNIST or CIFAR-10 files')
    .option('--validation <folder>', 'images to measure on (default: the test set of the data, if it has one)')
    .addOption(
      new Option('--validation-split <share>', 'keep this share of the images back to measure on')
        .argParser(share)
        .conflicts('validation'),
    )
    .addOption(new Option('--augment <list>', 'of shift=2,flip,crop=0.8,cutout=8').argParser(augment))
    .option('--input-shape <C,H,W>', 'another size of image than the network has', imageShape)
    .addOption(choice('--fit <how>', 'how an image is brought to that size', ['cover', 'contain', 'stretch']))
    .option('--mean <r,g,b>', 'input = (pixel / 255 − mean) / std, one figure or three', figures)
    .option('--std <r,g,b>', '(default: the model’s, or what is usual for the data)', deviations)
    .optionsGroup('Network:')
    .option('--classes <n>', 'n or from-folders: a new last layer; keep: the one there is', classes)
    .option('--train <pattern>', 'tensors to train, e.g. "fc.*"; may be repeated (default: all)', patterns)
    .addOption(choice('--initialiser <name>', 'of what no file gives', INITIALISERS, 'he'))
    .option('--freeze-norm', 'batch norms keep their running statistics')
    .optionsGroup('Training:')
    .option('--epochs <n>', 'how often all images are seen', wholeNumber, 10)
    .option('--batch <n>', 'images per step', wholeNumber, 32)
    .addOption(choice('--optimizer <name>', 'how parameters follow gradients', OPTIMIZERS, 'adam'))
    .option('--lr <rate>', 'learning rate (default: 0.001 for adam and adamw, else 0.01)', positive)
    .addOption(choice('--schedule <name>', 'how the learning rate changes', SCHEDULES, 'constant'))
    .option('--warm-up <steps>', 'steps in which it grows; below 1: a share of all', positive)
    .option('--weight-decay <factor>', 'L2; of adamw decoupled (default: 0.01 for adamw, else 0)', fromZero)
    .option('--l1 <factor>', 'times the sign of each parameter', fromZero)
    .option('--no-decay-bias-norm', 'no decay of biases and batch norms')
    .option('--label-smoothing <share>', 'of every label, spread over all classes', share)
    .option('--clip-norm <norm>', 'scales larger gradients down to this norm', positive)
    .option('--patience <epochs>', 'stop after so many without a lower validation loss', wholeNumber)
    .option('--seed <n>', 'of everything random', seed, 0)
    .optionsGroup('Memory:')
    .option('--accumulate <n>', 'add the gradients of n batches up before a step', wholeNumber, 1)
    .option('--recompute', 'compute activations twice instead of keeping them')
    .addOption(new Option('--cache-features', 'run what is not trained once per image only').conflicts('augment'))
    .optionsGroup('Files:')
    .option('--out <file>', 'the model (default: NETWORK.safetensors, or MODEL-trained.safetensors)')
    .option('--checkpoint <file>', 'written after every epoch and on Ctrl-C (default: OUT.checkpoint)')
    .option('--resume <checkpoint>', 'go on as if nothing had happened')
    .option('--log <file.jsonl>', 'a line of JSON for every step and epoch')
    .optionsGroup('Options:')
