// A training from its beginning, or from a checkpoint, to its end or to Ctrl-C.
import { ConvletError } from '../../ts/error.js'
import type { Dataset, Epoch, StepProgress, Trainer } from '../../ts/train/api.js'
import { writeWhole } from '../commands/disk.js'
import { packCheckpoint, type Resumed, type Saved } from './checkpoint.js'
import { addStep, type Curve, newCurve } from './curve.js'
import { interruptible } from './interrupt.js'
import type { Material } from './material.js'
import type { TrainingOptions } from './options.js'
import { scheduleOf } from './setup.js'

/** What is told while it runs. */
export interface Listener {
  readonly step: (progress: StepProgress) => void
  readonly epoch: (epoch: Epoch) => void
  /** Batches of the validation set that were handed out, of so many. */
  readonly measuring: (done: number, all: number) => void
  /** Ctrl-C was pressed for the first time. */
  readonly heard: () => void
}

export interface Outcome {
  /** Set if it was interrupted: 130 for Ctrl-C. */
  readonly code: number | undefined
  readonly curve: Curve
  readonly seconds: number
}

export interface Session {
  readonly trainer: Trainer
  readonly material: Material
  readonly options: TrainingOptions
  readonly decisive: Saved['options']
  readonly checkpoint: string
  readonly resumed: Resumed | undefined
}

/** The same batches, which tell when they are asked for. */
const watched = ({ steps, epoch }: Dataset, tell: (done: number, all: number) => void): Dataset => ({
  steps,
  epoch: async function* (n) {
    let done = 0
    for await (const batch of epoch(n)) {
      tell(done++, steps)
      yield batch
    }
  },
})

const isAbort = (error: unknown): boolean => error instanceof ConvletError && error.code === 'ABORTED'

export const train = async (session: Session, listener: Listener): Promise<Outcome> => {
  const { trainer, material, options, decisive, checkpoint, resumed } = session
  const { epochs, patience } = options
  const start = performance.now() - (resumed?.seconds ?? 0) * 1000
  const seconds = () => (performance.now() - start) / 1000
  const learning = resumed?.curve ?? newCurve()
  const save = async () => {
    const saved = { options: decisive, curve: learning, seconds: seconds() }
    await writeWhole(checkpoint, await packCheckpoint(await trainer.checkpoint(), saved))
  }
  const interrupt = interruptible(listener.heard)
  try {
    const fitting = trainer.fit(material.train, {
      epochs,
      schedule: scheduleOf(options),
      signal: interrupt.signal,
      ...(material.validation && { validation: watched(material.validation, listener.measuring) }),
      ...(patience && { patience }),
      onStep: progress => {
        addStep(learning, progress, material.train.steps, epochs)
        listener.step(progress)
      },
    })
    for await (const epoch of fitting) {
      listener.epoch(epoch)
      // The last one only for who may want to add epochs.
      if (epoch.epoch < epochs || options.checkpoint !== undefined) await save()
    }
    return { code: undefined, curve: learning, seconds: seconds() }
  } catch (error) {
    if (!isAbort(error)) throw error
    await save()
    return { code: interrupt.code, curve: learning, seconds: seconds() }
  } finally {
    interrupt.end()
  }
}
