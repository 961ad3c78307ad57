import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readModel } from '../../ts/file.js'
import { writeCifar, writeFolders, writeIdx } from './material.js'
import { workshop } from './program.js'

const test = suite('command line: train')
const { folder, ok } = workshop(test)
const here = (name: string) => join(folder, name)
const read = (name: string) => readModel(readFileSync(here(name)))
const quick = ['--epochs', '2', '--batch', '8']

test.before(async () => {
  writeIdx(here('digits'), 'train', 60)
  writeIdx(here('digits'), 't10k', 24, true)
  mkdirSync(here('cifar'))
  writeCifar(here('cifar/train-60.bin.gz'), 60)
  writeCifar(here('cifar/test-12.bin'), 12)
  await writeFolders(here('shapes'), ['flat', 'slope', 'tall'], 12)
  await writeFolders(here('others'), ['flat', 'tall'], 4, 50)
})

test('MNIST files: a network from nothing learns them', async () => {
  const { out, err } = ok('train', 'lenet5', '--data', 'digits', ...quick, '--epochs', '3')
  assert.is(err, '')
  assert.match(out, /^lenet5 {2}from nothing$/m)
  assert.match(out, /trains +all 61\.1 K parameters/)
  assert.match(out, /images +60 to train on, 24 to measure on/)
  assert.match(out, /input +1×32×32: gray, contain, border 2, mean 0\.1307, std 0\.3081 +\(usual for MNIST\)/)
  assert.match(out, /memory +[\d.]+ [KM]B: weights [\d.]+ KB, gradients [\d.]+ KB, moments [\d.]+ KB, activations/)
  const losses = [...out.matchAll(/^ +\d\/3 +([\d.]+)/gm)].map(([, loss]) => Number(loss))
  assert.is(losses.length, 3)
  assert.ok(losses[2]! < losses[0]!, `${losses}`)
  assert.match(out, /right: \d+ of 24 validation images/)
  assert.match(out, /classes in rows, answers in columns/)

  const { labels, preprocess, source, graph } = await read('lenet5.safetensors')
  assert.equal(labels, ['0', '1', '2'])
  assert.equal(preprocess, { color: 'gray', fit: 'contain', border: 2, mean: [0.1307], std: [0.3081] })
  assert.match(source!, /^lenet5, trained on MNIST by convlet /)
  assert.equal(graph!.inputs, [{ name: 'input', shape: [1, 1, 32, 32] }])
})

test('what it leaves: the model and its picture, no checkpoint, no temporary file', () => {
  const left = readdirSync(folder).filter(name => /lenet5\.s|tmp|checkpoint/.test(name))
  assert.equal(left.sort(), ['lenet5.safetensors', 'lenet5.svg'])
  const svg = readFileSync(here('lenet5.svg'), 'utf8')
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
  assert.match(svg, /Loss.*Accuracy/s)
  assert.not.match(svg, /NaN|undefined/)
})

test('run works on it', () => {
  const { out } = ok('run', 'lenet5.safetensors', 'shapes/tall/0.png', '--json')
  const [{ predictions }] = JSON.parse(out).images
  assert.is(predictions.length, 3)
})

test('--json, --log', () => {
  const args = ['--data', 'digits', ...quick, '--out', 'j.safetensors', '--log', 'log.jsonl', '--json']
  const { out, err } = ok('train', 'lenet5', ...args)
  assert.is(err, '')
  const found = JSON.parse(out)
  assert.equal(
    [found.network, found.interrupted, found.file, found.picture],
    ['lenet5', false, 'j.safetensors', 'j.svg'],
  )
  assert.equal(found.parameters, { trained: 61111, all: 61111 })
  for (const part of ['static', 'weights', 'gradients', 'moments', 'arena', 'total'])
    assert.type(found.memory[part], 'number')
  assert.is(found.epochs.length, 2)
  assert.is(found.steps, 16)
  assert.is(found.measured.on, 'validation')
  assert.is(
    found.measured.confusion.flat().reduce((a: number, b: number) => a + b),
    24,
  )
  assert.equal(
    found.perClass.map((c: { label: string; count: number }) => [c.label, c.count]),
    [
      ['0', 8],
      ['1', 8],
      ['2', 8],
    ],
  )
  const lines = readFileSync(here('log.jsonl'), 'utf8').trim().split('\n')
  const kinds = lines.map(line => JSON.parse(line).kind)
  assert.equal([kinds.filter(k => k === 'step').length, kinds.filter(k => k === 'epoch').length], [16, 2])
})

test('CIFAR-10 files', async () => {
  const args = ['--data', 'cifar', '--epochs', '1', '--batch', '20', '--json', '--optimizer', 'nesterov']
  const found = JSON.parse(ok('train', 'resnet20', ...args, '--augment', 'shift=2,flip,cutout=4,crop').out)
  assert.equal(found.data, { folder: 'cifar', kind: 'CIFAR-10', images: 60, validation: 12 })
  assert.is(found.classes[9], 'truck')
  // Running statistics are not among them.
  assert.is(found.parameters.trained, found.parameters.all)
  const { preprocess, labels } = await read('resnet20.safetensors')
  assert.equal(preprocess!.mean, [0.4914, 0.4822, 0.4465])
  assert.is(labels!.length, 10)
  ok('run', 'resnet20.safetensors', 'shapes/tall/0.png')
})

test('a model is taught the classes of folders, only its last layers', async () => {
  const args = ['--data', 'shapes', '--classes', 'from-folders', '--train', 'classifier.*', ...quick]
  const { out } = ok('train', 'net.safetensors', ...args, '--validation', 'others', '--optimizer', 'momentum')
  assert.match(out, 'from net.safetensors, a new last layer for 3 classes')
  assert.match(out, /trains +10\.4 K of 61\.1 K parameters/)
  assert.match(out, /images +36 to train on, 8 to measure on/)
  assert.match(out, "(the model's)")
  const [before, after] = [await read('net.safetensors'), await read('net-trained.safetensors')]
  assert.equal(after.labels, ['flat', 'slope', 'tall'])
  assert.equal(after.preprocess, before.preprocess)
  const same = (name: string) => Buffer.compare(before.tensors.get(name)!.data, after.tensors.get(name)!.data) === 0
  assert.ok(same('features.0.weight'))
  assert.not.ok(same('classifier.0.weight'))
  assert.equal(after.tensors.get('classifier.2.weight')!.shape, [3, 84])
})

test('a new network of folders: everything else that can be said', async () => {
  const { out } = ok(
    ...['train', 'lenet5', '--data', 'shapes', '--validation-split', '0.25', '--epochs', '2', '--batch', '9'],
    ...['--optimizer', 'adamw', '--lr', '2e-3', '--weight-decay', '0.05', '--l1', '1e-5', '--no-decay-bias-norm'],
    ...['--schedule', 'cosine', '--warm-up', '2', '--label-smoothing', '0.1', '--clip-norm', '1', '--recompute'],
    ...[
      '--initialiser',
      'xavier',
      '--seed',
      '7',
      '--mean',
      '0.4',
      '--std',
      '0.3',
      '--fit',
      'stretch',
      '--classes',
      '4',
    ],
    ...['--patience', '5', '--freeze-norm', '--accumulate', '2', '--out', 'all.safetensors', '--checkpoint', 'all.ck'],
  )
  assert.match(out, /images +27 to train on, 9 to measure on/)
  const { preprocess, labels } = await read('all.safetensors')
  assert.equal(preprocess, { color: 'gray', fit: 'stretch', mean: [0.4], std: [0.3] })
  assert.equal(labels, ['flat', 'slope', 'tall', '3'])
  // It was asked for by name.
  assert.ok(existsSync(here('all.ck')))
})

test('without images to measure on, the training images are', () => {
  const { out } = ok('train', 'lenet5', '--data', 'shapes', ...quick, '--out', 'b.safetensors')
  assert.match(out, 'none to measure on')
  assert.match(out, /gray, cover, mean 0\.5, std 0\.5 +\(the default\)/)
  assert.match(out, /of 36 training images/)
})

test('the same seed gives the same file', () => {
  for (const name of ['s1', 's2', 's3'])
    ok(
      'train',
      'lenet5',
      '--data',
      'digits',
      ...quick,
      '--seed',
      name === 's3' ? '2' : '1',
      '--out',
      `${name}.safetensors`,
    )
  const [a, b, c] = ['s1', 's2', 's3'].map(name => readFileSync(here(`${name}.safetensors`)))
  assert.is(Buffer.compare(a!, b!), 0)
  assert.is.not(Buffer.compare(a!, c!), 0)
})

test.run()
