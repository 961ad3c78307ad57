// A frozen beginning that runs once for each image.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Builder } from '../../models/builder.js'
import { planTraining, trainer } from '../../ts/entry/train.js'
import type { Batch, Dataset } from '../../ts/train/api.js'
import { batches } from '../../ts/train/data.js'
import { flip } from '../../ts/train.js'
import { begin, course, drain, failure, patterns, small } from './nets.js'

const test = suite('features')

/** Frozen: two convolutions. What goes over to the trained part is a vector, whose numbers lie in one order everywhere. */
const network = () => {
  const net = new Builder('input', [1, 1, 8, 8])
  let x = net.relu(
    'relu1',
    net.batchNorm('bn1', net.conv('conv1', net.input, 1, 6, { kernel: 3, pad: 1, bias: false }), 6),
  )
  x = net.relu('relu2', net.conv('conv2', net.maxPool('pool1', x, 2), 6, 20, { kernel: 3, pad: 1 }))
  x = net.flatten('flatten', net.globalAveragePool('gap', x))
  x = net.dropout('dropout', net.relu('relu3', net.linear('fc1', x, 20, 12)), 0.25)
  return net.done({ logits: net.linear('fc2', x, 12, 4) })
}

const head = { graph: network(), train: ['fc*'] }

/** A data set that hands out its own images in the first epoch only, then zeros under the same names. */
const forgetful = (data: Dataset): Dataset => ({
  ...data,
  *epoch(n) {
    for (const batch of data.epoch(n) as Iterable<Batch>)
      yield n === 0 ? batch : { ...batch, input: new Float32Array(batch.input.length) }
  },
})

const trained = async (data: Dataset, cacheFeatures: boolean, validation?: Dataset) => {
  const t = await trainer(undefined, begin({ ...head, cacheFeatures }))
  const epochs = await drain(t.fit(data, { epochs: 3, ...(validation && { validation }) }))
  const bytes = await t.save()
  t.dispose()
  return { epochs: epochs.map(({ loss, accuracy, validation }) => ({ loss, accuracy, validation })), bytes }
}

test('the same training, bit for bit', async () => {
  const [plain, cached] = [await trained(course(20, 8), false), await trained(course(20, 8), true)]
  assert.equal(cached.epochs, plain.epochs)
  assert.is(Buffer.compare(cached.bytes, plain.bytes), 0)
})

test('an image is looked at once', async () => {
  const [plain, cached] = [await trained(course(20, 8), true), await trained(forgetful(course(20, 8)), true)]
  assert.equal(cached.epochs, plain.epochs)
  // Without the cache the zeros are seen.
  assert.not.equal((await trained(forgetful(course(20, 8)), false)).epochs, plain.epochs)
})

test('a batch for step is looked at once, too', async () => {
  const [plain, cached] = await Promise.all(
    [false, true].map(cacheFeatures => trainer(undefined, begin({ ...head, cacheFeatures }))),
  )
  const [batch] = course(8, 8).epoch(0) as Iterable<Batch>
  for (const input of [batch!.input, new Float32Array(batch!.input.length)])
    assert.equal(cached!.step({ ...batch!, input }), plain!.step(batch!))
})

test('images of another data set have names of their own', async () => {
  const validation = batches(patterns(16, { seed: 9 }), { batch: 8, shuffle: false })
  const [plain, cached] = [
    await trained(course(20, 8), false, validation),
    await trained(course(20, 8), true, validation),
  ]
  assert.equal(cached.epochs, plain.epochs)
})

test('predict, checkpoint and resume', async () => {
  const t = await trainer(undefined, begin({ ...head, cacheFeatures: true }))
  await drain(t.fit(course(20, 8), { epochs: 2 }))
  const other = await trainer(undefined, begin({ ...head, cacheFeatures: true }))
  await other.resume(await t.checkpoint())
  const { data } = patterns(5)
  assert.equal(other.predict(data), t.predict(data))
  assert.is(other.steps, 6)
  const plain = await trainer(t.model(), begin({ train: ['fc*'] }))
  assert.equal(plain.predict(data), t.predict(data))
})

test('what it costs is known beforehand', async () => {
  for (const cacheFeatures of [false, true]) {
    const options = begin({ ...head, cacheFeatures })
    const plan = await planTraining(undefined, options)
    const t = await trainer(undefined, options)
    assert.equal(t.memory, plan.memory)
    assert.equal(t.parameters, plan.parameters)
    assert.is(plan.memory.frozen > 0, cacheFeatures)
    const { total } = plan.memory
    assert.match(
      (await failure(() => planTraining(undefined, { ...options, memoryLimit: total - 1 }))).message,
      `${total} bytes`,
    )
  }
})

test('what cannot be kept is refused', async () => {
  const fails = async (more: Parameters<typeof begin>[0]) =>
    (await failure(() => trainer(undefined, begin({ ...more, cacheFeatures: true })))).message
  assert.match(await fails({ graph: small() }), /the trained part reads "input"/)
  assert.match(await fails({ graph: small(), train: ['bn2.weight', 'fc*'] }), /the trained part reads "conv2", "pool1"/)
  const t = await trainer(undefined, begin({ ...head, cacheFeatures: true }))
  const augmented = batches(patterns(8), { batch: 8, augment: [flip()] })
  assert.match((await failure(() => drain(t.fit(augmented, { epochs: 1 })))).message, /ids/)
})

test.run()
