import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromStateDict } from '../../converters/weights.js'
import { googlenet, lenet5, resnetCifar } from '../../models/index.js'
import type { ConvletError } from '../../ts/error.js'
import { encodeModel, readModel } from '../../ts/file.js'
import type { Tensor } from '../../ts/types.js'
import { floats, seeded, stateDict } from './make.js'

const test = suite('weights of PyTorch')

const net = resnetCifar(20)
const weights = seeded(net)
const counter: Tensor = { dtype: 'I64', shape: [], data: new Uint8Array(8) }

const renamed = (tensors: ReadonlyMap<string, Tensor>, rename: (name: string) => string) =>
  new Map([...tensors].map(([name, t]) => [rename(name), t]))

const complaint = async (tensors: ReadonlyMap<string, Tensor>, network = net): Promise<ConvletError> => {
  try {
    await fromStateDict(await stateDict(tensors), network)
  } catch (error) {
    return error as ConvletError
  }
  return assert.unreachable('it was taken') as never
}

test('a state dict and a network are a model, bit for bit, that can be written and read', async () => {
  const meta = { source: 'resnet20.safetensors', labels: ['a', 'b'] }
  const model = await fromStateDict(await stateDict(weights), net, meta)
  assert.equal(model.tensors, weights)
  const { parameters, ...graph } = net
  assert.equal(model.graph, graph)
  const { sha256, ...read } = (await readModel(await encodeModel(model))) as typeof model & { sha256?: string }
  assert.equal(read.graph, graph)
  assert.equal(read.labels, ['a', 'b'])
  assert.is(read.source, 'resnet20.safetensors')
})

test('counters of batches are left out', async () => {
  const counted = new Map([
    ...weights,
    ['bn1.num_batches_tracked', counter],
    ['module.bn2.num_batches_tracked', counter],
  ])
  assert.equal((await fromStateDict(await stateDict(counted), net)).tensors, weights)
})

for (const prefix of ['module.', 'model.', '_orig_mod.', 'state_dict.', 'module.model.'])
  test(`the prefix ${prefix} comes off, from all names or some`, async () => {
    for (const rename of [(n: string) => prefix + n, (n: string) => (n.startsWith('layer1') ? prefix + n : n)])
      assert.equal((await fromStateDict(await stateDict(renamed(weights, rename)), net)).tensors, weights)
  })

test('halves stay halves, doubles become floats', async () => {
  const network = lenet5()
  const mixed = seeded(network)
  const half: Tensor = { dtype: 'F16', shape: [10], data: new Uint8Array(20).fill(0x3c) }
  mixed.set('classifier.2.bias', half)
  const double: Tensor = {
    dtype: 'F64',
    shape: [6],
    data: new Uint8Array(new Float64Array([0.1, 1, 2, 3, 4, 5]).buffer),
  }
  mixed.set('features.0.bias', double)
  const { tensors } = await fromStateDict(await stateDict(mixed), network)
  assert.equal(tensors.get('classifier.2.bias'), half)
  const expected = floats([6], i => [0.1, 1, 2, 3, 4, 5][i]!)
  assert.equal(tensors.get('features.0.bias'), expected)
})

test('everything that does not fit is listed in one error: names and both shapes', async () => {
  const bad = new Map(weights)
  bad.delete('conv1.weight')
  bad.delete('layer3.2.bn2.running_var')
  bad.set('linear.weight', floats([5, 64]))
  bad.set('linear.bias', floats([5]))
  bad.set('bn1.weight', { dtype: 'I8', shape: [16], data: new Uint8Array(16) })
  bad.set('head.weight', floats([2, 3]))
  bad.set('module.bn1.bias', floats([16]))
  const { code, message } = await complaint(bad)
  assert.is(code, 'SHAPE')
  assert.equal(message.split('\n'), [
    'the weights are not those of the network:',
    '  missing (2):',
    '    conv1.weight 16×3×3×3',
    '    layer3.2.bn2.running_var 64',
    '  of another shape or type (3):',
    '    bn1.weight is of I8, should be F32, F16, BF16 or F64',
    '    linear.weight is 5×64, should be 10×64',
    '    linear.bias is 5, should be 10',
    '  not in the network (2):',
    '    head.weight 2×3',
    '    module.bn1.bias 16, a second one',
    'Take the builder of the network they were trained with, and as many classes.',
  ])
})

test('names of JavaScript are no tensors of a network', async () => {
  const odd = new Map([...weights, ['constructor', floats([1])], ['toString', floats([1])]])
  assert.match((await complaint(odd)).message, /not in the network \(2\)/)
})

test('published weights of GoogLeNet have auxiliary classifiers, which inference leaves out', async () => {
  const both = seeded(googlenet({ aux: true }))
  const { tensors } = await fromStateDict(await stateDict(both), googlenet())
  assert.is(tensors.size, Object.keys(googlenet().parameters).length)
  assert.not([...tensors.keys()].some(name => name.startsWith('aux')))
  assert.match((await complaint(seeded(googlenet()), googlenet({ aux: true }))).message, /missing \(18\)/)
})

test('bytes of another kind', async () => {
  for (const bytes of [new Uint8Array(), new TextEncoder().encode('<html><body>'), new Uint8Array(100).fill(255)])
    try {
      await fromStateDict(bytes, net)
      assert.unreachable()
    } catch (error) {
      assert.is((error as ConvletError).code, 'FILE')
    }
})

test.run()
