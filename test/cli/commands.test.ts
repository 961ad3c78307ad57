import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeModel, readModel } from '../../ts/file.js'
import { CLI, DIGITS, environment, workshop } from './program.js'

const test = suite('command line')
const { folder, convlet, ok } = workshop(test)

test('convert tells what it made', () => {
  const { out, err } = ok('convert', 'lenet5.onnx', 'a.safetensors')
  assert.is(err, '')
  assert.match(out, /^a\.safetensors {2}244\.3 KB$/m)
  assert.match(out, 'lenet5.onnx (convlet), opset 13')
  assert.match(out, 'input 1×1×32×32 → logits 1×10')
  assert.match(out, '10 tensors, 61.7 K parameters')
  assert.match(out, '10 labels and preprocess from lenet5.json')
})

test('convert --json', () => {
  const { milliseconds, memory, ...rest } = JSON.parse(ok('convert', 'lenet5.onnx', 'a.safetensors', '--json').out)
  assert.type(milliseconds, 'number')
  assert.equal(Object.keys(memory), ['static', 'weights', 'arena', 'total'])
  assert.equal(rest, {
    file: 'a.safetensors',
    bytes: readFileSync(join(folder, 'a.safetensors')).length,
    source: 'lenet5.onnx (convlet)',
    opset: 13,
    meta: 'lenet5.json',
    labels: 10,
    preprocess: { color: 'gray', fit: 'contain', border: 2, mean: [0.1307], std: [0.3081] },
    nodes: rest.nodes,
    tensors: 10,
    parameters: 61706,
    weights: null,
    warnings: [],
    inputs: { input: [1, 1, 32, 32] },
    outputs: { logits: [1, 10] },
  })
})

test('convert takes labels and preprocess from where it is told', () => {
  const meta = (...args: string[]) => {
    const { labels, meta } = JSON.parse(ok('convert', ...args, '--json').out)
    return [labels, meta]
  }
  assert.equal(meta('lenet5.onnx', 'b.safetensors', '--no-meta'), [0, null])
  assert.equal(meta('other.onnx', 'b.safetensors', '--meta', 'lenet5.json'), [10, 'lenet5.json'])
  // Beside it lies another program's file.
  assert.equal(meta('other.onnx', 'b.safetensors'), [0, null])
})

test('convert --input-shape closes an open input', () => {
  const { out } = ok('convert', 'open.onnx', 'c.safetensors', '--input-shape', 'x=1,3,8,8', '--json')
  assert.equal(JSON.parse(out).inputs, { x: [1, 3, 8, 8] })
})

test('convert --weights stores them in fewer bits, of a model too that is converted already', () => {
  const sizes = ['f32', 'f16', 'bf16', 'int8'].map(weights => {
    const first = JSON.parse(ok('convert', 'lenet5.onnx', 'stored.safetensors', '--weights', weights, '--json').out)
    const again = JSON.parse(ok('convert', 'net.safetensors', 'again.safetensors', '--weights', weights, '--json').out)
    assert.equal([first.weights, first.parameters, first.labels], [weights, 61706, 10])
    assert.equal([again.weights, again.parameters, again.labels], [weights, 61706, 10])
    assert.equal(readFileSync(join(folder, 'stored.safetensors')), readFileSync(join(folder, 'again.safetensors')))
    ok('run', 'stored.safetensors', join(DIGITS, '3.png'))
    return [Math.round(first.bytes / 1024), first.tensors]
  })
  assert.equal(sizes, [
    [244, 10],
    [124, 10],
    [124, 10],
    [66, 15],
  ])
  const { out } = ok('convert', 'net.safetensors', 'again.safetensors', '--weights', 'int8')
  assert.match(out, '61.7 K parameters, int8, runs in')
  assert.match(out, '10 labels and preprocess from the model')
  const { out: table } = ok('inspect', 'again.safetensors')
  assert.match(table, /weights/)
  assert.match(table, /int8/)
  assert.not.match(ok('inspect', 'net.safetensors').out.split('memory')[0]!, /weights/)
  const { err } = convlet(['convert', 'lenet5.onnx', 'x.safetensors', '--weights', 'int4'])
  assert.match(err, "argument 'int4' is invalid. Allowed choices are f32, f16, bf16, int8.")
})

test('convert --weights tells what has no number of the type', async () => {
  const { tensors, ...meta } = await readModel(readFileSync(join(folder, 'net.safetensors')))
  const [name, weight] = [...tensors].find(([, { shape }]) => shape.length === 4)!
  const data = Uint8Array.from(weight.data)
  new DataView(data.buffer).setFloat32(0, 7e4, true)
  writeFileSync(
    join(folder, 'huge.safetensors'),
    await encodeModel({ ...meta, tensors: new Map(tensors).set(name, { ...weight, data }) }),
  )
  const { err } = ok('convert', 'huge.safetensors', 'half.safetensors', '--weights', 'f16')
  assert.is(err, `convlet: "${name}" stays F32: 1 of its ${data.length / 4} numbers have no finite f16\n`)
})

test('inspect shows a table', () => {
  const { out, err } = ok('inspect', 'net.safetensors')
  assert.is(err, '')
  assert.match(out, /conv\w* .*|gemv/)
  assert.match(out, '61.7 K')
  assert.match(out, '416.5 K')
  assert.match(out, /^memory +320 KB: static 1 KB, weights [\d.]+ KB, arena [\d.]+ KB$/m)
  assert.match(out, /^preprocess +gray, contain, border 2/m)
  assert.ok(
    out.split('\n').every(line => line.length <= 100),
    'a line is wider than 100 columns',
  )
})

test('inspect --json is the inspection', () => {
  const found = JSON.parse(ok('inspect', 'net.safetensors', '--batch', '4', '--json').out)
  assert.equal(found.inputs, { input: [4, 1, 32, 32] })
  assert.equal(found.labels.length, 10)
  assert.is(found.file, 'net.safetensors')
  assert.ok(found.layers.length > 5 && found.memory.total % 65536 === 0)
})

test('inspect plans for another image', () => {
  ok('convert', 'open.onnx', 'c.safetensors', '--input-shape', 'x=1,3,8,8')
  const { out } = ok('inspect', 'c.safetensors', '--input-shape', '3,20,10', '--json')
  assert.equal(JSON.parse(out).inputs, { x: [1, 3, 20, 10] })
})

test('run reads digits', () => {
  const { out, err } = ok('run', 'net.safetensors', `${DIGITS}/7.png`)
  assert.is(err, '')
  assert.match(out, /^ {2}7 {2}█+ +>?99\.\d+ %$/m)
  assert.match(out, /prepared in [\d.]+ ms, network [\d.]+ ms/)
})

test('run --json', () => {
  const images = [3, 5].map(digit => join(DIGITS, `${digit}.png`))
  const { out } = ok('run', 'net.safetensors', ...images, '--json', '--top', '2', '--repeat', '3')
  const found = JSON.parse(out)
  assert.equal(Object.keys(found), ['file', 'build', 'preprocess', 'memory', 'images'])
  for (const [i, { file, width, height, predictions, milliseconds }] of found.images.entries()) {
    assert.equal([file, width, height, predictions.length], [images[i], 28, 28, 2])
    assert.equal(Object.keys(predictions[0]), ['label', 'index', 'probability'])
    assert.is(predictions[0].label, ['3', '5'][i])
    assert.ok(milliseconds.prepare > 0 && milliseconds.first > 0 && milliseconds.median > 0)
  }
})

test('run --invert reads ink on paper', async () => {
  const { default: sharp } = await import('sharp')
  await sharp(join(DIGITS, '4.png')).negate().toFile(join(folder, 'paper.png'))
  // Ink on nothing at all: what is transparent counts as paper.
  const ink = { create: { width: 28, height: 28, channels: 3 as const, background: 'black' } }
  const alpha = await sharp(join(DIGITS, '4.png')).toColourspace('b-w').toBuffer()
  await sharp(ink).joinChannel(alpha).png().toFile(join(folder, 'ink.png'))
  const { out } = ok('run', 'net.safetensors', 'paper.png', 'ink.png', '--invert', '--json')
  assert.equal(
    JSON.parse(out).images.map((image: { predictions: { label: string }[] }) => image.predictions[0]!.label),
    ['4', '4'],
  )
})

test('run says what it assumes where the file has no preprocess', () => {
  ok('convert', 'lenet5.onnx', 'bare.safetensors', '--no-meta')
  const { out, err } = ok('run', 'bare.safetensors', `${DIGITS}/1.png`, '--json')
  assert.match(err, /^convlet: bare\.safetensors says nothing of preprocess: taking gray, stretch, pixel \/ 255\./)
  assert.is(JSON.parse(out).preprocess, null)
})

test('--help of everything has examples and fits', () => {
  for (const args of [[], ['convert'], ['inspect'], ['run']]) {
    const { out } = ok(...args, '--help')
    assert.match(out, new RegExp(`^Usage: convlet${args.map(a => ` ${a}`).join('')} `))
    assert.match(out, /^Examples:$/m)
    for (const line of out.split('\n')) assert.ok(line.length <= 110, line)
  }
})

test('--version is the package', () => {
  assert.is(ok('--version').out.trim(), JSON.parse(readFileSync('package.json', 'utf8')).version)
})

test('colour only where it is wanted', () => {
  const colored = (env: NodeJS.ProcessEnv) => convlet(['inspect', 'net.safetensors'], env).out.includes('\x1b[')
  assert.is(colored({}), false)
  assert.is(colored({ FORCE_COLOR: '1' }), true)
  assert.is(colored({ NO_COLOR: '1' }), false)
})

test('names in a file do not reach the terminal as commands', () => {
  ok('convert', 'bell.onnx', 'bell.safetensors')
  const { out } = ok('inspect', 'bell.safetensors')
  assert.match(out, 'a??[31m')
})

test('a reader that has seen enough is no failure', async () => {
  const child = spawn(process.execPath, [CLI, 'inspect', 'net.safetensors', '--json'], {
    cwd: folder,
    env: environment,
  })
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', text => {
    said += text
  })
  assert.is(await new Promise(done => child.once('close', done)), 0)
  assert.is(said, '')
})

test('verify compares two files of one network', () => {
  ok('convert', 'net.safetensors', 'eight.safetensors', '--weights', 'int8')
  const compare = (file: string) => JSON.parse(ok('verify', 'net.safetensors', file, '--data', DIGITS, '--json').out)
  const { agree, inputs, largest, each } = compare('eight.safetensors')
  assert.is(agree, inputs)
  assert.is(each.length, inputs)
  assert.ok(largest > 0)
  assert.is(compare('net.safetensors').largest, 0)
  assert.match(ok('verify', 'net.safetensors', 'eight.safetensors', '--data', DIGITS).out, /top-1 +\d+ of \d+ \(100/)
  assert.match(convlet(['verify', 'net.safetensors', 'eight.safetensors', '--data', 'sub']).err, 'no inputs in it')
})

// A narrow terminal, on which everything takes a second.
const WATCHED = `data:text/javascript,${encodeURIComponent(`
  Object.assign(process.stderr, { isTTY: true, columns: 60 })
  let now = 0
  performance.now = () => (now += 1000)`)}`

test('verify tells how far it is', () => {
  const args = ['--import', WATCHED, CLI, 'verify', 'net.safetensors', 'net.safetensors', '--data', DIGITS]
  const { stderr } = spawnSync(process.execPath, args, { cwd: folder, env: environment, encoding: 'utf8' })
  assert.match(stderr, /comp… on digits {2}━+╌+ 50 % of 10 inputs/)
  // What is longer than the terminal is wide would stay.
  for (const line of stripVTControlCharacters(stderr).split('\r')) assert.ok(line.length < 60, line)
})

test('scales are no parameters, and no tensors of an exported model', () => {
  const parameters = (...args: string[]) => JSON.parse(ok('convert', ...args, '--json').out).parameters
  const { parameters: all } = JSON.parse(
    ok('convert', 'lenet5.onnx', 'eight.safetensors', '--weights', 'int8', '--json').out,
  )
  assert.is(all, 61_706)
  for (const storage of ['f16', 'int8'])
    assert.is(parameters('eight.safetensors', 'other.safetensors', '--weights', storage), all)
  assert.match(ok('export', 'eight.safetensors', 'eight.onnx').out, '12 nodes, 10 tensors')
})

test.run()
