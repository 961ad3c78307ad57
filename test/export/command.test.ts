// convlet export, as its users start it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromOnnx } from '../../converters/index.js'
import { readModel } from '../../ts/file.js'
import { workshop } from '../cli/program.js'
import { roundedGraph } from './make.js'

const test = suite('export: command line')
const { folder, convlet, ok } = workshop(test)

const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)))

test('an exported model is the model', async () => {
  const { out, err } = ok('export', 'net.safetensors', 'out.onnx')
  assert.is(err, '')
  assert.match(out, /^out\.onnx {2}24\d\.\d KB\n {2}network +12 nodes, 10 tensors, opset 13, batch open\n/)
  const [model, back] = [await readModel(bytesOf('net.safetensors')), fromOnnx(bytesOf('out.onnx'))]
  assert.equal(back.graph, roundedGraph(model.graph!))
  for (const [name, { data }] of model.tensors) assert.is(Buffer.compare(data, back.tensors.get(name)!.data), 0)
  const again = JSON.parse(ok('convert', 'out.onnx', 'again.safetensors', '--no-meta', '--json').out)
  assert.is(again.source, 'out.onnx (convlet)')
})

test('export --json', () => {
  const { milliseconds, bytes, ...rest } = JSON.parse(ok('export', 'net.safetensors', 'json.onnx', '--json').out)
  assert.type(milliseconds, 'number')
  assert.is(bytes, bytesOf('json.onnx').length)
  assert.equal(rest, { file: 'json.onnx', opset: 13, nodes: 12, tensors: 10 })
})

for (const [file, says] of [
  ['absent.safetensors', /^convlet: absent\.safetensors: cannot be read/],
  ['lenet5.onnx', /^convlet: lenet5\.onnx: not a safetensors file: looks like/],
  ['plain.safetensors', /^convlet: plain\.safetensors is a safetensors file without a graph: convlet convert/],
  ['short.safetensors', /^convlet: short\.safetensors: the file should have/],
  ['wrong.safetensors', /^convlet: wrong\.safetensors: the weights have sha256/],
] as const)
  test(`fails: export ${file}`, () => {
    const { code, out, err } = convlet(['export', file, 'none.onnx'])
    assert.is(code, 1)
    assert.is(out, '')
    assert.match(err, says)
    assert.not(existsSync(join(folder, 'none.onnx')))
  })

test('a model is not written over itself', () => {
  const before = bytesOf('net.safetensors')
  assert.is(convlet(['export', 'net.safetensors', 'net.safetensors']).code, 1)
  assert.equal(bytesOf('net.safetensors'), before)
})

test('usage', () => assert.is(convlet(['export', 'net.safetensors']).code, 2))

test.run()
