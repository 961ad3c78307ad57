import { fail } from '../error.js'
import type { Batch, Batches, Dataset, Epoch, Evaluation, FitOptions, Loss } from './api.js'
import { between, positive } from './check.js'
import { countCorrect, type Engine, type Example } from './engine.js'

/** An epoch that was begun: what a checkpoint in its middle needs to go on. */
export interface Running {
  readonly epoch: number
  /** Batches done. */
  batches: number
  loss: number
  correct: number
  images: number
  /** That they took. */
  seconds: number
  /** Of the learning rate, in the last of them. */
  factor: number
}

/** What `fit` works on, besides data. */
export interface Course {
  readonly work: Engine
  readonly lr: number
  readonly loss: Loss
  readonly accumulate: number
  readonly history: Epoch[]
  running: Running | undefined
  /** Keeps all that training changes, and gives what brings it back. */
  readonly snapshot: () => () => void
  /** The same of all that a step reads: moments and the count of steps too. */
  readonly mark: () => () => void
  /** A tensor that is no longer finite. */
  readonly spoilt: () => string | undefined
  /** Brings back the weights of the best epoch, where stopping early may want them. */
  best: (() => void) | undefined
}

/** A batch of a data set, whatever a caller gave for one; its images are only asked for where they are needed. */
const within = (set: object, batch: Batch): Example => ({
  ...{ set, labels: batch?.labels, ...(batch?.ids && { ids: batch.ids }) },
  get input() {
    return batch?.input
  },
})

const begin = (data: Batches, epoch: number): Iterable<Batch> | AsyncIterable<Batch> => {
  const given =
    typeof (data as Partial<Dataset> | undefined)?.epoch === 'function' ? (data as Dataset).epoch(epoch) : data
  return Symbol.iterator in Object(given) || Symbol.asyncIterator in Object(given)
    ? (given as Iterable<Batch>)
    : fail(
        'INPUT',
        'data must be an iterable of batches, or { steps, epoch } with a function that makes one for each epoch',
      )
}

const aborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted) fail('ABORTED', 'training was aborted', signal.reason)
}

/** Loss, accuracy and confusion over all batches, in inference mode. */
export const evaluate = async (work: Engine, loss: Loss, data: Batches, signal?: AbortSignal): Promise<Evaluation> => {
  let [sum, correct, count] = [0, 0, 0]
  const confusion: number[][] = []
  for await (const batch of begin(data, 0)) {
    aborted(signal)
    const answer = work.evaluate(within(data, batch))
    sum += answer.loss * answer.count
    count += answer.count
    if (loss.kind === 'mse') continue
    const classes = answer.scores.length / answer.count
    while (confusion.length < classes) confusion.push(Array(classes).fill(0))
    correct += countCorrect(answer.scores, batch.labels, (label, answer) => confusion[label]![answer]!++)
  }
  if (!count) fail('INPUT', 'there are no batches to evaluate')
  return { loss: sum / count, accuracy: correct / count, count, confusion }
}

/** A loss so much larger than the first is not on its way back. */
const DIVERGED = 1000

/** Trains to the end of epoch `epochs`, from where the course stands: in the middle of an epoch if it was resumed there. */
export async function* fit(course: Course, data: Batches, options: FitOptions): AsyncGenerator<Epoch, void, undefined> {
  const { work, history, accumulate } = course
  const { epochs, validation, schedule, patience = Infinity, onStep, signal } = options
  positive('epochs', epochs)
  if (patience !== Infinity) {
    positive('patience', patience)
    if (!validation) fail('INPUT', 'patience goes by the validation loss: give validation')
  }
  between('stepsPerEpoch', options.stepsPerEpoch ?? 1, 0)
  let perEpoch = options.stepsPerEpoch ?? (data as Partial<Dataset>)?.steps ?? (data as { length?: number })?.length
  let least = Math.min(Infinity, ...history.map(({ validation, loss }) => validation?.loss ?? loss))
  let first: number | undefined

  const factorOf = (step: number): number => {
    if (!schedule) return 1
    const factor = schedule(step, perEpoch === undefined ? Number.NaN : Math.ceil((perEpoch * epochs) / accumulate))
    return Number.isFinite(factor)
      ? factor
      : fail('INPUT', 'the schedule wants to know how many steps there are: give stepsPerEpoch')
  }
  while (history.length < epochs) {
    const epoch = history.length + 1
    const running: Running = {
      ...{ epoch, batches: 0, loss: 0, correct: 0, images: 0, seconds: 0, factor: 1 },
      ...(course.running?.epoch === epoch && course.running),
    }
    course.running = running
    const begun = { ...running }
    const back = course.mark()
    // Where training has gone astray, weights and moments may be huge by now.
    const fallback = {
      what: `of the beginning of epoch ${epoch}`,
      restore: () => {
        back()
        course.running = begun
      },
    }
    const astray = (what: string): never => {
      const { steps } = work
      fallback.restore()
      return fail('INPUT', `step ${steps}: ${what}. The weights are those ${fallback.what}; try a lower learning rate`)
    }
    const start = performance.now()
    let skipped = 0
    for await (const batch of begin(data, epoch - 1)) {
      if (skipped < running.batches) {
        skipped++
        continue
      }
      aborted(signal)
      running.factor = factorOf(work.steps)
      const result = work.step(within(data, batch), running.factor, fallback)
      first ??= result.loss
      if (result.loss > DIVERGED * (first + 1))
        astray(`the loss has grown from ${first.toPrecision(4)} to ${result.loss.toPrecision(4)}, training diverges`)
      running.batches++
      running.loss += result.loss * result.count
      running.correct += result.correct
      running.images += result.count
      running.seconds = begun.seconds + (performance.now() - start) / 1000
      skipped = running.batches
      onStep?.({
        ...result,
        ...{ epoch, step: (epoch - 1) * (perEpoch ?? 0) + running.batches, lr: course.lr * running.factor },
        steps: perEpoch === undefined ? undefined : perEpoch * epochs,
        imagesPerSecond: (running.images - begun.images) / (running.seconds - begun.seconds),
      })
    }
    if (!running.images)
      fail(
        'INPUT',
        'there are no batches to train on; data must give batches in every epoch, an iterator that is used up does not',
      )
    // What the last step has done no later one would notice.
    const spoilt = course.spoilt()
    if (spoilt !== undefined) astray(`${spoilt} is no longer finite`)
    perEpoch ??= running.batches
    const measured = validation && (await evaluate(work, course.loss, validation, signal))
    const value = measured?.loss ?? running.loss / running.images
    const improved = value < least
    if (improved) {
      least = value
      course.best = measured && Number.isFinite(patience) ? course.snapshot() : undefined
    }
    const result: Epoch = {
      ...{ epoch, loss: running.loss / running.images, accuracy: running.correct / running.images },
      ...{
        validation: measured,
        lr: course.lr * running.factor,
        seconds: running.seconds,
        images: running.images,
        best: improved,
      },
    }
    history.push(result)
    course.running = undefined
    yield result
    const lastBest = history.findLast(({ best }) => best)
    if (measured && epoch - (lastBest?.epoch ?? epoch) >= patience) {
      course.best?.()
      return
    }
  }
  // Stopping early means to end with the best, also when the epochs ran out first.
  if (Number.isFinite(patience)) course.best?.()
}
