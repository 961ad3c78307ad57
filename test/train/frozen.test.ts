// What is not to be trained stays as it is, byte for byte.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { trainer } from '../../ts/entry/train.js'
import { readModel } from '../../ts/file.js'
import type { Batch, Trainer } from '../../ts/train/api.js'
import type { Model, Tensor } from '../../ts/types.js'
import { trainModules } from '../builds.js'
import { begin, course, drain, failure, small } from './nets.js'

const test = suite('frozen')

/** A model with weights of every kind of float, as files have them. */
const made = async (): Promise<Model> => {
  const t = await trainer(undefined, begin())
  await drain(t.fit(course(16, 8), { epochs: 1 }))
  const { tensors, ...rest } = t.model()
  const half = ({ shape, data }: Tensor): Tensor => ({
    dtype: 'BF16',
    shape,
    data: new Uint8Array(new Uint16Array(data.slice().buffer).filter((_, i) => i % 2 === 1).buffer),
  })
  return { ...rest, tensors: new Map([...tensors].map(([n, v]) => [n, /conv1|bn1|fc1/.test(n) ? half(v) : v])) }
}
const model = await made()

const names = (tensors: ReadonlyMap<string, unknown>) => [...tensors.keys()].sort()
const trainOn = async (t: Trainer) => {
  for (const batch of course(24, 8).epoch(0) as Iterable<Batch>) t.step(batch)
}
/** Names of the tensors whose bytes are others than before. */
const changed = ({ tensors }: Model): string[] =>
  names(tensors).filter(name => {
    const [a, b] = [tensors.get(name)!, model.tensors.get(name)!]
    return a.dtype !== b.dtype || Buffer.compare(a.data, b.data) !== 0
  })

const statistics = (bn: string) => [`${bn}.running_mean`, `${bn}.running_var`]

for (const build of trainModules) {
  test(`${build.build}: only the classifier`, async () => {
    const t = await trainer(model, begin({ ...build, train: ['fc*'] }))
    assert.equal(
      t.parameters.map(({ name, kind }) => `${name} ${kind}`),
      ['fc1.weight weight', 'fc1.bias bias', 'fc2.weight weight', 'fc2.bias bias'],
    )
    await trainOn(t)
    const fc = ['fc1.bias', 'fc1.weight', 'fc2.bias', 'fc2.weight']
    assert.equal(changed(t.model()), fc)
    assert.equal(changed(await readModel(await t.save())), fc)
    assert.equal(names((await readModel(await t.delta())).tensors), fc)
    t.dispose()
  })

  test(`${build.build}: a part in the middle, its batch norm on the batch`, async () => {
    const t = await trainer(model, begin({ ...build, train: ['conv2.weight', 'bn2.weight'] }))
    await trainOn(t)
    const wanted = ['bn2.running_mean', 'bn2.running_var', 'bn2.weight', 'conv2.weight']
    assert.equal(changed(t.model()), wanted)
    assert.equal(names((await readModel(await t.delta())).tensors), wanted)
  })
}

test('everything: all parameters and all statistics', async () => {
  const t = await trainer(model, begin())
  await trainOn(t)
  assert.equal(changed(t.model()), names(model.tensors))
  assert.equal(names((await readModel(await t.delta())).tensors), names(model.tensors))
})

test('frozen batch norms keep their statistics, trained or not', async () => {
  const t = await trainer(model, begin({ norm: 'frozen' }))
  await trainOn(t)
  const still = [...statistics('bn1'), ...statistics('bn2')].sort()
  assert.equal(
    names(model.tensors).filter(name => !changed(t.model()).includes(name)),
    still,
  )
  // In a frozen norm the step sees what evaluation sees: dropout away, the losses are the same.
  const quiet = await trainer(undefined, begin({ graph: small({ rate: 0 }), norm: 'frozen' }))
  for (const batch of course(24, 8).epoch(0) as Iterable<Batch>) {
    const { loss } = await quiet.evaluate([batch])
    assert.ok(Math.abs(quiet.step(batch).loss - loss) < 1e-6 * loss)
  }
})

test('evaluating, predicting, saving and checkpoints change nothing', async () => {
  const [t, undisturbed] = await Promise.all([begin(), begin()].map(options => trainer(model, options)))
  for (const batch of course(40, 8).epoch(0) as Iterable<Batch>) {
    await t!.evaluate(course(16, 8))
    t!.predict(batch.input)
    await t!.save()
    await t!.checkpoint()
    assert.equal(t!.step(batch), undisturbed!.step(batch))
  }
  assert.equal(
    [...t!.model().tensors].map(([n, { data }]) => [n, Buffer.from(data).toString('base64')]),
    [...undisturbed!.model().tensors].map(([n, { data }]) => [n, Buffer.from(data).toString('base64')]),
  )
})

test('the delta, laid over the model that it began with, is the model that was trained', async () => {
  // Trained alike, so that the same batch norms are folded.
  const options = begin({ train: ['conv2.*', 'fc2.*'] })
  const t = await trainer(model, options)
  await trainOn(t)
  const { tensors } = await readModel(await t.delta())
  const whole = { ...model, tensors: new Map([...model.tensors, ...tensors]) }
  const again = await trainer(whole, options)
  const { input } = [...(course(8, 8).epoch(0) as Iterable<Batch>)][0]!
  assert.equal(again.predict(input), t.predict(input))
})

test('constants of the network are trained where they are named, not otherwise', async () => {
  const graph = small()
  const nodes = graph.nodes.flatMap(n =>
    n.name === 'fc2'
      ? [
          { op: 'Mul', name: 'gain', inputs: [n.inputs[0]!, 'three'], outputs: ['gained'], attrs: {} },
          { ...n, inputs: ['gained', ...n.inputs.slice(1)] },
        ]
      : [n],
  )
  const three = { dtype: 'F32' as const, shape: [1], data: new Uint8Array(Float32Array.of(3).buffer) }
  const whole = { graph: { ...graph, nodes }, tensors: new Map([...model.tensors, ['three', three]]) }
  const names = async (train?: string[]) => {
    const { graph: _, ...options } = begin(train && { train })
    return (await trainer(whole, options)).parameters.map(({ name }) => name)
  }
  const layers = await names()
  assert.not(layers.includes('three'))
  assert.equal((await names(['*'])).sort(), [...layers, 'three'].sort())
})

test('patterns that match nothing', async () => {
  const { code, message } = await failure(() => trainer(model, begin({ train: ['fc*', 'classifier.*'] })))
  assert.is(code, 'INPUT')
  assert.match(
    message,
    /train: "classifier\.\*" matches no tensor that can be trained; there are conv1\.weight, bn1\.weight/,
  )
  const statistic = await failure(() => trainer(model, begin({ train: ['bn1.running_mean'] })))
  assert.match(statistic.message, /train: "bn1\.running_mean" matches no tensor that can be trained/)
  // A dot is a dot.
  assert.is((await failure(() => trainer(model, begin({ train: ['fc1xweight'] })))).code, 'INPUT')
  assert.is((await failure(() => trainer(model, begin({ train: ['fc1?weight'] })))).code, 'INPUT')
})

test('nothing at all to train', async () => {
  const { code, message } = await failure(() => trainer(model, begin({ train: [] })))
  assert.is(code, 'GRAPH')
  assert.match(message, /nothing of what is trained leads to logits/)
})

test.run()
