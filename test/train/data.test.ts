// Batches, augmentations, schedules: what is not yet a network.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { training } from '../../ts/ops/backward.js'
import type { Op } from '../../ts/ops/op.js'
import { trace } from '../../ts/trace.js'
import type { Batch, Dataset, Schedule } from '../../ts/train/api.js'
import { batches, constant, cosine, crop, cutout, flip, oneCycle, shift, stepDecay, warmUp } from '../../ts/train.js'
import { node } from '../graphs.js'
import { random } from '../random.js'

const test = suite('data')

type Options = Readonly<Record<string, number>>
const goldens: Readonly<Record<string, readonly { steps: number; options: Options; factors: readonly number[] }[]>> =
  JSON.parse(readFileSync('test/golden/schedules.json', 'utf8'))
const schedules: Readonly<Record<string, (options: Options) => Schedule>> = { cosine, oneCycle, stepDecay }

for (const [name, cases] of Object.entries(goldens))
  test(`${name} as in torch.optim.lr_scheduler`, () => {
    for (const { steps, options, factors } of cases)
      for (const [step, wanted] of factors.entries()) {
        const got = schedules[name]!(options)(step, steps)
        assert.ok(Math.abs(got - wanted) < 1e-12, `step ${step} of ${steps}: ${got}, should be ${wanted}`)
      }
  })

test('warm-up, then another schedule; and none', () => {
  const warm = warmUp(4, cosine())
  assert.equal(
    [0, 1, 2, 3].map(step => warm(step, 14)),
    [0.2, 0.4, 0.6, 0.8],
  )
  for (let step = 4; step < 14; step++) assert.is(warm(step, 14), cosine()(step - 4, 10))
  assert.is(warmUp(0.5)(1, 8), 2 / 5)
  assert.is(warmUp(0.5)(4, 8), 1)
  assert.is(constant()(7, 8), 1)
})

test('every factor is from 0 to 1 and finite, whatever the number of steps', () => {
  const all = [constant(), cosine(), oneCycle(), stepDecay(), warmUp(0.2, cosine()), warmUp(3), oneCycle({ rise: 1 })]
  for (const schedule of all)
    for (let steps = 1; steps < 12; steps++)
      for (let step = 0; step <= steps; step++) {
        const factor = schedule(step, steps)
        assert.ok(factor >= 0 && factor <= 1 + 1e-12, `${factor} at ${step} of ${steps}`)
      }
})

test('what depends on the number of steps says so where it is not known', () => {
  for (const schedule of [cosine(), oneCycle(), stepDecay(), warmUp(0.2), warmUp(2, cosine())])
    assert.ok([0, 1, 5].some(step => Number.isNaN(schedule(step, Number.NaN))))
  for (const schedule of [constant(), stepDecay({ every: 5 }), warmUp(3)])
    assert.ok(Number.isFinite(schedule(2, Number.NaN)))
})

test('a window fits floor((in + pads − reach) / stride) + 1 times', () => {
  const sizes = fc.record({
    ...{ size: fc.integer({ min: 1, max: 40 }), kernel: fc.integer({ min: 1, max: 7 }) },
    ...{ stride: fc.integer({ min: 1, max: 5 }), dilation: fc.integer({ min: 1, max: 3 }) },
    ...{ before: fc.integer({ min: 0, max: 3 }), after: fc.integer({ min: 0, max: 3 }) },
  })
  fc.assert(
    fc.property(sizes, sizes, (v, h) => {
      const reach = (s: typeof v) => s.dilation * (s.kernel - 1) + 1
      fc.pre([v, h].every(s => s.size + s.before + s.after >= reach(s) && s.before < reach(s) && s.after < reach(s)))
      const window = {
        ...{ kernel: [v.kernel, h.kernel], stride: [v.stride, h.stride], dilation: [v.dilation, h.dilation] },
        ...{ pad: [v.before, h.before, v.after, h.after], groups: 1 },
      }
      const graph = {
        inputs: [{ name: 'x', shape: [2, 3, v.size, h.size] }],
        outputs: ['y', 'dx'],
        nodes: [
          node('Conv', ['x', 'w'], 'y', window),
          node('ConvGradInput', ['y', 'w'], 'dx', { ...window, size: [3, v.size, h.size] }),
        ],
      }
      const w = { dtype: 'F32' as const, shape: [4, 3, v.kernel, h.kernel], begin: 0, end: 48 * v.kernel * h.kernel }
      const { shape } = trace(graph, new Map([['w', w]]), false, training as Readonly<Record<string, Op>>)
      const out = ({ size, stride, before, after, ...s }: typeof v) =>
        Math.floor((size + before + after - reach({ size, stride, before, after, ...s })) / stride) + 1
      assert.equal(shape('y'), [2, 4, out(v), out(h)])
      assert.equal(shape('dx'), [2, 3, v.size, h.size])
    }),
    { numRuns: 300, seed: 1 },
  )
})

const pixels = (count: number) => {
  const next = random(9)
  const data = Uint8Array.from({ length: count * 24 }, () => next() * 256)
  return { data, shape: [2, 3, 4] as const, labels: Array.from({ length: count }, (_, i) => i % 5) }
}
const all = (set: Dataset, epoch: number) => [...(set.epoch(epoch) as Iterable<Batch>)]
const ids = (set: Dataset, epoch: number) => all(set, epoch).flatMap(({ ids }) => [...(ids as Uint32Array)])

test('dropLast leaves out what does not fill a batch', () => {
  const images = { data: new Float32Array(10 * 4), shape: [1, 2, 2] as const, labels: new Uint8Array(10) }
  const sizes = (dropLast: boolean, batch: number) => {
    const { steps, epoch } = batches(images, { batch, dropLast })
    const all = [...(epoch(0) as Iterable<Batch>)].map(({ labels }) => labels.length)
    assert.is(all.length, steps)
    return all
  }
  assert.equal(sizes(false, 4), [4, 4, 2])
  assert.equal(sizes(true, 4), [4, 4])
  assert.equal(sizes(true, 5), [5, 5])
  assert.equal(sizes(true, 11), [])
})

test('every epoch has every image once, in an order of the seed', () => {
  const images = pixels(23)
  const set = batches(images, { batch: 5, seed: 1 })
  assert.is(set.steps, 5)
  const orders = [0, 1, 2].map(epoch => ids(set, epoch))
  const sorted = Array.from({ length: 23 }, (_, i) => i)
  for (const order of orders)
    assert.equal(
      order.toSorted((a, b) => a - b),
      sorted,
    )
  assert.not.equal(orders[0], orders[1])
  assert.not.equal(orders[0], sorted)
  assert.equal(ids(batches(images, { batch: 7, seed: 1 }), 1), orders[1])
  assert.not.equal(ids(batches(images, { batch: 5, seed: 2 }), 0), orders[0])
  assert.equal(ids(batches(images, { batch: 5, shuffle: false }), 3), sorted)
  assert.equal(
    all(set, 0).map(({ labels }) => labels.length),
    [5, 5, 5, 5, 3],
  )
})

test('bytes are bordered and normalised, labels stay with their images', () => {
  const images = { ...pixels(6), border: 1, mean: [0.5, 0.25], std: [0.5, 2] }
  for (const { input, labels, ids } of all(batches(images, { batch: 4, seed: 3 }), 1))
    for (const [i, id] of Array.from(ids!).entries()) {
      assert.is(labels[i], images.labels[id])
      for (let c = 0; c < 2; c++)
        for (let y = 0; y < 5; y++)
          for (let x = 0; x < 6; x++) {
            const inside = y > 0 && y < 4 && x > 0 && x < 5
            const pixel = inside ? images.data[id * 24 + c * 12 + (y - 1) * 4 + x - 1]! : 0
            const wanted = (pixel / 255 - images.mean[c]!) / images.std[c]!
            assert.ok(Math.abs(input[((i * 2 + c) * 5 + y) * 6 + x]! - wanted) < 1e-6)
          }
    }
})

test('augmentations: drawn anew in every epoch, the same for the same seed', () => {
  const images = pixels(8)
  const augment = [shift(1), flip(), crop(0.5), cutout(2)]
  const set = () => batches(images, { batch: 8, shuffle: false, seed: 4, augment })
  assert.equal(all(set(), 2)[0]!.input, all(set(), 2)[0]!.input)
  assert.not.equal(all(set(), 2)[0]!.input, all(set(), 3)[0]!.input)
  // The images themselves are not touched.
  assert.equal(images.data, pixels(8).data)
})

test('what is drawn for an image says nothing of its other draws, of its neighbours, or of the next epoch', () => {
  const [count, batch, epochs] = [2000, 50, 6]
  // An image is its own number; into it goes what was drawn. Batches with augmented images do not tell who is in them.
  const data = Uint8Array.from({ length: count * 5 }, (_, i) => [(i / 5) & 255, i / 5 / 256][i % 5] ?? 0)
  const whole = (most: number, random: () => number) => Math.floor(random() * most)
  const augment = [
    (image: Float32Array, _: unknown, random: () => number) =>
      image.set([whole(2, random), whole(9, random), whole(9, random)], 2),
  ]
  for (const seed of [1, 2]) {
    const set = batches({ data, shape: [1, 1, 5], labels: new Uint8Array(count) }, { batch, seed, augment })
    // Of each epoch and image: mirrored or not, down, right; and the batch that it came in.
    const drawn = Array.from({ length: epochs }, (_, epoch) => {
      const found: number[][] = []
      for (const [at, { input }] of all(set, epoch).entries())
        for (let i = 0; i < input.length; i += 5) {
          const [low, high, ...draws] = Array.from(input.subarray(i, i + 5), v => Math.round(v * 255))
          found[low! + high! * 256] = [...draws, at]
        }
      return found
    })
    const cells = new Uint32Array(162)
    for (const [mirrored, y, x] of drawn.flat()) cells[(mirrored! * 9 + y!) * 9 + x!]!++
    const even = (count * epochs) / 162
    const chi2 = cells.reduce((sum, n) => sum + (n - even) ** 2 / even, 0)
    assert.ok(
      Math.abs(chi2 - 161) < 5 * Math.sqrt(2 * 161),
      `all ways to be moved: χ² ${chi2} of 161 degrees of freedom`,
    )
    const alike = (what: string, most: number, pairs: readonly (readonly [number, number])[]) => {
      const center = (most - 1) / 2
      const sum = pairs.reduce((sum, [a, b]) => sum + (a - center) * (b - center), 0)
      const score = (sum * 12) / ((most ** 2 - 1) * Math.sqrt(pairs.length))
      assert.ok(Math.abs(score) < 4.5, `seed ${seed}, ${what}: ${score} deviations from chance`)
    }
    for (const [which, most] of [2, 9, 9, count / batch].entries()) {
      const at = (epoch: number, id: number) => drawn[epoch]![id]![which]!
      const pairs = (toEpoch: number, toId: number) =>
        Array.from({ length: epochs - toEpoch }, (_, e) =>
          Array.from({ length: count - toId }, (_, i) => [at(e, i), at(e + toEpoch, i + toId)] as const),
        ).flat()
      alike(`draw ${which}, epochs`, most, pairs(1, 0))
      alike(`draw ${which}, the epoch after the next`, most, pairs(2, 0))
      alike(`draw ${which}, neighbours`, most, pairs(0, 1))
    }
    // Who shared a batch does so again as often as chance has it.
    for (let e = 1; e < epochs; e++) {
      const together = new Uint32Array((count / batch) ** 2)
      for (let i = 0; i < count; i++) together[drawn[e - 1]![i]![3]! * (count / batch) + drawn[e]![i]![3]!]!++
      const again = together.reduce((sum, n) => sum + (n * (n - 1)) / 2, 0)
      const chance = ((count * (batch - 1)) / 2) * ((batch - 1) / (count - 1))
      assert.ok(
        Math.abs(again - chance) < 5 * Math.sqrt(chance),
        `${again} pairs share a batch again, chance ${chance}`,
      )
    }
  }
})

test('what each augmentation does', () => {
  const shape = [2, 3, 4] as const
  const image = () => Float32Array.from({ length: 24 }, (_, i) => i + 1)
  const draws =
    (...values: number[]) =>
    () =>
      values.shift()!
  const mirrored = image()
  flip(1)(mirrored, shape, draws(0.5))
  assert.equal([...mirrored.subarray(0, 8)], [4, 3, 2, 1, 8, 7, 6, 5])
  flip(1)(mirrored, shape, draws(0.5))
  assert.equal(mirrored, image())
  flip(0)(mirrored, shape, draws(0))
  assert.equal(mirrored, image())
  // One down, one to the left.
  const moved = image()
  shift(1, -1)(moved, shape, draws(0.9, 0))
  assert.equal([...moved.subarray(0, 12)], [-1, -1, -1, -1, 2, 3, 4, -1, 6, 7, 8, -1])
  const far = image()
  shift(9, 0)(far, shape, draws(0.99, 0.5))
  assert.equal(far, new Float32Array(24))
  const still = image()
  crop(1)(still, shape, draws(0.3, 0.3, 0.3))
  assert.equal(still, image())
  const half = image()
  crop(0.5)(half, shape, draws(0, 0, 0.99))
  assert.equal([...half.subarray(0, 12)], [3, 3, 4, 4, 3, 3, 4, 4, 7, 7, 8, 8])
  const blotted = image()
  cutout(2, 0)(blotted, shape, draws(0, 0.5))
  assert.equal([...blotted.subarray(0, 12)], [1, 0, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12])
})

test.run()
