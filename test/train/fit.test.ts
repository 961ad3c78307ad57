// Training as a whole: it learns, it stops where it should, and it goes on where it stopped.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { trainer } from '../../ts/entry/train.js'
import type { Batch, Batches, Dataset } from '../../ts/train/api.js'
import { adam, cosine, momentum, sgd } from '../../ts/train.js'
import { trainModules } from '../builds.js'
import { begin, course, drain, failure, patterns, same, small, whole } from './nets.js'

const test = suite('fit')

/** From the third epoch on all labels are wrong: it cannot get better. */
const worse: Dataset = {
  steps: 4,
  *epoch(n) {
    for (const batch of course(32, 8).epoch(0) as Iterable<Batch>)
      yield n < 2 ? batch : { ...batch, labels: Array.from(batch.labels, l => (l + 1) % 4) }
  },
}

for (const build of trainModules)
  test(`${build.build}: learns a few images by heart`, async () => {
    const t = await trainer(undefined, begin({ ...build, graph: small({ rate: 0 }), optimizer: adam({ lr: 0.01 }) }))
    const epochs = await drain(t.fit(course(16, 8), { epochs: 60 }))
    assert.ok(epochs.at(-1)!.loss < 1e-3, `loss ${epochs.at(-1)!.loss}`)
    assert.is(epochs.at(-1)!.accuracy, 1)
    assert.is((await t.evaluate(course(16, 8))).accuracy, 1)
    t.dispose()
  })

test('a smaller last batch', async () => {
  const t = await trainer(undefined, begin())
  const data = course(19, 8)
  assert.is(data.steps, 3)
  const counts: number[] = []
  const [epoch] = await drain(t.fit(data, { epochs: 1, onStep: ({ count }) => counts.push(count) }))
  assert.equal(counts, [8, 8, 3])
  assert.is(epoch!.images, 19)
  assert.is((await t.evaluate(data)).count, 19)
  // The images of a run that has fewer are computed as in a full one.
  const { data: input } = patterns(8)
  const all = t.predict(input)
  assert.equal(t.predict(input.subarray(0, 3 * 64)), all.subarray(0, 12))
})

test('data of every kind: the same batches, the same weights', async () => {
  const list = [...(course(24, 8).epoch(0) as Iterable<Batch>)]
  async function* later() {
    for (const batch of list) yield await Promise.resolve(batch)
  }
  const kinds: Batches[] = [
    list,
    { [Symbol.asyncIterator]: later },
    { [Symbol.iterator]: () => list[Symbol.iterator]() },
    { steps: 3, epoch: () => list },
    { steps: 3, epoch: later },
  ]
  const files: Uint8Array[] = []
  for (const data of kinds) {
    const t = await trainer(undefined, begin())
    await drain(t.fit(data, { epochs: 2, schedule: cosine(), stepsPerEpoch: 3 }))
    files.push(await t.save())
  }
  for (const file of files) same(file, files[0]!)
})

test('what onStep and epochs tell', async () => {
  const t = await trainer(undefined, begin())
  const seen: { epoch: number; step: number; steps: number | undefined; lr: number }[] = []
  const options = { epochs: 2, validation: course(8, 8), schedule: cosine() }
  const epochs = await drain(t.fit(course(16, 8), { ...options, onStep: p => seen.push(p) }))
  assert.equal(
    seen.map(({ epoch, step, steps }) => [epoch, step, steps]),
    [
      [1, 1, 4],
      [1, 2, 4],
      [2, 3, 4],
      [2, 4, 4],
    ],
  )
  for (const [i, { lr }] of seen.entries())
    assert.ok(Math.abs(lr - (0.05 * (1 + Math.cos((Math.PI * i) / 4))) / 2) < 1e-15)
  assert.equal(
    epochs.map(({ epoch, images, validation }) => [epoch, images, validation?.count]),
    [
      [1, 16, 8],
      [2, 16, 8],
    ],
  )
  assert.equal(t.history, epochs)
  assert.is(t.steps, 4)
  const { confusion, accuracy } = epochs[1]!.validation!
  assert.is(
    confusion.flat().reduce((a, b) => a + b),
    8,
  )
  assert.is(
    confusion.reduce((sum, row, i) => sum + row[i]!, 0),
    accuracy * 8,
  )
})

test('the best epoch is the one of the lowest loss, validated or not', async () => {
  for (const validation of [undefined, course(16, 8)]) {
    const t = await trainer(undefined, begin({ optimizer: sgd({ lr: 0.02 }) }))
    const epochs = await drain(t.fit(worse, { epochs: 5, ...(validation && { validation }) }))
    let least = Number.POSITIVE_INFINITY
    for (const { best, loss, validation } of epochs) {
      const value = validation?.loss ?? loss
      assert.is(best, value < least)
      least = Math.min(least, value)
    }
    assert.ok(epochs.some(({ best }) => !best))
  }
})

test('not a number: names the step and the first layer, and the weights stay', async () => {
  const t = await trainer(undefined, begin({ optimizer: sgd({ lr: 1e30 }) }))
  const batch = whole(patterns(8))
  t.step(batch)
  const before = await t.save()
  const error = await failure(() => t.step(batch))
  assert.is(error.code, 'INPUT')
  assert.match(
    error.message,
    /step 2: the loss is no longer finite, first in \w+ "(conv1|bn1|conv2|bn2|add|fc1|fc2)[^"]*"\. The weights are those before the step; try a lower learning rate, or clip gradients/,
  )
  same(await t.save(), before)
  assert.is(t.steps, 1)
})

test('not a number in the input: the first layer is named', async () => {
  const t = await trainer(undefined, begin())
  const batch = whole(patterns(8))
  const before = await t.save()
  const input = batch.input.slice()
  input[77] = Number.NaN
  const error = await failure(() => t.step({ ...batch, input }))
  assert.match(error.message, /step 1: the loss is no longer finite, first in Conv "conv1"/)
  same(await t.save(), before)
  // And it goes on as if that batch had not been.
  const other = await trainer(undefined, begin())
  assert.equal(t.step(batch), other.step(batch))
  same(await t.save(), await other.save())
})

test('a loss that grows out of all proportion stops training', async () => {
  const t = await trainer(undefined, begin({ optimizer: momentum({ lr: 30 }), graph: small({ norm: false }) }))
  const before = await t.save()
  const error = await failure(() => drain(t.fit(course(64, 8), { epochs: 1 })))
  assert.is(error.code, 'INPUT')
  assert.match(
    error.message,
    /step \d+: the loss has grown from \S+ to \S+, training diverges\. The weights are those of the beginning of epoch 1; try a lower learning rate/,
  )
  same(await t.save(), before)
})

test('astray in the last step: no later one tells', async () => {
  for (const epochs of [1, 2]) {
    const t = await trainer(undefined, begin())
    const data = course(16, 8)
    if (epochs === 2) await drain(t.fit(data, { epochs: 1 }))
    const before = await t.save()
    const last = epochs * 2 - 1
    const schedule = (step: number) => (step === last ? 1e41 : 1)
    const { code, message } = await failure(() => drain(t.fit(data, { epochs, schedule })))
    assert.is(code, 'INPUT')
    assert.match(
      message,
      new RegExp(
        `^step ${last + 1}: (conv|bn|fc)[12]\\.\\w+ is no longer finite\\. The weights are those of the beginning of epoch ${epochs}; try a lower`,
      ),
    )
    same(await t.save(), before)
    assert.is(t.steps, last - 1)
    assert.is(t.history.length, epochs - 1)
  }
})

test('astray in the second epoch: all is as it was when the epoch began', async () => {
  const options = begin({ optimizer: momentum({ lr: 0.01 }), accumulate: 3 })
  for (const huge of [1e4, 1e30]) {
    const t = await trainer(undefined, options)
    const data = course(32, 8)
    await drain(t.fit(data, { epochs: 1 }))
    const before = await t.checkpoint()
    const error = await failure(() => drain(t.fit(data, { epochs: 2, schedule: () => huge })))
    assert.match(
      error.message,
      /(diverges|no longer finite).*\. The weights are those of the beginning of epoch 2; try/,
    )
    assert.is(t.steps, 1)
    const other = await trainer(undefined, options)
    await other.resume(before)
    same(await t.save(), await other.save())
    const losses = async (of: typeof t) => (await drain(of.fit(data, { epochs: 2 }))).map(({ loss }) => loss)
    assert.equal(await losses(t), await losses(other))
    same(await t.save(), await other.save())
  }
})

for (const [patience, epochs] of [
  [2, 20],
  [10, 4],
] as const)
  test(`patience ${patience} of ${epochs} epochs: ends with the best weights`, async () => {
    const t = await trainer(undefined, begin({ optimizer: sgd({ lr: 0.02 }) }))
    const validation = course(16, 8)
    const files: Uint8Array[] = []
    const told = []
    for await (const epoch of t.fit(worse, { epochs, validation, patience })) {
      told.push(epoch)
      files.push(await t.save())
    }
    const best = told.findLast(({ best }) => best)!
    assert.is(told.length, Math.min(best.epoch + patience, epochs))
    assert.ok(best.epoch < told.length && told.length < 20)
    same(await t.save(), files[best.epoch - 1]!)
    assert.ok(Math.abs((await t.evaluate(validation)).loss - best.validation!.loss) < 1e-9)
  })

for (const build of trainModules)
  test(`${build.build}: computed again, the losses are the same and the memory is less`, async () => {
    const [kept, again] = await Promise.all(
      [false, true].map(recompute => trainer(undefined, begin({ ...build, recompute }))),
    )
    for (const batch of course(40, 8).epoch(0) as Iterable<Batch>) assert.equal(again!.step(batch), kept!.step(batch))
    same(await again!.save(), await kept!.save())
    assert.ok(again!.memory.arena < kept!.memory.arena, `${again!.memory.arena} of ${kept!.memory.arena}`)
  })

test('accumulate: two halves are one whole', async () => {
  const graph = small({ norm: false, rate: 0 })
  const [one, two] = await Promise.all(
    [1, 2].map(accumulate => trainer(undefined, begin({ graph, accumulate, clip: { norm: 0.1 } }))),
  )
  for (const { input, labels } of course(32, 8).epoch(0) as Iterable<Batch>) {
    const result = one!.step({ input, labels })
    const [a, b] = [0, 4].map(i =>
      two!.step({ input: input.subarray(i * 64, (i + 4) * 64), labels: Array.from(labels).slice(i, i + 4) }),
    )
    assert.is(a!.gradientNorm, undefined)
    assert.ok(Math.abs(b!.gradientNorm! - result.gradientNorm!) < 1e-5 * result.gradientNorm!)
    assert.ok(Math.abs((a!.loss + b!.loss) / 2 - result.loss) < 1e-5 * result.loss)
  }
  assert.is(two!.steps, one!.steps)
  for (const { name } of one!.parameters) {
    const [a, b] = [one!.gradient(name), two!.gradient(name)]
    const most = Math.max(...a.map(Math.abs))
    for (const [i, v] of a.entries()) assert.ok(Math.abs(v - b[i]!) <= 1e-5 * most, `${name} ${i}: ${v} and ${b[i]}`)
  }
})

test.run()
