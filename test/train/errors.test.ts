// What is wrong is told: where, both facts, and the way out.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Builder } from '../../models/builder.js'
import { googlenet } from '../../models/googlenet.js'
import { planTraining, trainer } from '../../ts/entry/train.js'
import { adam, adamW, batches, crossEntropy, nesterov, oneCycle, rmsprop, sgd } from '../../ts/train.js'
import { trainModules } from '../builds.js'
import { begin, course, drain, failure, patterns, small, whole } from './nets.js'

const test = suite('errors')

const says = async (run: () => unknown, code: string, message: RegExp) => {
  const error = await failure(run)
  assert.is(error.code, code, error.message)
  assert.match(error.message, message)
  assert.not.match(error.message, /undefined|NaN|\[object/)
}

const t = await trainer(undefined, begin())
const { input, labels } = whole(patterns(8))

test('labels', async () => {
  const bad = (label: number) => Array.from(labels).with(3, label)
  const inside = /label 3 of the batch is (4|-1|1\.5), the network has classes 0 to 3/
  for (const label of [4, -1, 1.5]) await says(() => t.step({ input, labels: bad(label) }), 'INPUT', inside)
  await says(() => t.evaluate([{ input, labels: bad(4) }]), 'INPUT', inside)
})

test('lengths', async () => {
  const told = /a batch is 1 to 8 images of 64 numbers \(1×8×8\) and 1 number\(s\) of labels each; got \d+ and \d+/
  await says(() => t.step({ input: input.subarray(1), labels }), 'INPUT', told)
  await says(() => t.step({ input, labels: Array.from(labels).slice(1) }), 'INPUT', told)
  await says(() => t.step({ input: new Float32Array(0), labels: [] }), 'INPUT', told)
  await says(() => t.step({ input: new Float32Array(9 * 64), labels: Array(9).fill(0) }), 'INPUT', told)
  await says(() => t.predict(input.subarray(0, 100)), 'INPUT', told)
  await says(() => t.predict(new Float32Array(0)), 'INPUT', told)
  await says(() => t.predict(new Float32Array(9 * 64)), 'INPUT', told)
})

test('data', async () => {
  const images = patterns(8)
  await says(
    () => batches({ ...images, data: images.data.subarray(1) }),
    'INPUT',
    /8 labels and images of 1×8×8 want 512 numbers, there are 511/,
  )
  await says(() => batches(images, { batch: 0 }), 'INPUT', /batch must be a positive integer, is 0/)
  await says(() => batches({ ...images, mean: [0.5] }), 'INPUT', /mean, std and border are for images of bytes/)
  await says(() => drain(t.fit([], { epochs: 1 })), 'INPUT', /there are no batches to train on/)
  await says(() => t.evaluate([]), 'INPUT', /there are no batches to evaluate/)
  for (const none of [5, () => [], { epoch: 1 }])
    await says(() => drain(t.fit(none as never, { epochs: 1 })), 'INPUT', /data must be an iterable of batches/)
  await says(() => drain(t.fit([7] as never, { epochs: 1 })), 'INPUT', /a batch is an object with input and labels/)
  const once = (course(8, 8).epoch(0) as Iterable<never>)[Symbol.iterator]() as never
  const fresh = await trainer(undefined, begin())
  await says(() => drain(fresh.fit(once, { epochs: 2 })), 'INPUT', /an iterator that is used up does not/)
})

test('a network with auxiliary classifiers at another size', async () => {
  const graph = googlenet({ classes: 2, aux: true })
  for (const [size, node] of [
    [32, 'AveragePool "aux1.pool": the window spans 4 rows'],
    [128, 'Slice "aux1.pool[^"]*": nothing of 8×512×5×5 is from 7'],
    [192, 'Gemm "aux1.fc1": weight expects 2048 features'],
  ] as const)
    await says(
      () => planTraining(undefined, begin({ graph, inputShape: [3, size, size] })),
      'SHAPE',
      new RegExp(
        `^${node}.*; inputShape is 3×${size}×${size}, the network with aux1 and aux2 is made for 3×224×224: train it at that size, or one ` +
          'without further outputs\\.$',
      ),
    )
})

test('epochs and schedules', async () => {
  for (const epochs of [0, -1, 1.5, Number.POSITIVE_INFINITY])
    await says(() => drain(t.fit(course(8, 8), { epochs })), 'INPUT', /epochs must be a positive integer, is/)
  const endless = { [Symbol.iterator]: () => (course(8, 8).epoch(0) as Iterable<never>)[Symbol.iterator]() }
  await says(
    () => drain(t.fit(endless, { epochs: 1, schedule: oneCycle() })),
    'INPUT',
    /the schedule wants to know how many steps there are: give stepsPerEpoch/,
  )
})

test('options of optimizers', async () => {
  await says(() => sgd({ lr: -1 }), 'INPUT', /sgd: lr must be a number from 0, is -1/)
  await says(
    () => adam({ groups: [{ match: ['*'], weightDecay: -2 }] }),
    'INPUT',
    /adam: weightDecay must be a number from 0, is -2/,
  )
  await says(
    () => adamW({ epsilon: Number.POSITIVE_INFINITY }),
    'INPUT',
    /adamW: epsilon must be a number from 0, is Infinity/,
  )
  await says(() => sgd({ lr: '0.1' as never }), 'INPUT', /sgd: lr must be a number from 0, is "0\.1"/)
  await says(() => adam({ beta2: 1 }), 'INPUT', /adam: beta2 must be a number from 0 to 0\.99\d+, is 1/)
  await says(
    () => sgd({ groups: [{ match: 'fc.*' as never }] }),
    'INPUT',
    /match must be a list of patterns or a function/,
  )
  await says(() => nesterov({ momentum: 0 }), 'INPUT', /nesterov wants a momentum and no dampening/)
  assert.throws(() => rmsprop({ alpha: Number.NaN }), /rmsprop: alpha must be a number from 0 to 1, is NaN/)
})

test('options of a trainer', async () => {
  const refuses = (more: object, message: RegExp) => says(() => trainer(undefined, begin(more)), 'INPUT', message)
  for (const name of ['batch', 'accumulate'])
    for (const value of [0, -1, 1.5, '2']) await refuses({ [name]: value }, /must be a positive integer, is/)
  await refuses({ momentum: -0.1 }, /momentum must be a number from 0 to 1, is -0\.1/)
  await refuses({ seed: 'a' }, /seed must be a number from .*, is "a"/)
  await refuses({ build: 'fast' }, /build must be simd or relaxed, is "fast"/)
  await refuses({ norm: 'running' }, /norm must be batch or frozen, is "running"/)
  await refuses({ clip: { norm: -1 } }, /clip\.norm must be a number from 0, is -1/)
  await refuses({ clip: { size: 1 } }, /clip must be norm or value, is "size"/)
  await refuses({ classes: '5' }, /classes must be a positive integer or names, is "5"/)
  await refuses({ optimizer: null }, /optimizer is missing/)
  await refuses({ loss: { kind: 'hinge' } }, /loss must be crossEntropy or mse, is "hinge"/)
  await refuses({ loss: crossEntropy({ smoothing: 2 }) }, /smoothing must be a number from 0 to 1, is 2/)
  await refuses(
    { loss: crossEntropy({ classWeights: [1, -1, 1, 1] }) },
    /weight 1 of the classes must be a number from 0/,
  )
  await refuses({ loss: crossEntropy({ heads: { aux: 1 } }) }, /weighs "aux", the network's outputs are logits/)
  await refuses({ loss: crossEntropy({ heads: { logits: 0 } }) }, /the main output "logits" must be above 0/)
  await refuses(
    { initialiser: () => new Float32Array(3) },
    /must give a Float32Array of 54 numbers for conv1\.weight \(6×1×3×3\)/,
  )
})

test('what a step and a course are given', async () => {
  const own = await trainer(undefined, begin())
  const before = await own.save()
  for (const factor of [Number.POSITIVE_INFINITY, -1])
    await says(() => own.step({ input, labels }, factor), 'INPUT', /factor must be a number from 0, is/)
  assert.throws(() => own.step({ input, labels }, Number.NaN), /factor must be a number from 0, is NaN/)
  for (const patience of [0, -1, 1.5])
    await says(
      () => drain(own.fit(course(8, 8), { epochs: 1, patience })),
      'INPUT',
      /patience must be a positive integer/,
    )
  const endlessly = () => drain(own.fit(course(8, 8), { epochs: 1, patience: 2 }))
  await says(endlessly, 'INPUT', /patience goes by the validation loss: give validation/)
  assert.equal(await own.save(), before)
  const images = { data: new Uint8Array(64), shape: [1, 8, 8], labels: [0] } as const
  await says(() => batches({ ...images, border: -1 }), 'INPUT', /border must be a number from 0, is -1/)
  const longs = new Uint16Array(64) as unknown as Uint8Array
  await says(() => batches({ ...images, data: longs }), 'INPUT', /data must be a Uint8Array or a Float32Array/)
})

test('what cannot be trained', async () => {
  const net = new Builder('input', [1, 1, 4, 4])
  const x = net.node('Erf', 'erf', [net.conv('conv', net.input, 1, 2, { kernel: 1 })])
  const y = net.node('Floor', 'floor', [net.node('Erf', 'erf2', [x])])
  const graph = net.done({ logits: net.linear('fc', net.flatten('flatten', y), 32, 2) })
  await says(
    () => trainer(undefined, begin({ graph })),
    'UNSUPPORTED',
    /no gradient of Floor \(1×\).*; train only what lies behind/,
  )
  // Behind it all is well.
  assert.equal((await trainer(undefined, begin({ graph, train: ['fc.*'] }))).parameters.length, 2)
})

test('gradients of what is not trained', async () => {
  const some = await trainer(undefined, begin({ train: ['fc2.*'] }))
  await says(
    () => some.gradient('fc1.weight'),
    'INPUT',
    /"fc1\.weight" is not trained; trained are fc2\.weight, fc2\.bias/,
  )
})

test('memory', async () => {
  const { total } = t.memory
  await says(
    () => trainer(undefined, begin({ memoryLimit: total - 1 })),
    'MEMORY',
    new RegExp(`training needs ${total} bytes, memoryLimit is ${total - 1}`),
  )
  ;(await trainer(undefined, begin({ memoryLimit: total }))).dispose()
})

test('memory is what was told', async () => {
  const { Memory } = WebAssembly
  const made: number[] = []
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor)
      made.push(this.buffer.byteLength)
    }
  }
  try {
    for (const build of trainModules)
      for (const recompute of [false, true]) {
        made.length = 0
        const { memory } = await trainer(undefined, begin({ ...build, recompute, optimizer: adam() }))
        assert.equal(made, [memory.total])
        const { static: fixed, weights, gradients, moments, arena, total } = memory
        const sum = fixed + weights + gradients + moments + arena
        assert.ok(sum <= total && total - sum < 65536, `${sum} of ${total}`)
        assert.is(moments, 2 * gradients)
      }
  } finally {
    WebAssembly.Memory = Memory
  }
})

test('what fit goes back to is counted: parameters, statistics, moments and waiting gradients', async () => {
  for (const [accumulate, copies] of [
    [1, 1],
    [2, 2],
  ] as const) {
    const { memory, parameters } = await trainer(undefined, begin({ accumulate }))
    const numbers = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 2 * 12)
    const own = memory.fallback - copies * memory.gradients
    // Panels and vectors are filled up to eight.
    assert.ok(own >= numbers * 4 && own <= memory.weights, `${own} bytes for ${numbers} numbers`)
  }
})

test('a trainer that has been disposed of', async () => {
  const gone = await trainer(undefined, begin())
  const kept = await gone.checkpoint()
  gone.dispose()
  gone.dispose()
  const told = /the trainer has been disposed of/
  await says(() => gone.step({ input, labels }), 'INPUT', told)
  await says(() => gone.predict(input), 'INPUT', told)
  await says(() => gone.evaluate(course(8, 8)), 'INPUT', told)
  await says(() => drain(gone.fit(course(8, 8), { epochs: 1 })), 'INPUT', told)
  await says(() => gone.gradient('fc1.weight'), 'INPUT', told)
  await says(() => gone.model(), 'INPUT', told)
  for (const use of [gone.save, gone.delta, gone.checkpoint, gone.exportOnnx]) await says(use, 'INPUT', told)
  await says(() => gone.resume(kept), 'INPUT', told)
})

test('aborting', async () => {
  const signal = AbortSignal.abort()
  await says(() => t.evaluate(course(8, 8), { signal }), 'ABORTED', /training was aborted/)
  await says(() => drain(t.fit(course(8, 8), { epochs: 1, signal })), 'ABORTED', /training was aborted/)
})

test('one value per channel: no step, but an evaluation', async () => {
  const net = new Builder('input', [1, 1, 8, 8])
  const features = net.linear('fc1', net.flatten('flatten', net.input), 64, 5)
  const graph = net.done({ logits: net.linear('fc2', net.batchNorm('bn', features, 5), 5, 4) })
  const own = await trainer(undefined, begin({ graph }))
  const one = { input: input.subarray(0, 64), labels: [1] }
  await says(
    () => own.step(one),
    'SHAPE',
    /BatchStats "bn": one value per channel has no variance; train with a larger batch/,
  )
  assert.is(own.predict(one.input).length, 4)
  assert.is((await own.evaluate([{ input, labels }, one])).count, 9)
})

test('weights of classes', async () => {
  const weighted = (...classWeights: number[]) => trainer(undefined, begin({ loss: crossEntropy({ classWeights }) }))
  ;(await weighted(1, 2, 3, 4)).dispose()
  await says(() => weighted(1, 2, 3), 'INPUT', /3 class weights.*4/)
})

test('a wrong label leaves the memory as it was', async () => {
  const [one, two] = await Promise.all([0, 1].map(() => trainer(undefined, begin({ graph: small() }))))
  await failure(() => one!.step({ input, labels: Array.from(labels).with(7, 99) }))
  assert.equal(one!.step({ input, labels }), two!.step({ input, labels }))
})

test.run()
