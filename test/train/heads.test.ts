// What is minimised: several outputs, weighted classes, smoothed labels, squared errors.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Builder } from '../../models/builder.js'
import { trainer } from '../../ts/entry/train.js'
import type { Loss } from '../../ts/train/api.js'
import { crossEntropy, mse, sgd } from '../../ts/train.js'
import { begin, failure, patterns, small, whole } from './nets.js'
import { crossEntropy as reference } from './reference.js'

const test = suite('heads')

const batch = whole(patterns(8))

/** One way to the classes, and on it others that go out as well. */
const branching = () => {
  const net = new Builder('input', [1, 1, 8, 8])
  const x = net.flatten('flatten', net.relu('relu', net.conv('conv', net.input, 1, 4, { kernel: 4, stride: 4 })))
  const head = (name: string) => net.linear(name, x, 16, 4)
  return net.done({ logits: head('main'), aux1: head('fc1'), aux2: head('fc2'), other: head('fc3') })
}

const made = (heads?: Loss['heads']) =>
  trainer(
    undefined,
    begin({ graph: branching(), loss: crossEntropy(heads ? { heads } : {}), optimizer: sgd({ lr: 0 }) }),
  )

test('auxiliary heads count 0.3, others nothing, unless told', async () => {
  const none = { aux1: 0, aux2: 0 }
  const weights = [none, { ...none, aux1: 1 }, { ...none, aux2: 1 }, undefined, { other: 2, aux1: 0.5 }]
  const all = await Promise.all(weights.map(made))
  const [main, one, two, usual, told] = all.map(t => t.step(batch).loss) as [number, number, number, number, number]
  const close = (got: number, wanted: number) => assert.ok(Math.abs(got - wanted) < 1e-6, `${got}, should be ${wanted}`)
  close(usual, main + 0.3 * (one - main) + 0.3 * (two - main))
  const only = await made({ ...none, other: 1 })
  close(told, main + 0.5 * (one - main) + 0.3 * (two - main) + 2 * (only.step(batch).loss - main))
  // Gradients add up as the losses do.
  const [g0, g1, g2, g] = all.map(t => t.gradient('conv.weight')) as Float32Array[]
  for (const [i, v] of g!.entries()) close(v, g0![i]! + 0.3 * (g1![i]! - g0![i]!) + 0.3 * (g2![i]! - g0![i]!))
  assert.ok(g!.some((v, i) => Math.abs(v - g0![i]!) > 1e-4))
  // An evaluation is about the main one, whatever there is besides.
  for (const t of all) close((await t.evaluate([batch])).loss, main)
  // A head that counts nothing stays as it is, and is no parameter.
  assert.equal(
    all[3]!.parameters.map(({ name }) => name).filter(name => name.endsWith('weight')),
    ['conv.weight', 'main.weight', 'fc1.weight', 'fc2.weight'],
  )
  assert.ok(all[4]!.gradient('fc3.weight').some(v => v !== 0))
  assert.equal(all[3]!.model().tensors.get('fc3.weight'), all[4]!.model().tensors.get('fc3.weight'))
})

test('what only an output leads to that counts nothing is not trained', async () => {
  const { code, message } = await failure(() => trainer(undefined, begin({ graph: branching(), train: ['fc3.*'] })))
  assert.is(code, 'GRAPH')
  assert.match(message, /nothing of what is trained leads to logits/)
})

test('the loss of an evaluation is the loss of a step that changes nothing', async () => {
  const losses: readonly Loss[] = [
    crossEntropy(),
    crossEntropy({ smoothing: 0.2 }),
    crossEntropy({ classWeights: [1, 2, 0.5, 3] }),
    crossEntropy({ classWeights: [1, 0, 0.5, 3], smoothing: 0.1 }),
  ]
  const told = new Set<number>()
  for (const loss of losses) {
    const t = await trainer(undefined, begin({ graph: small({ norm: false, rate: 0 }), loss }))
    const evaluated = await t.evaluate([batch])
    const scores = { shape: [8, 4], data: Float64Array.from(t.predict(batch.input)) }
    const wanted = reference(scores, batch.labels, loss.smoothing, loss.classWeights)
    assert.ok(Math.abs(evaluated.loss - wanted) < 1e-6, `${evaluated.loss}, should be ${wanted}`)
    const { loss: value, correct } = t.step(batch)
    assert.ok(Math.abs(evaluated.loss - value) < 1e-6)
    assert.is(evaluated.accuracy, correct / 8)
    told.add(value)
  }
  assert.is(told.size, losses.length)
})

test('an evaluation in parts is that of the whole', async () => {
  const t = await trainer(undefined, begin())
  const { input, labels } = batch
  const part = (from: number, to: number) => ({
    input: input.subarray(from * 64, to * 64),
    labels: Array.from(labels).slice(from, to),
  })
  const [one, parts] = [await t.evaluate([batch]), await t.evaluate([part(0, 3), part(3, 4), part(4, 8)])]
  assert.ok(Math.abs(one.loss - parts.loss) < 1e-6)
  assert.equal({ ...one, loss: 0 }, { ...parts, loss: 0 })
})

test('squared errors: a network that learns numbers', async () => {
  const net = new Builder('input', [1, 1, 2, 2])
  const graph = net.done({ y: net.linear('fc', net.flatten('flatten', net.input), 4, 2) })
  const t = await trainer(undefined, begin({ graph, loss: mse(), optimizer: sgd({ lr: 0.2 }) }))
  const { data } = patterns(8, { shape: [1, 2, 2], classes: 8 })
  const target = Float32Array.from({ length: 16 }, (_, i) => {
    const [a, b, c, d] = data.subarray((i >> 1) * 4)
    return i % 2 ? 2 * a! - c! + 0.5 : b! + 0.25 * d! - 1
  })
  let loss = Number.POSITIVE_INFINITY
  for (let step = 0; step < 1500; step++) loss = t.step({ input: data, labels: target }).loss
  assert.ok(loss < 1e-6, `${loss}`)
  const w = new Float32Array(t.model().tensors.get('fc.weight')!.data.slice().buffer)
  for (const [i, v] of [0, 1, 0, 0.25, 2, 0, -1, 0].entries()) assert.ok(Math.abs(w[i]! - v) < 0.01, `${w}`)
  assert.ok((await t.evaluate([{ input: data, labels: target }])).loss < 1e-6)
  assert.ok(Math.abs(t.predict(data)[0]! - target[0]!) < 0.01)
  const { message } = await failure(() => t.step({ input: data, labels: target.subarray(1) }))
  assert.match(
    message,
    /a batch is 1 to 8 images of 4 numbers \(1×2×2\) and 2 number\(s\) of labels each; got 32 and 15/,
  )
})

test.run()
