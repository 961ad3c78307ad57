// What is to be trained: a network of convlet from nothing, or a file.
import { basename } from 'node:path'
import { networks } from '../../models/networks.js'
import { inspect } from '../../ts/entry/node.js'
import { ConvletError } from '../../ts/error.js'
import type { Graph, Preprocess, Shape } from '../../ts/types.js'
import { exists } from '../commands/disk.js'
import { mustBeModel } from '../commands/model.js'
import { about } from '../commands/options.js'
import type { ImageSet } from '../data/set.js'
import type { TrainingOptions } from './options.js'

export interface Start {
  readonly name: string
  /** Of a file. */
  readonly file: string | undefined
  /** Of a network from nothing. */
  readonly graph: Graph | undefined
  /** Of the input, without the batch. */
  readonly shape: Shape
  /** Names of the classes, in the order of the output. */
  readonly classes: readonly string[]
  /** Whether the last layer is made anew. */
  readonly isNewHead: boolean
  readonly preprocess: Preprocess | undefined
}

const isNetwork = (name: string): boolean => Object.hasOwn(networks, name)

/** The names of the data's classes, and numbers for those that have no data yet. */
const namesFor = ({ classes, path }: ImageSet, count: number): readonly string[] => {
  if (classes.length > count)
    throw new ConvletError(
      'INPUT',
      `${path} has ${classes.length} classes, --classes says ${count}: it can be more, not fewer.`,
    )
  return [...classes, ...Array.from({ length: count - classes.length }, (_, i) => `${classes.length + i}`)]
}

const fromNothing = (name: string, set: ImageSet, { classes, inputShape }: TrainingOptions): Start => {
  if (classes === 'keep')
    throw new ConvletError(
      'INPUT',
      `--classes keep is for a file; ${name} begins with nothing and takes the classes of the data.`,
    )
  const names = typeof classes === 'number' ? namesFor(set, classes) : set.classes
  const network = networks[name]!({ classes: names.length })
  const [input] = network.inputs as [Graph['inputs'][number]]
  const shape = inputShape ?? input.shape.slice(1)
  return {
    ...{ name, file: undefined, shape, classes: names, isNewHead: false, preprocess: undefined },
    graph: { ...network, inputs: [{ name: input.name, shape: [1, ...shape] }] },
  }
}

/** The model's own classes, among which those of the data must be. */
const keptClasses = (
  file: string,
  set: ImageSet,
  labels: readonly string[] | undefined,
  count: number,
): readonly string[] => {
  if (labels?.length === count) return labels
  if (set.classes.length === count) return set.classes
  throw new ConvletError(
    'INPUT',
    `${file} tells ${count} classes apart and does not name them, ${set.path} has ${set.classes.length}: --classes from-folders makes a new last layer for them.`,
  )
}

const fromFile = async (file: string, set: ImageSet, { classes, inputShape }: TrainingOptions): Promise<Start> => {
  await mustBeModel(file)
  const { inputs, outputs, labels, preprocess } = await about(file, () =>
    inspect(file, inputShape ? { inputShape } : {}),
  )
  const isNewHead = classes !== undefined && classes !== 'keep'
  const names =
    classes === 'from-folders'
      ? set.classes
      : typeof classes === 'number'
        ? namesFor(set, classes)
        : keptClasses(
            file,
            set,
            labels,
            Object.values(outputs)[0]!
              .slice(1)
              .reduce((a, b) => a * b, 1),
          )
  const shape = Object.values(inputs)[0]!.slice(1)
  return { ...{ name: basename(file), file, graph: undefined, shape, classes: names, isNewHead, preprocess } }
}

/** A network by its name, or a file. */
export const startOf = async (model: string, set: ImageSet, options: TrainingOptions): Promise<Start> => {
  if (isNetwork(model)) return fromNothing(model, set, options)
  if (!/[./\\]/.test(model) && !(await exists(model)))
    throw new ConvletError(
      'INPUT',
      `${model}: there is no such file, and no such network among ${Object.keys(networks).join(', ')}.`,
    )
  return fromFile(model, set, options)
}

/** Where the trained model goes, unless the user says. */
export const outputOf = (model: string): string => {
  if (isNetwork(model)) return `${model}.safetensors`
  const name = basename(model).replace(/\.safetensors$/, '')
  return `${name}-trained.safetensors`
}
