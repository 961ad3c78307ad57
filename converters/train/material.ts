// The data of a training: what is trained on, and what is measured on.
import { ConvletError } from '../../ts/error.js'
import type { Dataset } from '../../ts/train/api.js'
import type { Preprocess } from '../../ts/types.js'
import { everyId, labelsIn, split } from '../data/classes.js'
import { dataset } from '../data/dataset.js'
import { openData } from '../data/open.js'
import type { Data, ImageSet } from '../data/set.js'
import { augmentations } from './augmentations.js'
import type { Start } from './network.js'
import type { TrainingOptions } from './options.js'

export interface Sets {
  readonly train: ImageSet
  /** Of a folder of its own, or the test set of the data. */
  readonly validation: ImageSet | undefined
}

const either = ({ train, test }: Data): ImageSet => (test ?? train)!

/** Opens the data. A test set that comes with them is measured on, unless the user says otherwise. */
export const openSets = async ({ data, validation, validationSplit }: TrainingOptions): Promise<Sets> => {
  const found = await openData(data)
  if (!found.train)
    throw new ConvletError(
      'INPUT',
      `${data} has images to test on and none to train on; is it the folder for --validation?`,
    )
  const other = validation === undefined ? undefined : either(await openData(validation))
  return { train: found.train, validation: other ?? (validationSplit === undefined ? found.test : undefined) }
}

export interface Material {
  readonly train: Dataset
  readonly validation: Dataset | undefined
  /** The images trained on as they are, in order: measured at the end where there is no validation. */
  readonly plain: Dataset
  readonly counts: { readonly train: number; readonly validation: number }
}

/** Cuts sets into batches for a network. `done` is what an interrupted training has behind it of an epoch. */
export const materialFor = (
  sets: Sets,
  { shape, classes, file, isNewHead }: Start,
  preprocess: Preprocess,
  { batch, seed, augment, validationSplit }: TrainingOptions,
  done: { readonly epoch: number; readonly batches: number } | undefined,
): Material => {
  const wayOut =
    file && !isNewHead
      ? '--classes from-folders makes a new last layer for them'
      : 'the folders must have the same names'
  const labels = labelsIn(sets.train, classes, wayOut)
  const all = everyId(labels.length)
  const { rest, kept } =
    validationSplit === undefined ? { rest: all, kept: undefined } : split(labels, validationSplit, seed)
  if (kept && (kept.length === 0 || rest.length === 0))
    throw new ConvletError(
      'INPUT',
      `--validation-split ${validationSplit} of ${labels.length} images leaves none on one side.`,
    )
  const common = { shape, preprocess, batch, seed }
  const plain = { ...common, shuffle: false, augment: [] }
  const measured = kept
    ? dataset(sets.train, kept, labels, plain)
    : sets.validation &&
      dataset(
        sets.validation,
        everyId(sets.validation.labels.length),
        labelsIn(sets.validation, classes, wayOut),
        plain,
      )
  return {
    train: dataset(sets.train, rest, labels, {
      ...common,
      ...{ shuffle: true, augment: augment === undefined ? [] : augmentations(augment) },
      ...(done && { done }),
    }),
    validation: measured,
    plain: dataset(sets.train, rest, labels, plain),
    counts: { train: rest.length, validation: kept?.length ?? sets.validation?.labels.length ?? 0 },
  }
}
