import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeCifar, writeFolders, writeIdx } from './material.js'
import { workshop } from './program.js'

const test = suite('command line: train, failures')
const { folder, convlet } = workshop(test)
const here = (name: string) => join(folder, name)

const IMAGES = 'train-images-idx3-ubyte'
const LABELS = 'train-labels-idx1-ubyte'

test.before(async () => {
  writeIdx(here('digits'), 'train', 12)
  await writeFolders(here('shapes'), ['flat', 'slope', 'tall'], 4)
  await writeFolders(here('strange'), ['flat', 'oval'], 1)
})

/** One line that has the words, exit code 1 (or 2 for usage), and no file of the model's name. */
const refuse = (wanted: string | RegExp, args: readonly string[], code = 1): void => {
  const { code: found, out, err } = convlet(['train', ...args, '--epochs', '1', '--out', 'never.safetensors'])
  assert.is(found, code, `${out}${err}`)
  assert.match(err, wanted)
  assert.match(err, /^convlet: /)
  if (code === 1) assert.is(err.trim().split('\n').length, 1, err)
  assert.not.ok(existsSync(here('never.safetensors')))
  assert.equal(
    readdirSync(folder).filter(name => name.endsWith('.tmp')),
    [],
  )
}
const data = (name: string) => ['lenet5', '--data', name]

/** A copy of the digits in which one file is changed. */
const spoilt = (name: string, file: string, change: (bytes: Buffer) => Uint8Array): string[] => {
  cpSync(here('digits'), here(name), { recursive: true })
  writeFileSync(here(`${name}/${file}`), change(readFileSync(here(`digits/${IMAGES.includes(file) ? IMAGES : file}`))))
  return data(name)
}

const with32 = (bytes: Buffer, value: number, at: number): Buffer => {
  bytes.writeUInt32BE(value, at)
  return bytes
}

test('usage', () => {
  refuse("required option '--data <folder>' not specified", ['lenet5'], 2)
  refuse('missing required argument', ['--data', 'digits'], 2)
  const wrong = (wanted: string, ...args: string[]) => refuse(wanted, [...data('digits'), ...args], 2)
  wrong('There is shift, flip, crop, cutout, no "twist"', '--augment', 'flip,twist')
  wrong('shift takes pixels, e.g. shift=2', '--augment', 'shift')
  wrong('crop takes a share of the sides, e.g. crop=0.8', '--augment', 'crop=80')
  wrong('It must be a number above 0', '--lr', '-1')
  wrong('It must be a share between 0 and 1', '--validation-split', '10')
  wrong('It must be a whole number of at least 1', '--batch', '0')
  wrong('It must be a whole number from 2, from-folders or keep', '--classes', '1')
  wrong('Allowed choices are sgd', '--optimizer', 'lion')
  wrong('cannot be used with option', '--validation', 'digits', '--validation-split', '0.1')
  wrong('cannot be used with option', '--cache-features', '--augment', 'flip')
  wrong('It must be one number, or three', '--mean', '1,2')
  wrong('It must be numbers above 0', '--std', '0')
})

test('what to train', () => {
  refuse(/^convlet: lenet6: there is no such file, and no such network among alexnet, /, ['lenet6', '--data', 'digits'])
  refuse('none.safetensors: cannot be read: there is no such file', ['none.safetensors', '--data', 'digits'])
  refuse('looks like an ONNX model', ['lenet5.onnx', '--data', 'digits'])
  refuse('train: "fc.*" matches no tensor', [...data('digits'), '--train', 'fc.*'])
})

test('folders', () => {
  refuse('nowhere: there is no such folder', data('nowhere'))
  refuse('lenet5.onnx: it is a file; give the folder', data('lenet5.onnx'))
  refuse('sub: the folder is empty', data('sub'))
  mkdirSync(here('text'))
  writeFileSync(here('text/notes.csv'), '1,2')
  refuse(
    /text: no data that are known, but notes\.csv; convlet reads a folder of images for each class, .*MNIST.*CIFAR-10/,
    data('text'),
  )
  refuse('its images are in no folders', data('shapes/flat'))
  cpSync(here('shapes'), here('one'), { recursive: true })
  mkdirSync(here('one/void'))
  writeFileSync(here('one/void/notes.txt'), '')
  refuse('one: no images (PNG, JPEG, WebP, …) in void', data('one'))
  cpSync(here('shapes/flat'), here('alone/flat'), { recursive: true })
  refuse('it has one class, flat; there must be two', data('alone'))
})

test('an image that cannot be read is named', () => {
  cpSync(here('shapes'), here('torn'), { recursive: true })
  writeFileSync(here('torn/slope/9.png'), 'no picture')
  refuse(/torn.slope.9\.png: is no image that can be read/, data('torn'))
  cpSync(here('shapes'), here('short'), { recursive: true })
  truncateSync(here('short/tall/2.png'), 60)
  refuse(/short.tall.2\.png: is no image that can be read/, data('short'))
})

test('idx files', () => {
  refuse(
    /train-images-idx3-ubyte: .* take 9424 bytes, it has 9000/,
    spoilt('a', IMAGES, b => b.subarray(0, 9000)),
  )
  refuse(
    'it has 7 bytes and is cut short',
    spoilt('b', LABELS, b => b.subarray(0, 7)),
  )
  refuse(
    'begins with 00000801, images of idx files begin with 00000803',
    spoilt('c', IMAGES, b => with32(b, 0x801, 0)),
  )
  const fewer = (b: Buffer) => with32(b, 11, 4).subarray(0, -1)
  refuse(`it has 12 images, ${LABELS} has 11 labels`, spoilt('d', LABELS, fewer))
  const only = (name: string, file: string) => {
    mkdirSync(here(name))
    cpSync(here(`digits/${file}`), here(`${name}/${file}`))
    return data(name)
  }
  refuse(`${LABELS} has labels, but there is no ${IMAGES}`, only('e', LABELS))
  refuse(`${IMAGES} has images, but there is no ${LABELS}`, only('f', IMAGES))
  mkdirSync(here('g'))
  writeFileSync(here(`g/${IMAGES}.gz`), 'no gzip')
  writeFileSync(here(`g/${LABELS}.gz`), '')
  refuse(`g/${IMAGES}.gz: it is no gzip file`, data('g'))
  writeIdx(here('h'), 'train', 12, true)
  truncateSync(here(`h/${IMAGES}.gz`), 200)
  refuse(`${IMAGES}.gz: the gzip file is cut short`, data('h'))
  writeIdx(here('i'), 't10k', 12)
  refuse('i has images to test on and none to train on', data('i'))
})

test('CIFAR-10 files', () => {
  mkdirSync(here('cifar'))
  writeCifar(here('cifar/data_batch_1.bin'), 3)
  truncateSync(here('cifar/data_batch_1.bin'), 9000)
  refuse('CIFAR-10 has 3073 bytes for each image, 9000 are no multiple', data('cifar'))
  const bytes = Buffer.alloc(3073 * 2)
  bytes[3073] = 57
  writeFileSync(here('cifar/data_batch_1.bin'), bytes)
  refuse('data_batch_1.bin: image 1 has label 57, CIFAR-10 has 0 to 9', data('cifar'))
})

test('classes', () => {
  const file = ['net.safetensors', '--data', 'shapes']
  refuse("3 classes, flat, slope, tall, not among the network's 10: 0, 1, 2, 3, 4, 5, …; --classes from-folders", file)
  const head = ['--classes', 'from-folders', '--train', 'features.*']
  refuse('--train features.* leaves out the new last layer, whose numbers are random', [...file, ...head])
  refuse('shapes has 3 classes, --classes says 2', [...file, '--classes', '2'])
  refuse('--classes keep is for a file', [...data('shapes'), '--classes', 'keep'])
  refuse("strange: the class oval is not among the network's 3", [...data('shapes'), '--validation', 'strange'])
})

test('options that do not go together with the data', () => {
  refuse('--patience needs images to measure on', [...data('digits'), '--patience', '2'])
  refuse('leaves none on one side', [...data('shapes'), '--validation-split', '0.01'])
  refuse('--mean has 3 figures', [...data('digits'), '--mean', '1,2,3'])
  const own = convlet(['train', 'net.safetensors', '--data', 'digits', '--out', 'net.safetensors'])
  assert.is(own.code, 1)
  assert.match(own.err, 'net.safetensors is the model itself: give the trained one another name with --out')
  const nowhere = convlet(['train', 'lenet5', '--data', 'digits', '--out', 'no/such/out.safetensors'])
  assert.is(nowhere.code, 1)
  assert.match(nowhere.err, 'there is no folder no/such')
})

test('a training that goes wrong says so and writes nothing', () => {
  refuse(/try a lower learning rate/, [...data('digits'), '--optimizer', 'sgd', '--lr', '1e30', '--batch', '2'])
})

test.run()
