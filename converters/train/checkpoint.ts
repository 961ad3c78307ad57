// A checkpoint of the command line: the trainer's, and beside its tensors what the command itself needs to go on.
import { ConvletError } from '../../ts/error.js'
import { encodeModel, readModel } from '../../ts/file.js'
import { unpack } from '../../ts/train/checkpoint.js'
import { readWhole } from '../commands/disk.js'
import { about } from '../commands/options.js'
import type { Curve } from './curve.js'
import type { TrainingOptions } from './options.js'

export interface Saved {
  /** The options that the result depends on, by their names on the command line. */
  readonly options: Readonly<Record<string, unknown>>
  readonly curve: Curve
  /** Seconds of training so far. */
  readonly seconds: number
}

export interface Resumed extends Saved {
  readonly bytes: Uint8Array
  /** What is behind of an epoch that was begun. */
  readonly done: { readonly epoch: number; readonly batches: number } | undefined
}

const OWN = 'convlet train'

/** What must be the same when training goes on. */
export const decisive = (
  model: string,
  identity: string,
  options: TrainingOptions,
): Readonly<Record<string, unknown>> => {
  const { epochs, schedule, warmUp } = options
  // Where the learning rate does not depend on it, more epochs may be added.
  const isOpen = schedule === 'constant' && !(warmUp && warmUp < 1)
  const entries = {
    ...{ model, data: identity, '--batch': options.batch, '--seed': options.seed, '--optimizer': options.optimizer },
    ...{ '--lr': options.lr, '--schedule': schedule, '--warm-up': warmUp, ...(!isOpen && { '--epochs': epochs }) },
    ...{ '--weight-decay': options.weightDecay, '--l1': options.l1, '--no-decay-bias-norm': !options.decayBiasNorm },
    ...{ '--label-smoothing': options.labelSmoothing, '--augment': options.augment, '--classes': options.classes },
    ...{ '--train': options.train, '--clip-norm': options.clipNorm, '--accumulate': options.accumulate },
    ...{ '--freeze-norm': options.freezeNorm, '--initialiser': options.initialiser, '--patience': options.patience },
    ...{ '--validation-split': options.validationSplit, '--fit': options.fit, '--input-shape': options.inputShape },
    ...{ '--mean': options.mean, '--std': options.std },
  }
  return JSON.parse(JSON.stringify(entries))
}

const text = (value: unknown): string => (value === undefined ? 'none' : `${value}`)

/** Throws unless a checkpoint was made with the same options. */
const compare = (file: string, before: Saved['options'], now: Saved['options']): void => {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[name], now[name]]
    if (JSON.stringify(was) === JSON.stringify(is)) continue
    // More epochs than before, with a learning rate that stays as it was.
    if (name === '--epochs' && (was === undefined || is === undefined)) continue
    throw new ConvletError(
      'INPUT',
      name === 'data'
        ? `${file} was made with other data: go on with the same images.`
        : name === 'model'
          ? `${file} was made of ${text(was)}, this is ${text(is)}.`
          : `${file} was made with ${name} ${text(was)}, now it is ${text(is)}: go on with the same options.`,
    )
  }
}

export const packCheckpoint = async (trained: Uint8Array, saved: Saved): Promise<Uint8Array> => {
  const { tensors } = await readModel(trained)
  const data = new TextEncoder().encode(JSON.stringify(saved))
  const all = new Map([...tensors, [OWN, { dtype: 'U8' as const, shape: [data.length], data }]])
  return encodeModel({ tensors: all })
}

/** Reads it back. `optimizer`: what the library calls it. Throws where it is none, or one of another training. */
export const readCheckpoint = async (file: string, optimizer: string, now: Saved['options']): Promise<Resumed> => {
  const bytes = await readWhole(file)
  return about(file, async () => {
    const { tensors } = await readModel(bytes)
    const own = tensors.get(OWN)
    if (!own) throw new ConvletError('INPUT', `${file} is no checkpoint of convlet train.`)
    const saved = JSON.parse(new TextDecoder().decode(own.data)) as Saved
    compare(file, saved.options, now)
    // The trainer knows its own tensors only.
    const theirs = [...tensors].filter(([name]) => name !== OWN)
    const trained = await encodeModel({ tensors: new Map(theirs) })
    const { running } = (await unpack(trained, optimizer)).facts
    return {
      ...{ ...saved, bytes: trained },
      // Data sets count epochs from 0.
      done: running && { epoch: running.epoch - 1, batches: running.batches },
    }
  })
}
