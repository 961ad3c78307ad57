// convlet convert NETWORK WEIGHTS OUT, as its users start it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lenet5 } from '../../models/index.js'
import { readModel } from '../../ts/file.js'
import { workshop } from '../cli/program.js'
import { seeded, stateDict } from './make.js'

const test = suite('convert a network')
const { folder, convlet, ok } = workshop(test)

const weights = seeded(lenet5({ classes: 7 }))
test.before(async () => writeFileSync(join(folder, 'w.safetensors'), await stateDict(weights)))

test('a builder’s name and weights make a model', async () => {
  const { out } = ok('convert', 'lenet5', 'w.safetensors', 'made.safetensors', '--classes', '7')
  assert.match(out, /from +w\.safetensors \(lenet5\)\n/)
  assert.match(out, /input 1×1×32×32 → logits 1×7/)
  const model = await readModel(new Uint8Array(readFileSync(join(folder, 'made.safetensors'))))
  assert.equal(model.tensors, weights)
  assert.is(JSON.parse(ok('inspect', 'made.safetensors', '--json').out).source, 'w.safetensors (lenet5)')
})

test('what does not fit is listed, and nothing is written', () => {
  const { code, err } = convlet(['convert', 'lenet5', 'w.safetensors', 'none.safetensors'])
  assert.is(code, 1)
  assert.match(err, /^convlet: w\.safetensors: the weights are not those of the network:\n/)
  assert.match(err, /classifier\.2\.weight is 7×84, should be 10×84\n/)
  assert.throws(() => readFileSync(join(folder, 'none.safetensors')))
})

for (const [args, says] of [
  ['convert lenet5 lenet5.onnx x.safetensors', /lenet5\.onnx: .*not a safetensors file/],
  ['convert lenet5 w.safetensors w.safetensors', /w\.safetensors is the model itself/],
  ['convert lenet5.onnx x.safetensors --classes 5', /--classes goes with the name of a network/],
  ['convert lenet5 w.safetensors x.safetensors --input-shape input=1,1,32,32', /--input-shape goes with an ONNX model/],
  ['convert w.safetensors x.safetensors', /without a graph: name its network before it/],
] as const)
  test(`${args}: says why not`, () => {
    const { code, err } = convlet(args.split(' '))
    assert.is(code, 1)
    assert.match(err, says)
  })

for (const name of ['lenet6', 'toString'])
  test(`${name} is no network: usage`, () => {
    const { code, err } = convlet(['convert', name, 'w.safetensors', 'x.safetensors'])
    assert.is(code, 2)
    assert.match(err, `too many arguments, unless "${name}" should be a network: alexnet, `)
  })

test('the help tells both forms and every network', () => {
  const { out } = ok('convert', '--help')
  assert.match(out, /convlet convert \[options\] <network> <weights\.safetensors> <out\.safetensors>/)
  assert.match(out, /resnet152/)
  assert.match(ok('--help').out, /convert <model\.onnx> <out\.safetensors> /)
})

test.run()
