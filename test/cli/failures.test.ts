import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CLI, DIGITS, environment, workshop } from './program.js'

const test = suite('command line: failures')
const { folder, convlet } = workshop(test)

// What goes wrong, and the one line that says it.
const failures: readonly (readonly [string, RegExp])[] = [
  ['convert absent.onnx o.safetensors', /^convlet: absent\.onnx: cannot be read: there is no such file\.$/],
  ['convert sub o.safetensors', /^convlet: sub: cannot be read: it is a folder\.$/],
  ['convert short.onnx o.safetensors', /^convlet: short\.onnx is not an ONNX model: .*cut short/],
  ['convert ./short.onnx o.safetensors', /^convlet: \.\/short\.onnx is not an ONNX model: /],
  ['convert empty.onnx o.safetensors', /^convlet: empty\.onnx is not an ONNX model: it is empty$/],
  [`convert ${DIGITS}/0.png o.safetensors`, /^convlet: .*0\.png is not an ONNX model: it is a PNG image$/],
  ['convert net.safetensors o.safetensors', /^convlet: net\.safetensors is already converted/],
  ['convert plain.safetensors o.safetensors', /^convlet: plain\.safetensors is a safetensors file without a graph/],
  ['convert short.safetensors o.safetensors', /^convlet: short\.safetensors is already converted/],
  ['convert open.onnx o.safetensors', /^convlet: .*--input-shape x=/],
  ['convert lenet5.onnx o.safetensors --input-shape input=1,3,32,32', /^convlet: .*input "input".*does not fit/],
  [
    'convert put o.safetensors --input-shape input=1,3,32,32 --no-meta',
    /^convlet: put: input "input" is N×1×32×32 in the file, /,
  ],
  [
    'convert ./lenet5.onnx o.safetensors --input-shape image=1,1,32,32',
    /^convlet: a shape is given for "image", the inputs of \.\/lenet5\.onnx are "input"$/,
  ],
  [
    'convert ./purple.onnx o.safetensors',
    /^convlet: \.\/purple\.json: metadata preprocess color must be .*, is "purple"\. Or leave it out: --no-meta\.$/,
  ],
  [
    'convert ./broken.onnx o.safetensors',
    /^convlet: \.\/broken\.json is not valid JSON: .*\. Or leave it out: --no-meta\.$/,
  ],
  ['convert lenet5.onnx o.safetensors --meta absent.json', /^convlet: absent\.json: cannot be read/],
  ['convert lenet5.onnx o.safetensors --meta bad.json', /^convlet: bad\.json is not valid JSON/],
  ['convert lenet5.onnx o.safetensors --meta none.json', /^convlet: none\.json has neither labels nor preprocess/],
  ['convert lenet5.onnx o.safetensors --meta wrong.json', /^convlet: wrong\.json: metadata preprocess color must be/],
  [
    'convert lenet5.onnx absent/o.safetensors',
    /^convlet: absent\/o\.safetensors: cannot be written: there is no folder/,
  ],
  ['convert lenet5.onnx sub', /^convlet: sub: cannot be written: it is a folder\.$/],
  ['convert lenet5.onnx lenet5.json/o.safetensors', /^convlet: .*cannot be written: a part of its path is no folder/],
  ['convert lenet5.onnx lenet5.onnx', /^convlet: lenet5\.onnx is the model itself/],
  ['convert lenet5.onnx lenet5.json', /^convlet: lenet5\.json holds the labels/],
  ['convert lenet5.onnx /dev/null', /^convlet: \/dev\/null: cannot be written: it is no regular file\.$/],
  ['inspect absent.safetensors', /^convlet: absent\.safetensors: cannot be read: there is no such file\.$/],
  ['inspect lenet5.onnx', /^convlet: lenet5\.onnx: .*an ONNX model; convert it/],
  [`inspect ${DIGITS}/0.png`, /^convlet: .*0\.png: not a safetensors file: looks like a PNG image\.$/],
  ['inspect shorter.safetensors', /^convlet: shorter\.safetensors: the file should have \d+ or more bytes, it has \d+/],
  ['inspect plain.safetensors', /^convlet: plain\.safetensors: the file has no graph/],
  ['inspect net.safetensors --input-shape 3,32,32', /^convlet: net\.safetensors: /],
  [
    `run short.safetensors ${DIGITS}/0.png`,
    /^convlet: short\.safetensors: the file should have \d+ bytes, it has 100000/,
  ],
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
    const [, file] = line.split(' ')
    const named = err.split(/[\s:]/).filter(word => basename(word) === basename(file!))
    assert.ok(named.length <= 1, `the file more than once: ${err}`)
    assert.equal(readdirSync(folder).sort(), before, 'it left a file')
  })

test('lists every operator that it cannot convert', () => {
  const { code, err } = convlet(['convert', 'sub/../foreign.onnx', 'o.safetensors'])
  assert.is(code, 1)
  assert.match(err, /^convlet: sub\/\.\.\/foreign\.onnx uses what convlet does not support:$/m)
  assert.match(err, /^ {2}Cosh ×2 /m)
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

test.run()
