// What training owes to the papers: normalised maps, dropout's expectation, variances that initialisers keep, clipped gradients.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Builder } from '../../models/builder.js'
import { trainer } from '../../ts/entry/train.js'
import type { Initialiser, Parameter, Trainer } from '../../ts/train/api.js'
import { generator } from '../../ts/train/random.js'
import { adam, biasAndNorm, he, lecun, mse, sgd, xavier, zeros } from '../../ts/train.js'
import { trainModules } from '../builds.js'
import { floats, random } from '../random.js'
import { begin, patterns, same, small, whole } from './nets.js'

const test = suite('properties')

const about = (got: number, wanted: number, within: number, what: string) =>
  assert.ok(Math.abs(got - wanted) <= within, `${what} is ${got}, should be ${wanted} ± ${within}`)

for (const build of trainModules)
  test(`${build.build}: a batch norm's maps have mean 0 and variance 1 in every channel`, async () => {
    for (const [c, h, w, n] of [
      [1, 4, 4, 3],
      [5, 3, 7, 2],
      [8, 1, 1, 6],
      [13, 9, 2, 4],
    ] as const) {
      const net = new Builder('input', [1, c, h, w])
      const x = net.conv('conv', net.input, c, c, { kernel: 1 })
      const graph = net.done({ y: net.flatten('flatten', net.batchNorm('bn', x, c, 0)) })
      const t = await trainer(undefined, begin({ ...build, graph, batch: n, loss: mse(), optimizer: sgd({ lr: 0 }) }))
      const next = random(c * h)
      const input = Float32Array.from({ length: n * c * h * w }, (_, i) => 3 + next() * (1 + (i % 5)))
      // Of the mean square of y = x̂: d shift = 2 · mean(x̂) / c, d scale = 2 · mean(x̂²) / c.
      const { loss } = t.step({ input, labels: new Float32Array(input.length) })
      about(loss, 1, 1e-5, 'the mean square of all')
      for (const v of t.gradient('bn.bias')) about((v * c) / 2, 0, 2e-6, 'the mean of a channel')
      for (const v of t.gradient('bn.weight')) about((v * c) / 2, 1, 1e-5, 'the variance of a channel')
      t.dispose()
    }
  })

test('dropout keeps the expectation, and draws anew for every step, seed and layer', async () => {
  const masks = async (seed: number, rate: number, steps: number, accumulate = 1): Promise<number[][][]> => {
    const net = new Builder('input', [1, 1, 16, 32])
    const one = (name: string) =>
      net.linear(`fc ${name}`, net.dropout(name, net.flatten(`flat ${name}`, net.input), rate), 512, 1)
    const graph = net.done({ y: net.concat('y', [one('a'), one('b')]) })
    const options = { graph, seed, accumulate, batch: 1, loss: mse(), optimizer: sgd({ lr: 0 }) }
    const t = await trainer(undefined, begin(options))
    const input = new Float32Array(512).fill(1)
    return Array.from({ length: steps }, () => {
      t.step({ input, labels: [5, 5] })
      // d fc = dz · x: what is left of every 1.
      return ['a', 'b'].map(name => {
        const dz = t.gradient(`fc ${name}.bias`)[0]!
        return Array.from(t.gradient(`fc ${name}.weight`), v => v / dz)
      })
    })
  }
  for (const rate of [0.1, 0.5, 0.8]) {
    const all = (await masks(1, rate, 20)).flat(2)
    for (const v of all) if (v !== 0) about(v, 1 / (1 - rate), 1e-5, 'what is kept')
    const deviation = Math.sqrt(rate / (1 - rate) / all.length)
    about(all.reduce((a, b) => a + b) / all.length, 1, 4 * deviation, `the mean at ${rate}`)
    // Neighbours know nothing of each other.
    const pairs = all.slice(1).reduce((sum, v, i) => sum + (v - 1) * (all[i]! - 1), 0) / all.length
    about(pairs, 0, (4 * (rate / (1 - rate))) / Math.sqrt(all.length), `the correlation at ${rate}`)
  }
  const [first, second] = await masks(1, 0.5, 2)
  const alike = (a: number[], b: number[]) => a.filter((v, i) => (v === 0) === (b[i] === 0)).length / a.length
  about(alike(first![0]!, second![0]!), 0.5, 0.1, 'what two steps have in common')
  about(alike(first![0]!, first![1]!), 0.5, 0.1, 'what two layers have in common')
  about(alike(first![0]!, (await masks(2, 0.5, 1))[0]![0]!), 0.5, 0.1, 'what two seeds have in common')
  assert.equal((await masks(1, 0.5, 2))[1], second)
  // Of two gradients added up, what both masks dropped is 0.
  const both = (await masks(1, 0.5, 2, 2))[1]![0]!
  about(both.filter(v => v === 0).length / 512, 0.25, 0.08, 'what two parts of a step drop both')
})

const weight = (out: number, fed: number, name = 'w') =>
  ({ name, shape: [out, fed], kind: 'weight', fanIn: fed, fanOut: out }) as const

test("initialisers' means, variances and bounds", () => {
  const made: readonly [name: string, initialiser: Initialiser, variance: number, bounded: boolean][] = [
    ['he', he(), 2 / 300, false],
    ['he uniform', he('uniform'), 2 / 300, true],
    ['xavier', xavier(), 2 / 500, true],
    ['xavier normal', xavier('normal'), 2 / 500, false],
    ['lecun', lecun(), 1 / 300, false],
    ['lecun uniform', lecun('uniform'), 1 / 300, true],
  ]
  for (const [name, initialiser, variance, bounded] of made) {
    const values = initialiser(weight(200, 300), generator(1, name))
    const n = values.length
    assert.is(n, 60000)
    const moment = (k: number) => values.reduce((sum, v) => sum + v ** k, 0) / n
    about(moment(1), 0, 4 * Math.sqrt(variance / n), `${name}: the mean`)
    about(moment(2), variance, 5 * variance * Math.sqrt(2 / n), `${name}: the variance`)
    about(moment(4) / moment(2) ** 2, bounded ? 1.8 : 3, 0.15, `${name}: the kurtosis`)
    const most = Math.max(...values.map(Math.abs))
    const bound = Math.sqrt(3 * variance)
    if (bounded) assert.ok(most <= bound * 1.0000001 && most > 0.999 * bound, `${name}: ${most} of ${bound}`)
    else assert.ok(most > 1.5 * bound, `${name}: ${most}`)
    assert.equal(initialiser(weight(200, 300), generator(1, name)), values)
    assert.not.equal(initialiser(weight(200, 300), generator(2, name)), values)
    assert.is(initialiser(weight(3, 5), generator(1, name)).length, 15)
  }
  assert.equal(zeros()(weight(2, 3), generator(1, 'w')), new Float32Array(6))
})

/** The mean square of some features, layer by layer. */
const through = (initialiser: Initialiser, f: (v: number) => number, layers: number): number[] => {
  const width = 128
  let rows = Array.from({ length: 16 }, (_, i) => floats(width, i).map(v => v * Math.sqrt(3)))
  return Array.from({ length: layers }, (_, layer) => {
    const w = initialiser(weight(width, width, `${layer}`), generator(4, layer))
    rows = rows.map(x =>
      Float64Array.from({ length: width }, (_, o) => f(x.reduce((sum, v, i) => sum + w[o * width + i]! * v, 0))),
    )
    return rows.reduce((sum, x) => sum + x.reduce((s, v) => s + v * v, 0) / width, 0) / rows.length
  })
}

test('variances from layer to layer: He through ReLU, Xavier and LeCun through what is linear at 0', () => {
  const relu = (v: number) => Math.max(0, v)
  const last = (values: number[]) => values.at(-1)!
  // E[relu(z)²] = var(z) / 2, which He makes up for; half of it dies out.
  const kept = last(through(he(), relu, 20))
  assert.ok(kept > 0.2 && kept < 5, `He's ${kept}`)
  assert.ok(last(through(lecun(), relu, 20)) < 1e-4)
  for (const initialiser of [xavier(), lecun()]) {
    const linear = last(through(initialiser, v => v, 20))
    assert.ok(linear > 0.3 && linear < 3, `linear ${linear}`)
    // tanh bends what is large: it shrinks like 1 / layers, not like a power.
    const tanh = through(initialiser, Math.tanh, 20)
    assert.ok(tanh[19]! > 0.02 && tanh[19]! > 0.25 * tanh[4]!, `tanh ${tanh}`)
  }
  assert.ok(last(through(xavier(), v => Math.tanh(v / 2), 20)) < 1e-9, 'and a narrower one dies out')
})

test('where initialisers are used, and what the seed decides', async () => {
  const seen: (Parameter & { fanIn: number; fanOut: number })[] = []
  const spy: Initialiser = (parameter, next) => {
    seen.push(parameter)
    return he()(parameter, next)
  }
  const tensors = async (seed: number) => {
    seen.length = 0
    const t = await trainer(undefined, begin({ seed, initialiser: spy }))
    return new Map([...t.model().tensors].map(([name, { data }]) => [name, [...new Float32Array(data.slice().buffer)]]))
  }
  const one = await tensors(1)
  assert.equal(
    seen.map(({ name, fanIn, fanOut }) => [name, fanIn, fanOut]),
    [
      ['conv1.weight', 9, 54],
      ['conv2.weight', 54, 54],
      ['fc1.weight', 96, 12],
      ['fc2.weight', 12, 4],
    ],
  )
  for (const [name, values] of one)
    if (/bn.*(weight|var)/.test(name))
      assert.ok(
        values.every(v => v === 1),
        name,
      )
    else if (/bias|mean/.test(name))
      assert.ok(
        values.every(v => v === 0),
        name,
      )
  assert.equal(await tensors(1), one)
  const two = await tensors(2)
  for (const { name } of seen) assert.not.equal(two.get(name), one.get(name))
  // A tensor's numbers depend on its name, not on what else is there.
  const t = await trainer(undefined, begin({ seed: 1, graph: small({ norm: false, rate: 0 }) }))
  assert.equal([...new Float32Array(t.model().tensors.get('fc1.weight')!.data.slice().buffer)], one.get('fc1.weight'))
})

const values = (t: Trainer, name: string) => new Float32Array(t.model().tensors.get(name)!.data.slice().buffer)

test('groups: no decay of biases and norms, a rate of its own, the first that matches', async () => {
  const decayed = { lr: 0.1, weightDecay: 0.5 }
  const groups = [
    { match: ['fc2.*'], lr: 0 },
    { match: biasAndNorm, weightDecay: 0 },
  ]
  const [bare, all, grouped] = await Promise.all(
    [sgd({ lr: 0.1 }), sgd(decayed), sgd({ ...decayed, groups })].map(optimizer =>
      trainer(undefined, begin({ optimizer })),
    ),
  )
  const begun = new Map(bare!.parameters.map(({ name }) => [name, values(bare!, name)]))
  for (const t of [bare!, all!, grouped!]) t.step(whole(patterns(8)))
  for (const { name, kind } of bare!.parameters) {
    const [start, none, both, own] = [begun.get(name)!, ...[bare!, all!, grouped!].map(t => values(t, name))]
    if (name.startsWith('fc2.')) assert.equal(own, start, name)
    else assert.equal(own, kind === 'weight' ? both : none, name)
    for (const [i, v] of both!.entries()) about(v, none![i]! - 0.05 * start[i]!, 1e-6, `${name} ${i}`)
  }
})

test('clipped by norm and by value', async () => {
  const options = (clip: object) => begin({ optimizer: sgd({ lr: 1 }), ...clip })
  const run = async (clip: object) => {
    const t = await trainer(undefined, options(clip))
    const result = t.step(whole(patterns(8)))
    return { result, all: t.parameters.flatMap(({ name }) => [...t.gradient(name)]), file: await t.save() }
  }
  const free = await run({})
  const norm = Math.hypot(...free.all)
  about(free.result.gradientNorm!, norm, 1e-6 * norm, 'the norm')
  const short = await run({ clip: { norm: norm / 3 } })
  assert.is(short.result.gradientNorm, free.result.gradientNorm)
  about(Math.hypot(...short.all), norm / 3, 1e-5 * norm, 'the clipped norm')
  for (const [i, v] of short.all.entries()) about(v, free.all[i]! / 3, 1e-5 * norm, `${i}`)
  const loose = await run({ clip: { norm: 3 * norm } })
  assert.equal(loose.all, free.all)
  same(loose.file, free.file)
  const most = Math.fround(Math.max(...free.all.map(Math.abs)) / 4)
  const cut = await run({ clip: { value: most } })
  assert.equal(
    cut.all,
    free.all.map(v => Math.min(Math.max(v, -most), most)),
  )
  assert.ok(cut.all.filter(v => Math.abs(v) === most).length > 1)
})

test('a rate of 0 changes no parameter, and the factor scales the rate', async () => {
  const batch = whole(patterns(8))
  const [half, full] = await Promise.all([0.01, 0.02].map(lr => trainer(undefined, begin({ optimizer: adam({ lr }) }))))
  half!.step(batch)
  full!.step(batch, 0.5)
  same(await full!.save(), await half!.save())
  const before = half!.parameters.map(({ name }) => values(half!, name))
  half!.step(batch, 0)
  assert.equal(
    half!.parameters.map(({ name }) => values(half!, name)),
    before,
  )
})

test.run()
