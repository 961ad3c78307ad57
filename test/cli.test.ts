import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Column, table } from '../converters/terminal/table.js'
import { bar, bytes, count, milliseconds, percent, shorten } from '../converters/terminal/text.js'
import { encodeModel } from '../ts/file.js'
import { build } from './converters/build.js'

const CLI = resolve('dist/cli.js')
const LENET = resolve('models/lenet5/lenet5.onnx')
const DIGITS = resolve('models/lenet5/digits')

const folder = mkdtempSync(join(tmpdir(), 'convlet-cli-'))
const { NO_COLOR: _, FORCE_COLOR: __, ...environment } = process.env

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const convlet = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Run => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...environment, ...env },
  })
  return { code: status, out: stdout, err: stderr }
}

const ok = (...args: string[]): Run => {
  const run = convlet(args)
  assert.is(run.code, 0, run.err)
  return run
}

test.before(async () => {
  for (const file of ['lenet5.onnx', 'lenet5.json']) cpSync(resolve('models/lenet5', file), join(folder, file))
  const onnx = readFileSync(LENET)
  const write = (name: string, data: string | Uint8Array) => writeFileSync(join(folder, name), data)
  ok('convert', 'lenet5.onnx', 'net.safetensors')
  const net = readFileSync(join(folder, 'net.safetensors'))
  write('short.onnx', onnx.subarray(0, 100_000))
  write('short.safetensors', net.subarray(0, 100_000))
  write('shorter.safetensors', net.subarray(0, 500))
  write('empty.onnx', '')
  write(
    'wrong.safetensors',
    net.map((byte, i) => (i === net.length - 1 ? byte ^ 1 : byte)),
  )
  write('foreign.onnx', build({ nodes: ['a = Erf(x)', 'b = Erf(a)', 'y = my.Thing(b)'], domains: ['my'] }))
  write('open.onnx', build({ nodes: ['y = Relu(x)'], inputs: { x: ['N', 3, 'H', 'W'] } }))
  write('bell.onnx', build({ nodes: ['a\x07\x1b[31m: y = Relu(x)'] }))
  write('plain.safetensors', await encodeModel({ tensors: new Map() }))
  write('bad.json', '{ "labels": ')
  write('none.json', '{ "name": "lenet" }')
  write('wrong.json', '{ "preprocess": { "color": "purple" } }')
  write('text.png', 'no picture')
  cpSync(LENET, join(folder, 'other.onnx'))
  cpSync(join(folder, 'none.json'), join(folder, 'other.json'))
  mkdirSync(join(folder, 'sub'))
})

test.after(() => rmSync(folder, { recursive: true, force: true }))

test('convert tells what it made', () => {
  const { out, err } = ok('convert', 'lenet5.onnx', 'a.safetensors')
  assert.is(err, '')
  assert.match(out, /^a\.safetensors {2}245\.4 KB$/m)
  assert.match(out, 'lenet5.onnx (pytorch 1.13.0), opset 13')
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
    source: 'lenet5.onnx (pytorch 1.13.0)',
    opset: 13,
    meta: 'lenet5.json',
    labels: 10,
    preprocess: { color: 'gray', fit: 'contain', border: 2, mean: [0.1307], std: [0.3081] },
    nodes: rest.nodes,
    tensors: 10,
    parameters: 61706,
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

// What goes wrong, and the one line that says it.
const failures: readonly (readonly [string, RegExp])[] = [
  ['convert absent.onnx o.safetensors', /^convlet: absent\.onnx: cannot be read: there is no such file\.$/],
  ['convert sub o.safetensors', /^convlet: sub: cannot be read: it is a folder\.$/],
  ['convert short.onnx o.safetensors', /^convlet: short\.onnx is not an ONNX model: .*cut short/],
  ['convert empty.onnx o.safetensors', /^convlet: empty\.onnx is not an ONNX model: it is empty$/],
  [`convert ${DIGITS}/0.png o.safetensors`, /^convlet: .*0\.png is not an ONNX model: it is a PNG image$/],
  ['convert net.safetensors o.safetensors', /^convlet: net\.safetensors is already converted/],
  ['convert plain.safetensors o.safetensors', /^convlet: plain\.safetensors is a safetensors file without a graph/],
  ['convert short.safetensors o.safetensors', /^convlet: short\.safetensors is already converted/],
  ['convert open.onnx o.safetensors', /^convlet: .*--input-shape x=/],
  ['convert lenet5.onnx o.safetensors --input-shape input=1,3,32,32', /^convlet: .*input "input".*does not fit/],
  ['convert lenet5.onnx o.safetensors --input-shape image=1,1,32,32', /^convlet: .*"image".*"input"/],
  ['convert lenet5.onnx o.safetensors --meta absent.json', /^convlet: absent\.json: cannot be read/],
  ['convert lenet5.onnx o.safetensors --meta bad.json', /^convlet: bad\.json is not valid JSON/],
  ['convert lenet5.onnx o.safetensors --meta none.json', /^convlet: none\.json has neither labels nor preprocess/],
  ['convert lenet5.onnx o.safetensors --meta wrong.json', /^convlet: wrong\.json: preprocess: color must be/],
  [
    'convert lenet5.onnx absent/o.safetensors',
    /^convlet: absent\/o\.safetensors: cannot be written: there is no folder/,
  ],
  ['convert lenet5.onnx sub', /^convlet: sub: cannot be written: it is a folder\.$/],
  ['convert lenet5.onnx lenet5.json/o.safetensors', /^convlet: .*cannot be written: a part of its path is no folder/],
  ['convert lenet5.onnx lenet5.onnx', /^convlet: lenet5\.onnx is the model itself/],
  ['convert lenet5.onnx /dev/null', /^convlet: \/dev\/null: cannot be written: it is no regular file\.$/],
  ['inspect absent.safetensors', /^convlet: absent\.safetensors: cannot be opened: there is no such file\.$/],
  ['inspect lenet5.onnx', /^convlet: lenet5\.onnx: .*an ONNX model; convert it/],
  [`inspect ${DIGITS}/0.png`, /^convlet: .*0\.png: not a safetensors file: looks like a PNG image$/],
  ['inspect shorter.safetensors', /^convlet: shorter\.safetensors: the file is cut short/],
  ['inspect plain.safetensors', /^convlet: plain\.safetensors: the file holds weights/],
  ['inspect net.safetensors --input-shape 3,32,32', /^convlet: net\.safetensors: /],
  [`run short.safetensors ${DIGITS}/0.png`, /^convlet: short\.safetensors: the file is cut short/],
  [`run wrong.safetensors ${DIGITS}/0.png`, /^convlet: wrong\.safetensors: the weights have sha256/],
  ['run net.safetensors absent.png', /^convlet: absent\.png: cannot be read: there is no such file\.$/],
  ['run net.safetensors text.png', /^convlet: text\.png: is no image that can be read/],
  ['run net.safetensors sub', /^convlet: sub: cannot be read: it is a folder\.$/],
]

for (const [line, message] of failures)
  test(`fails: convlet ${line.replaceAll(`${DIGITS}/`, '')}`, () => {
    const before = readdirSync(folder).sort()
    const { code, out, err } = convlet(line.split(' '))
    assert.is(code, 1)
    assert.is(out, '')
    assert.match(err.trimEnd(), message)
    assert.is(err.split('\n').length, 2, `more than one line: ${err}`)
    assert.equal(readdirSync(folder).sort(), before, 'it left a file')
  })

test('lists every operator that it cannot convert', () => {
  const { code, err } = convlet(['convert', 'foreign.onnx', 'o.safetensors'])
  assert.is(code, 1)
  assert.match(err, /^convlet: foreign\.onnx uses what convlet does not support:$/m)
  assert.match(err, /^ {2}Erf ×2 /m)
  assert.match(err, /^ {2}my\.Thing ×1 /m)
  assert.not.match(err, /^\s+at /m)
})

test('a failure leaves the file of that name as it was', () => {
  writeFileSync(join(folder, 'kept.safetensors'), 'kept')
  assert.is(convlet(['convert', 'short.onnx', 'kept.safetensors']).code, 1)
  assert.is(readFileSync(join(folder, 'kept.safetensors'), 'utf8'), 'kept')
})

// Stops a program in the middle of writing.
const SLOW = `data:text/javascript,${encodeURIComponent(`
  import { open } from 'node:fs/promises'
  const file = await open(process.execPath)
  Object.getPrototypeOf(file).sync = () => { process.stdout.write('writing'); return new Promise(r => setTimeout(r, 20000)) }
  await file.close()`)}`

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`${signal} while writing leaves nothing`, async () => {
    const before = readdirSync(folder).sort()
    const args = ['--import', SLOW, CLI, 'convert', 'lenet5.onnx', 'late.safetensors']
    const child = spawn(process.execPath, args, { cwd: folder, env: environment })
    await new Promise(done => child.stdout.once('data', done))
    assert.is(readdirSync(folder).length, before.length + 1)
    child.kill(signal)
    assert.is(await new Promise(done => child.once('close', done)), status)
    assert.equal(readdirSync(folder).sort(), before)
  })

test('--verbose shows the stack trace and the cause', () => {
  const { code, err } = convlet(['convert', 'absent.onnx', 'o.safetensors', '--verbose'])
  assert.is(code, 1)
  assert.match(err, /^convlet: absent\.onnx: cannot be read/)
  assert.match(err, /^\s+at /m)
  assert.match(err, /^caused by .*ENOENT/m)
})

const misuses: readonly (readonly [string, RegExp])[] = [
  ['', /Usage: convlet/],
  ['nothing', /^convlet: unknown command 'nothing'/],
  ['konvert', /Did you mean convert/],
  ['--colour', /^convlet: unknown option '--colour'/],
  ['convert', /^convlet: missing required argument 'model.onnx'/],
  ['convert a.onnx', /^convlet: missing required argument 'out.safetensors'/],
  ['convert a.onnx b c', /^convlet: too many arguments/],
  ['convert a.onnx b --input-shape 1,3,8,8', /--input-shape.*It must be a name and a whole shape/],
  ['convert a.onnx b --input-shape x=1,0,8', /--input-shape.*It must be a name and a whole shape/],
  ['inspect', /^convlet: missing required argument/],
  ['inspect a --batch 0', /--batch.*It must be a whole number of at least 1/],
  ['inspect a --batch 1e2', /--batch.*It must be a whole number of at least 1/],
  ['inspect a --input-shape 8,8', /--input-shape.*It must be channels, height and width/],
  ['run a', /^convlet: missing required argument 'image'/],
  ['run a b --top', /--top <n>' argument missing/],
  ['run a b --top x', /--top.*It must be a whole number/],
]

for (const [line, message] of misuses)
  test(`usage: convlet ${line}`, () => {
    const { code, out, err } = convlet(line === '' ? [] : line.split(' '))
    assert.is(code, 2)
    assert.is(out, '')
    assert.match(err, message)
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

test('the program is there before it is built, and says so', () => {
  cpSync('bin', join(folder, 'unbuilt', 'bin'), { recursive: true })
  const start = (program: string) => spawnSync(process.execPath, [program, '--version'], { encoding: 'utf8' })
  assert.match(start('bin/convlet.mjs').stdout, /^\d+\.\d+\.\d+\n$/)
  const { status, stdout, stderr } = start(join(folder, 'unbuilt/bin/convlet.mjs'))
  assert.equal([status, stdout], [1, ''])
  assert.match(stderr, /^convlet: .*npm start first\.\n$/)
})

test('npm start reads ten digits, in as many colours as there are', () => {
  const start = (env: NodeJS.ProcessEnv) => {
    const options = { encoding: 'utf8', env: { ...environment, ...env } } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/start.mjs'], options)
    assert.is(status, 0, stderr)
    assert.match(stdout, '10 of 10')
    return stdout
  }
  const plain = start({})
  assert.ok(!plain.includes('\x1b['))
  for (const line of plain.split('\n')) assert.ok(line.length <= 100, line)
  assert.ok(start({ FORCE_COLOR: '2' }).includes('\x1b[38;5;16;48;5;16m▀'))
  assert.ok(start({ FORCE_COLOR: '3' }).includes('\x1b[38;2;0;0;0;48;2;0;0;0m▀'))
})

test('numbers as people read them', () => {
  assert.equal([0, 156, 999, 1000, 117600, 999_950, 25.6e6].map(count), [
    '0',
    '156',
    '999',
    '1.0 K',
    '117.6 K',
    '1.0 M',
    '25.6 M',
  ])
  assert.equal([980, 1024, 251264, 327680].map(bytes), ['980 B', '1 KB', '245.4 KB', '320 KB'])
  assert.equal([0.0721, 1.944, 12.34, 123.4].map(milliseconds), ['0.072', '1.94', '12.3', '123'])
  assert.equal([0, 1e-9, 0.5, 0.99999, 1].map(percent), ['0.00 %', '<0.01 %', '50.00 %', '>99.99 %', '100.00 %'])
  assert.equal([bar(0, 3), bar(0.5, 3), bar(1, 3)], ['   ', '█▌ ', '███'])
  assert.is(shorten('/features/features.0/Conv', 12), '/fe…s.0/Conv')
})

test('tables keep to their room, and say less before they cut', () => {
  const cells = ['/features/features.0/Conv', '3 layers']
  const names = { title: 'node', cells, least: 8 }
  const fused = { title: 'fused', cells: ['Relu "/features/features.1/Relu"', ''], brief: ['Relu', ''] }
  const empty = { title: 'nothing', cells: ['', ''] }
  const lines = (columns: readonly Column[], room: number, totals = 0) =>
    table(columns, room, totals).map(stripVTControlCharacters)
  assert.equal(lines([names, fused, empty], 100, 1), [
    'node                       fused',
    '─'.repeat(59),
    '/features/features.0/Conv  Relu "/features/features.1/Relu"',
    '─'.repeat(59),
    '3 layers',
  ])
  assert.is(lines([names, fused], 24)[2], '/feat…ures.0/Conv  Relu')
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

test('the package depends on nothing', () => {
  const { dependencies, optionalDependencies, peerDependenciesMeta } = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.is(dependencies, undefined)
  assert.is(optionalDependencies, undefined)
  assert.equal(peerDependenciesMeta, { sharp: { optional: true } })
})

test.run()
