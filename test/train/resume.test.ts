// A run that is killed and resumed equals one that was not, byte for byte.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { trainer } from '../../ts/entry/train.js'
import type { Batch, Dataset } from '../../ts/train/api.js'
import { adam, constant, cosine, momentum, rmsprop, sgd } from '../../ts/train.js'
import { begin, course, drain, failure, same, small } from './nets.js'

const test = suite('resume')

const data = course(30, 8)
const options = { epochs: 4, schedule: cosine(), validation: course(8, 8) }

for (const optimizer of [sgd({ lr: 0.05 }), momentum({ lr: 0.02 }), rmsprop({ lr: 0.002, momentum: 0.5 }), adam()])
  test(`at an epoch's end: ${optimizer.name}, ${optimizer.moments} moments`, async () => {
    const whole = await trainer(undefined, begin({ optimizer }))
    await drain(whole.fit(data, options))
    const first = await trainer(undefined, begin({ optimizer }))
    let kept: Uint8Array | undefined
    for await (const { epoch } of first.fit(data, options))
      if (epoch === 2) {
        kept = await first.checkpoint()
        break
      }
    const second = await trainer(undefined, begin({ optimizer }))
    await second.resume(kept!)
    assert.is(second.steps, 8)
    assert.is(second.history.length, 2)
    await drain(second.fit(data, options))
    same(await second.save(), await whole.save())
    assert.is(second.history.length, 4)
    const told = (t: typeof whole) => t.history.map(({ seconds, ...rest }) => rest)
    assert.equal(told(second), told(whole))
    // The trainer that was interrupted can go on as well.
    await drain(first.fit(data, options))
    same(await first.save(), await whole.save())
  })

test('in the middle of an epoch', async () => {
  const whole = await trainer(undefined, begin({ optimizer: adam() }))
  await drain(whole.fit(data, options))
  for (const stop of [1, 3, 4, 6]) {
    const first = await trainer(undefined, begin({ optimizer: adam() }))
    const control = new AbortController()
    const running = { ...options, signal: control.signal }
    const error = await failure(() =>
      drain(first.fit(data, { ...running, onStep: () => first.steps === stop && control.abort() })),
    )
    assert.is(error.code, 'ABORTED')
    assert.is(first.steps, stop)
    const second = await trainer(undefined, begin({ optimizer: adam() }))
    await second.resume(await first.checkpoint())
    const epochs = await drain(second.fit(data, options))
    same(await second.save(), await whole.save(), `stopped after ${stop}`)
    assert.is(epochs[0]!.images, 30)
    const { loss, lr } = whole.history[epochs[0]!.epoch - 1]!
    assert.is(epochs[0]!.loss, loss)
    // Also where no batch was left.
    assert.is(epochs[0]!.lr, lr)
  }
})

test('the time of an epoch is that of both its parts', async () => {
  const slow: Dataset = {
    steps: data.steps,
    async *epoch(n) {
      for (const batch of data.epoch(n) as Iterable<Batch>) {
        await new Promise(done => setTimeout(done, 40))
        yield batch
      }
    },
  }
  const first = await trainer(undefined, begin())
  const control = new AbortController()
  await failure(() =>
    drain(first.fit(slow, { epochs: 1, signal: control.signal, onStep: () => first.steps === 3 && control.abort() })),
  )
  const second = await trainer(undefined, begin())
  await second.resume(await first.checkpoint())
  let speed = 0
  const [epoch] = await drain(
    second.fit(data, {
      epochs: 1,
      onStep: ({ imagesPerSecond }) => {
        speed = imagesPerSecond
      },
    }),
  )
  assert.ok(epoch!.seconds > 0.115, `${epoch!.seconds} s`)
  // That of now, when nothing is waited for: then it was 200 at most.
  assert.ok(speed > 0)
})

test('in the middle of an accumulation', async () => {
  const some = { optimizer: momentum({ lr: 0.02 }), accumulate: 3 }
  const whole = await trainer(undefined, begin(some))
  await drain(whole.fit(data, { epochs: 3 }))
  const first = await trainer(undefined, begin(some))
  const control = new AbortController()
  let batches = 0
  await failure(() =>
    drain(first.fit(data, { epochs: 3, signal: control.signal, onStep: () => ++batches === 5 && control.abort() })),
  )
  const second = await trainer(undefined, begin(some))
  await second.resume(await first.checkpoint())
  await drain(second.fit(data, { epochs: 3 }))
  same(await second.save(), await whole.save())
})

test('the best weights come along, for who stops early', async () => {
  const early = { ...options, epochs: 6, schedule: constant(), validation: course(8, 8), patience: 2 }
  // From the third epoch on it gets worse.
  const worse: Dataset = {
    steps: data.steps,
    *epoch(n) {
      for (const batch of data.epoch(n) as Iterable<Batch>)
        yield n < 2 ? batch : { ...batch, labels: Array.from(batch.labels, l => (l + 1) % 4) }
    },
  }
  const whole = await trainer(undefined, begin())
  await drain(whole.fit(worse, early))
  const { epoch } = whole.history.findLast(({ best }) => best)!
  assert.is(whole.history.length, epoch + 2)
  const first = await trainer(undefined, begin())
  let kept: Uint8Array | undefined
  for await (const told of first.fit(worse, early))
    if (told.epoch === epoch + 1) {
      const now = await first.save()
      kept = await first.checkpoint()
      same(await first.save(), now, 'before and after')
    }
  const second = await trainer(undefined, begin())
  await second.resume(kept!)
  assert.is(second.history.length, epoch + 1)
  await drain(second.fit(worse, early))
  same(await second.save(), await whole.save())
})

test('a checkpoint resumed over a trainer that has gone elsewhere', async () => {
  const t = await trainer(undefined, begin())
  await drain(t.fit(data, { epochs: 1 }))
  const kept = await t.checkpoint()
  await drain(t.fit(data, { epochs: 2 }))
  const after = await t.save()
  await t.resume(kept)
  assert.is(t.steps, 4)
  assert.is(t.history.length, 1)
  await drain(t.fit(data, { epochs: 2 }))
  same(await t.save(), after)
})

test('checkpoints that do not fit', async () => {
  const t = await trainer(undefined, begin())
  await drain(t.fit(data, { epochs: 1 }))
  const kept = await t.checkpoint()
  const saved = await t.save()
  assert.match(
    (await failure(() => t.resume(saved))).message,
    /is no checkpoint; a model is loaded by `trainer` itself/,
  )
  const other = await trainer(undefined, begin({ optimizer: adam() }))
  assert.match((await failure(() => other.resume(kept))).message, /the checkpoint is of sgd, the trainer has adam/)
  const wider = await trainer(undefined, begin({ graph: small({ classes: 5 }) }))
  const before = await wider.save()
  const { code, message } = await failure(() => wider.resume(kept))
  assert.is(code, 'INPUT')
  assert.match(message, /no "fc2\.weight" of the shape that is trained; was it made with other options\?/)
  same(await wider.save(), before, 'nothing is changed by a checkpoint that does not fit')
  assert.is((await failure(() => t.resume(kept.subarray(0, 200)))).code, 'FILE')
  // What would be left out is refused, too: the network would be a mixture of two.
  const head = await trainer(undefined, begin({ train: ['fc2.*'] }))
  const begun = await head.save()
  const more = await failure(() => head.resume(kept))
  assert.match(more.message, /the checkpoint has "[^"]+", which is not trained; was it made with other options\?/)
  same(await head.save(), begun)
})

test.run()
