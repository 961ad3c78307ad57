// What is seen while a training runs: a line that moves on a terminal, and a line for each epoch.
import { closeSync, openSync, writeSync } from 'node:fs'
import { bold, dim, green } from 'kleur/colors'
import { ConvletError } from '../../ts/error.js'
import type { Epoch, StepProgress } from '../../ts/train/api.js'
import { gauge } from '../terminal/gauge.js'
import { duration } from '../terminal/text.js'
import type { Listener } from './session.js'

const share = (n: number): string => `${(n * 100).toFixed(2)} %`
const loss = (n: number): string => (n >= 0.001 && n < 1000 ? n.toFixed(4) : n.toExponential(2))
const rate = (n: number): string => (n >= 99.5 ? `${Math.round(n)}` : n.toPrecision(2))
const learning = (n: number): string => `${Number(n.toPrecision(3))}`

/** A log of JSON lines; to go on, it is added to. */
export const log = (file: string | undefined, isResumed: boolean) => {
  if (file === undefined) return { write: (_: object) => {}, close: () => {} }
  try {
    const handle = openSync(file, isResumed ? 'a' : 'w')
    return {
      write: (entry: object) => void writeSync(handle, `${JSON.stringify(entry)}\n`),
      close: () => closeSync(handle),
    }
  } catch (cause) {
    throw new ConvletError('FILE', `${file}: cannot be written: ${(cause as Error).message}.`, { cause })
  }
}

const TITLES = ['epoch', 'loss', 'accuracy', 'val. loss', 'val. acc.', 'rate', 'images/s', 'time']
const WIDTHS = [7, 10, 10, 10, 10, 10, 9, 8]

/** The lines and the gauge; without `lines`, for programs, only the gauge. */
export const progress = (
  epochs: number,
  hasValidation: boolean,
  lines: boolean,
): Listener & { readonly clear: () => void } => {
  const { show, clear } = gauge()
  const row = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padStart(WIDTHS[i]!))
      .filter((_, i) => hasValidation || (i !== 3 && i !== 4))
      .join('')
  let [sum, correct, count, epoch, steps] = [0, 0, 0, 0, 0]
  const start = performance.now()
  let isTitled = false
  let isLast = false
  const step = (progress: StepProgress): void => {
    if (progress.epoch !== epoch) [sum, correct, count, epoch] = [0, 0, 0, progress.epoch]
    sum += progress.loss * progress.count
    correct += progress.correct
    count += progress.count
    steps++
    const all = progress.steps!
    const left = ((performance.now() - start) / steps) * (all - progress.step)
    const perEpoch = all / epochs
    show((progress.step - (epoch - 1) * perEpoch) / perEpoch, [
      isLast ? 'finishing this step …' : `epoch ${epoch}/${epochs}`,
      `loss ${loss(sum / count)}`,
      `accuracy ${share(correct / count)}`,
      `${rate(progress.imagesPerSecond)} images/s`,
      `${duration(left / 1000)} left`,
      `step ${progress.step}/${all}`,
    ])
  }
  const told = ({ epoch: ended, loss: own, accuracy, validation, lr, seconds, images, best }: Epoch): void => {
    clear()
    if (!lines) return
    if (!isTitled) console.log(dim(row(TITLES)))
    isTitled = true
    const text = row([
      `${ended}/${epochs}`,
      loss(own),
      share(accuracy),
      validation ? loss(validation.loss) : '',
      validation ? share(validation.accuracy) : '',
      learning(lr),
      // Of an epoch that was interrupted these seconds are only those since.
      rate((ended === epoch ? count : images) / seconds),
      duration(seconds),
    ])
    console.log(validation && best ? `${bold(text)}  ${green('best')}` : text)
  }
  return {
    ...{ step, epoch: told, clear },
    measuring: (done, all) =>
      show(done / all, [`epoch ${epoch}/${epochs}`, `measuring on the validation images, ${done}/${all}`]),
    heard: () => {
      isLast = true
      clear()
      console.error('finishing this step and writing a checkpoint; Ctrl-C again stops at once')
    },
  }
}
