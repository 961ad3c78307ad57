// A tensor lies in memory as its readers want it: whoever reads it, training must reach it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Builder, type Network } from '../../models/builder.js'
import { load } from '../../ts/entry/node.js'
import { trainer } from '../../ts/entry/train.js'
import { adam } from '../../ts/train.js'
import { modules } from '../builds.js'
import { begin, course, drain, failure, patterns } from './nets.js'

const test = suite('forms')

/** Map → Flatten → something → Gemm: the Gemm's columns are permuted, unless what is between has put the map in order. */
const between = (something: (net: Builder, x: string) => string): Network => {
  const net = new Builder('input', [1, 1, 8, 8])
  const x = net.maxPool('pool', net.relu('relu', net.conv('conv', net.input, 1, 6, { kernel: 3, pad: 1 })), 2)
  return net.done({ logits: net.linear('fc', something(net, net.flatten('flatten', x)), 96, 4) })
}
const { data: input, labels } = patterns(8)

const forms: Readonly<Record<string, Network>> = {
  nothing: between((_, x) => x),
  dropout: between((net, x) => net.dropout('dropout', x, 0.25)),
  'two dropouts and an activation': between((net, x) =>
    net.dropout('dropout2', net.relu('relu2', net.dropout('dropout', x, 0.25)), 0.1),
  ),
  'batch norm of features': between((net, x) => net.batchNorm('bn', x, 96)),
  'dropout, then batch norm': between((net, x) => net.batchNorm('bn', net.dropout('dropout', x, 0.25), 96)),
  'batch norm, then dropout': between((net, x) => net.dropout('dropout', net.batchNorm('bn', x, 96), 0.25)),
  'a sum with itself': between((net, x) => net.add('add', net.relu('relu2', x), x)),
}
for (const [name, graph] of Object.entries(forms))
  test(`between a map and a Gemm: ${name}`, async () => {
    const t = await trainer(undefined, begin({ graph, optimizer: adam({ lr: 0.01 }) }))
    const [first] = await drain(t.fit(course(32, 8), { epochs: 6 }))
    assert.ok(t.history.at(-1)!.loss < 0.7 * first!.loss, `${first!.loss} → ${t.history.at(-1)!.loss}`)
    const wanted = t.predict(input)
    const net = await load(await t.save(), { ...modules[0]!, batch: 8 })
    const got = net.run(input) as unknown as Record<string, Float32Array>
    const most = Math.max(...wanted.map(Math.abs))
    for (const [i, v] of got.logits!.entries())
      assert.ok(Math.abs(v - wanted[i]!) <= 2e-6 * most, `score ${i} is ${v}, was ${wanted[i]} when trained`)
    // What is resumed is what was saved.
    const again = await trainer(undefined, begin({ graph, optimizer: adam({ lr: 0.01 }) }))
    await again.resume(await t.checkpoint())
    assert.equal(again.predict(input), t.predict(input))
    assert.equal(again.step({ input, labels }), t.step({ input, labels }))
  })

test('dropout does not make the weights behind it be kept twice', async () => {
  const weights = async (graph: Network) => (await trainer(undefined, begin({ graph }))).memory.weights
  assert.is(await weights(forms.dropout!), await weights(forms.nothing!))
})

for (const place of ['before', 'behind'] as const)
  test(`dropout ${place} Flatten has one mask, forwards and back`, async () => {
    const net = new Builder('input', [1, 1, 8, 8])
    let x = net.conv('conv', net.input, 1, 6, { kernel: 2, stride: 2 })
    if (place === 'before') x = net.dropout('dropout', x, 0.4)
    x = net.flatten('flatten', x)
    if (place === 'behind') x = net.dropout('dropout', x, 0.4)
    const t = await trainer(undefined, begin({ graph: net.done({ logits: net.linear('fc', x, 96, 4) }) }))
    const w = new Float32Array(t.model().tensors.get('fc.weight')!.data.slice().buffer)
    t.step({ input: input.subarray(0, 64), labels: [labels[0]!] })
    // Of one image: d fc.weight = dz · xᵀ, which is 0 where x was dropped; d conv.bias = Σ mask · (Wᵀ · dz) / 0.6 over the pixels.
    const [dw, dz, db] = ['fc.weight', 'fc.bias', 'conv.bias'].map(name => t.gradient(name)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    const kept = Array.from({ length: 96 }, (_, i) => dw[i] !== 0)
    const share = kept.filter(Boolean).length / 96
    assert.ok(share > 0.4 && share < 0.8, `${share} kept`)
    for (const [c, got] of db.entries()) {
      let wanted = 0
      for (let i = c * 16; i < (c + 1) * 16; i++)
        if (kept[i]) wanted += dz.reduce((sum, d, k) => sum + d * w[k * 96 + i]!, 0) / 0.6
      assert.ok(Math.abs(got - wanted) < 1e-6, `channel ${c}: ${got}, should be ${wanted}`)
    }
  })

/** Two layers 8 → 8 with weights of these names, behind a map of 1×1 or of 2×2 pixels. */
const pair = (names: readonly [string, string], map: 1 | 2): Network => {
  const net = new Builder('input', [1, 1, 8, 8])
  const channels = 8 / map ** 2
  let x = net.flatten('flatten', net.conv('conv', net.input, 1, channels, { kernel: 9 - map }))
  for (const [i, name] of names.entries()) {
    const isShared = names.indexOf(name) < i
    const y = isShared
      ? net.node('Gemm', `${name} again`, [x, `${name}.weight`, `${name}.bias`])
      : net.linear(name, x, 8, 8)
    x = net.tanh(`tanh${i}`, y)
  }
  return net.done({ logits: net.linear('fc', x, 8, 4) })
}

test('weights that two layers share have the sum of both gradients', async () => {
  const tied = await trainer(undefined, begin({ graph: pair(['a', 'a'], 1) }))
  const given = tied.model().tensors
  const tensors = new Map([...given, ['b.weight', given.get('a.weight')!], ['b.bias', given.get('a.bias')!]])
  const graph = (await trainer(undefined, begin({ graph: pair(['a', 'b'], 1) }))).model().graph!
  const apart = await trainer({ graph, tensors }, begin())
  const results = [tied, apart].map(t => t.step({ input, labels }))
  assert.is(results[0]!.loss, results[1]!.loss)
  for (const part of ['weight', 'bias']) {
    const [sum, a, b] = [tied.gradient(`a.${part}`), apart.gradient(`a.${part}`), apart.gradient(`b.${part}`)]
    const most = Math.max(...sum.map(Math.abs))
    for (const [i, v] of sum.entries()) assert.ok(Math.abs(v - a[i]! - b[i]!) <= 1e-6 * most, `${part} ${i}`)
  }
})

test('weights that two layers would read in different orders are refused', async () => {
  const { code, message } = await failure(() => trainer(undefined, begin({ graph: pair(['a', 'a'], 2) })))
  assert.is(code, 'SHAPE')
  assert.match(
    message,
    /Gemm "a again": a\.weight is read by another node in another order; training cannot keep the two alike/,
  )
})

test.run()
