import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CLI, DIGITS, environment, workshop } from './program.js'

const test = suite('command line: shards')
const { folder, convlet, ok } = workshop(test)

const read = (name: string) => readFileSync(join(folder, name))
const made = (stem: string) =>
  readdirSync(folder)
    .filter(name => name.startsWith(stem))
    .sort()

test('convert --shard writes pieces and a manifest', () => {
  const { out, err } = ok('convert', 'lenet5.onnx', 'cut.safetensors', '--shard', '100KiB')
  assert.is(err, '')
  assert.match(out, /^cut\.shards\.json {2}244\.3 KB, 3 shards$/m)
  const names = [1, 2, 3].map(i => `cut-0000${i}-of-00003.bin`)
  assert.equal(made('cut'), [...names, 'cut.shards.json'])
  const { shards, ...rest } = JSON.parse(read('cut.shards.json').toString())
  const whole = read('net.safetensors')
  assert.equal(rest, { format: 'convlet-shards', version: '1', file: 'cut.safetensors', bytes: whole.length })
  for (const [i, { file, bytes, sha256 }] of shards.entries()) {
    const piece = read(file)
    assert.is(file, names[i])
    assert.ok(piece.length === bytes && bytes <= 102_400)
    assert.is(sha256, createHash('sha256').update(piece).digest('hex'))
  }
  assert.equal(Buffer.concat(names.map(read)), whole)
})

test('inspect and run read a manifest', () => {
  assert.match(ok('inspect', 'cut.shards.json').out, /^memory +320 KB/m)
  assert.match(ok('run', 'cut.shards.json', join(DIGITS, '7.png')).out, /^ {2}7 .* 9\d\.\d\d %$/m)
  const { files, largest } = JSON.parse(
    ok('verify', 'cut.shards.json', 'net.safetensors', '--data', DIGITS, '--json').out,
  )
  assert.is(largest, 0)
  assert.is(files[0].bytes, files[1].bytes)
})

test('a converted model is cut as it is, also to pieces of its name', () => {
  ok('convert', 'net.safetensors', 'half.safetensors', '--weights', 'f16')
  ok('convert', 'half.safetensors', 'half.safetensors', '--shard', '100KiB')
  assert.equal(Buffer.concat([1, 2].map(i => read(`half-0000${i}-of-00002.bin`))), read('half.safetensors'))
  const { code, err } = convlet(['convert', 'plain.safetensors', 'no.safetensors', '--shard', '1MiB'])
  assert.is(code, 1)
  assert.match(err, /plain\.safetensors is a safetensors file without a graph: name its network/)
})

test('convert again: shards of the former set are gone, other files stay', () => {
  writeFileSync(join(folder, 'cut-00001-of-00009.bin'), 'not of the set')
  const { file, bytes, shards } = JSON.parse(
    ok('convert', 'lenet5.onnx', 'cut.safetensors', '--shard', '0.2MB', '--json').out,
  )
  assert.is(file, 'cut.shards.json')
  assert.equal(
    shards.map((shard: { bytes: number }) => shard.bytes),
    [200_000, bytes - 200_000],
  )
  assert.equal(made('cut'), [
    'cut-00001-of-00002.bin',
    'cut-00001-of-00009.bin',
    'cut-00002-of-00002.bin',
    'cut.shards.json',
  ])
})

for (const size of ['2502', '24MiB', '1 gb', '300000', '250.5 KiB'])
  test(`--shard ${size}`, () => {
    const { shards } = JSON.parse(ok('convert', 'lenet5.onnx', 'size.safetensors', '--shard', size, '--json').out)
    assert.is(shards.length, size === '2502' ? 100 : 1)
  })

for (const size of ['0', '-1', 'x', '24MiX', '24 M', '', '1e9', '0.5'])
  test(`--shard '${size}' is refused`, () => {
    const { code, err } = convlet(['convert', 'lenet5.onnx', 'no.safetensors', '--shard', size])
    assert.is(code, 2)
    assert.match(err, /'--shard <size>' argument .* is invalid\. It must be a size with its unit, e\.g\. 24MiB/)
  })

test('too many shards, a folder where one should be: nothing is written', () => {
  const many = convlet(['convert', 'lenet5.onnx', 'no.safetensors', '--shard', '2'])
  assert.is(many.code, 1)
  assert.match(many.err, /^convlet: --shard: 250152 bytes would be 125076 files: give a larger size\.$/m)
  mkdirSync(join(folder, 'no-00002-of-00003.bin'))
  const folded = convlet(['convert', 'lenet5.onnx', 'no.safetensors', '--shard', '100KiB'])
  assert.is(folded.code, 1)
  assert.match(folded.err, /^convlet: no-00002-of-00003\.bin: cannot be written: it is a folder\.$/m)
  assert.equal(made('no-'), ['no-00002-of-00003.bin'])
})

// Stops when the second of the files is to be written.
const SLOW = `data:text/javascript,${encodeURIComponent(`
  import { open } from 'node:fs/promises'
  const file = await open(process.execPath)
  const prototype = Object.getPrototypeOf(file)
  const { sync } = prototype
  let calls = 0
  prototype.sync = function () {
    if (calls++ < 1) return sync.call(this)
    process.stdout.write('writing')
    return new Promise(resolve => setTimeout(resolve, 20000))
  }
  await file.close()`)}`

test('Ctrl-C while writing leaves the former set as it was', async () => {
  const before = made('').map(name => [name, name.startsWith('cut') ? read(name).toString('base64') : ''])
  const args = ['--import', SLOW, CLI, 'convert', 'lenet5.onnx', 'cut.safetensors', '--no-meta', '--shard', '0.2MB']
  const child = spawn(process.execPath, args, { cwd: folder, env: environment })
  await new Promise(done => child.stdout.once('data', done))
  child.kill('SIGINT')
  assert.is(await new Promise(done => child.once('close', done)), 130)
  const after = made('').map(name => [name, name.startsWith('cut') ? read(name).toString('base64') : ''])
  assert.equal(after, before)
})

test.run()
