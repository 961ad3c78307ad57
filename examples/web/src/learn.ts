// Fine-tuning on the device: the shipped LeNet-5 keeps its eyes, the first two convolutions, and learns to name other things.
import { adam, batches, oneCycle, trainer } from 'convlet/train'
import type { Lesson, Progress, Taught } from './brain.js'
import { SIZE } from './glyph.js'
import { sway } from './sway.js'

const TRAINED = ['features.6.*', 'classifier.*']
const BATCH = 16
const EPOCHS = 40
/** Each drawing comes so many times in an epoch, swayed anew each time. */
const TIMES = 4
// As in models/lenet5/lenet5.json.
const INPUT = { shape: [1, SIZE, SIZE], border: 2, mean: [0.1307], std: [0.3081] } as const
/** Milliseconds of training after which messages get their turn. */
const TURN = 30

const turn = () => new Promise(resolve => setTimeout(resolve))

export const learn = async (
  network: Uint8Array,
  { images, labels, names }: Lesson,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Taught> => {
  const data = new Uint8Array(images.length * TIMES)
  for (let i = 0; i < TIMES; i++) data.set(images, i * images.length)
  const lesson = batches(
    { ...INPUT, data, labels: Array.from({ length: TIMES }, () => labels).flat() },
    { batch: BATCH, augment: [sway()] },
  )
  const net = await trainer(network, {
    classes: names,
    train: TRAINED,
    optimizer: adam({ lr: 3e-3 }),
    batch: BATCH,
  })
  try {
    const start = performance.now()
    const steps = lesson.steps * EPOCHS
    let losses: number[] = []
    let last = start
    const onStep = ({ loss }: { readonly loss: number }) => losses.push(loss)
    for await (const _ of net.fit(lesson, { epochs: EPOCHS, schedule: oneCycle(), onStep })) {
      if (performance.now() - last < TURN && net.steps < steps) continue
      onProgress({ steps, losses })
      losses = []
      await turn()
      if (signal.aborted) break
      last = performance.now()
    }
    const seconds = (performance.now() - start) / 1000
    const { accuracy, count } = await net.evaluate(batches({ ...INPUT, data: images, labels }, { batch: BATCH }))
    const file = (await net.save()) as Uint8Array<ArrayBuffer>
    return { file, seconds, steps: net.steps, stopped: net.steps < steps, right: Math.round(accuracy * count) }
  } finally {
    net.dispose()
  }
}
