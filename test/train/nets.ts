// Small networks and images for the tests of training.
import * as assert from 'uvu/assert'
import { Builder, type Network } from '../../models/builder.js'
import type { Batch, Dataset, TrainerOptions } from '../../ts/train/api.js'
import { batches, type Images } from '../../ts/train/data.js'
import { sgd } from '../../ts/train.js'
import { trainModules } from '../builds.js'
import { floats, random } from '../random.js'

/** Convolution, batch norm, residual, pool, dropout and two fully connected layers: 1×8×8 → `classes` scores. */
export const small = ({ classes = 4, rate = 0.25, norm = true } = {}): Network => {
  const net = new Builder('input', [1, 1, 8, 8])
  const normed = (name: string, x: string, c: number) => (norm ? net.batchNorm(name, x, c) : x)
  let x = net.conv('conv1', net.input, 1, 6, { kernel: 3, pad: 1, bias: !norm })
  x = net.relu('relu1', normed('bn1', x, 6))
  x = net.maxPool('pool1', x, 2)
  const y = normed('bn2', net.conv('conv2', x, 6, 6, { kernel: 3, pad: 1, bias: !norm }), 6)
  x = net.relu('relu2', net.add('add', y, x))
  x = net.flatten('flatten', x)
  x = net.relu('relu3', net.linear('fc1', x, 96, 12))
  if (rate) x = net.dropout('dropout', x, rate)
  return net.done({ logits: net.linear('fc2', x, 12, classes) })
}

const IMAGE: Images['shape'] = [1, 8, 8]

/** Images of so many classes, each a pattern with noise on it. */
export const patterns = (count: number, { classes = 4, shape = IMAGE, noise = 0.5, seed = 1 } = {}) => {
  const one = shape[0] * shape[1] * shape[2]
  const next = random(seed)
  const labels = Array.from({ length: count }, (_, i) => (i * 7 + (i >> 2)) % classes)
  const data = new Float32Array(count * one)
  const shown = Array.from({ length: classes }, (_, k) => floats(one, 100 + k))
  for (const [i, label] of labels.entries())
    for (let k = 0; k < one; k++) data[i * one + k] = shown[label]![k]! + noise * (2 * next() - 1)
  return { data, labels, shape } satisfies Images
}

/** The same images in the same batches for every caller. */
export const course = (count: number, batch: number): Dataset => batches(patterns(count), { batch, seed: 3 })

/** All images as one batch. */
export const whole = ({
  data,
  labels,
}: {
  readonly data: Float32Array
  readonly labels: ArrayLike<number>
}): Batch => ({
  input: data,
  labels,
})

const [plain] = trainModules

/** Options of a trainer of `small()`, on the plain build. */
export const begin = (more: Partial<TrainerOptions> = {}): TrainerOptions => ({
  ...{ ...plain!, graph: small(), optimizer: sgd({ lr: 0.05, momentum: 0.9 }), batch: 8, seed: 5 },
  ...more,
})

/** What a promise, or a function, fails with. */
export const failure = async (run: () => unknown): Promise<{ readonly code: string; readonly message: string }> => {
  try {
    await run()
  } catch (error) {
    return error as { readonly code: string; readonly message: string }
  }
  throw new Error('should have failed')
}

export const drain = async <T>(all: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const one of all) found.push(one)
  return found
}

/** Files byte for byte; where they differ, without a list of all bytes. */
export const same = (got: Uint8Array, wanted: Uint8Array, what = 'the files'): void =>
  assert.is(Buffer.compare(got, wanted), 0, `${what} differ`)
