// Ctrl-C and going on: as if nothing had happened.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeFolders, writeIdx } from './material.js'
import { CLI, environment, workshop } from './program.js'

const test = suite('command line: train, interrupted')
const { folder, convlet, ok } = workshop(test)
const here = (name: string) => join(folder, name)

test.before(async () => {
  writeIdx(here('digits'), 'train', 240)
  writeIdx(here('digits'), 't10k', 12)
  await writeFolders(here('shapes'), ['flat', 'slope', 'tall'], 30)
})

const start = (args: readonly string[]): ChildProcess & { said: () => string } => {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env: environment })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', text => {
      said += text
    })
  return Object.assign(child, { said: () => said })
}

const ended = (child: ChildProcess) => new Promise<number | null>(done => child.once('close', done))

/** Lets it make so many steps, then sends a signal, and gives the exit code. */
const interrupt = async (child: ChildProcess, log: string, steps: number, signal: NodeJS.Signals = 'SIGINT') => {
  const end = ended(child)
  const lines = () => (existsSync(here(log)) ? readFileSync(here(log), 'utf8').split('\n').length - 1 : 0)
  while (lines() < steps && child.exitCode === null) await setTimeout(2)
  child.kill(signal)
  return end
}

/** What it says of how to go on, done by a shell. */
const goOn = (said: string) => {
  const command = /^ {2}convlet (.*)$/m.exec(said)?.[1]
  assert.ok(command, said)
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `"$NODE" "$CLI" ${command}`], {
    cwd: folder,
    env: { ...environment, NODE: process.execPath, CLI },
    encoding: 'utf8',
  })
  assert.is(status, 0, stderr)
  assert.match(stdout, /resumed +.*\.checkpoint, \d+ steps behind it/)
}

const common = ['--batch', '4', '--epochs', '4', '--schedule', 'one-cycle', '--seed', '3']

for (const [what, options] of Object.entries({
  'MNIST files, Adam': ['lenet5', '--data', 'digits', ...common, '--patience', '2', '--augment', 'shift=2'],
  'kept features of a frozen beginning': [
    ...['net.safetensors', '--data', 'digits', '--classes', 'from-folders', ...common],
    ...['--train', 'classifier.*', '--cache-features'],
  ],
  'gradients added up, momentum': [
    'lenet5',
    '--data',
    'digits',
    ...common,
    '--optimizer',
    'momentum',
    '--accumulate',
    '7',
  ],
}))
  test(`resumed equals uninterrupted, byte for byte: ${what}`, async () => {
    const name = what.slice(0, 5)
    ok('train', ...options, '--out', `${name} whole.safetensors`)
    const out = `${name} 'part'.safetensors`
    const child = start(['train', ...options, '--out', out, '--log', `${name}.jsonl`])
    assert.is(await interrupt(child, `${name}.jsonl`, 80), 130, child.said())
    assert.match(child.said(), /finishing this step.*stopped after \d+ steps/s)
    assert.not.ok(existsSync(here(out)))
    assert.ok(existsSync(here(`${out}.checkpoint`)))
    goOn(child.said())
    const [a, b] = [`${name} whole.safetensors`, out].map(file => readFileSync(here(file)))
    assert.is(Buffer.compare(a!, b!), 0)
    // Nothing is left but what was asked for, and the log has every step once.
    assert.not.ok(existsSync(here(`${out}.checkpoint`)))
    const steps = readFileSync(here(`${name}.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const all = steps.filter(({ kind }) => kind === 'step').map(({ step }) => step)
    assert.equal(
      all,
      Array.from({ length: all.length }, (_, i) => i + 1),
    )
  })

test('images from folders, interrupted twice, by SIGTERM too', async () => {
  const options = ['lenet5', '--data', 'shapes', '--validation-split', '0.2', ...common, '--augment', 'crop=0.8,flip']
  ok('train', ...options, '--out', 'f.safetensors')
  const args = ['train', ...options, '--out', 'g.safetensors', '--log', 'g.jsonl']
  assert.is(await interrupt(start(args), 'g.jsonl', 10, 'SIGTERM'), 143)
  const again = start([...args, '--resume', 'g.safetensors.checkpoint'])
  assert.is(await interrupt(again, 'g.jsonl', 40), 130, again.said())
  goOn(again.said())
  assert.is(Buffer.compare(readFileSync(here('f.safetensors')), readFileSync(here('g.safetensors'))), 0)
})

test('interrupted while it measures', async () => {
  writeIdx(here('large'), 't10k', 4000)
  const options = ['lenet5', '--data', 'digits', '--validation', 'large', ...common, '--epochs', '2']
  ok('train', ...options, '--out', 'm.safetensors')
  const child = start(['train', ...options, '--out', 'n.safetensors', '--log', 'n.jsonl'])
  // All of the first epoch's.
  assert.is(await interrupt(child, 'n.jsonl', 60), 130, child.said())
  goOn(child.said())
  assert.is(Buffer.compare(readFileSync(here('m.safetensors')), readFileSync(here('n.safetensors'))), 0)
})

test('--json of an interruption', async () => {
  const child = start([
    'train',
    'lenet5',
    '--data',
    'digits',
    ...common,
    '--json',
    '--log',
    'h.jsonl',
    '--out',
    'h.safetensors',
  ])
  let out = ''
  child.stdout!.on('data', text => {
    out += text
  })
  assert.is(await interrupt(child, 'h.jsonl', 5), 130)
  const found = JSON.parse(out)
  assert.is(found.interrupted, true)
  assert.is(found.checkpoint, 'h.safetensors.checkpoint')
  assert.match(found.resume, /^convlet train lenet5 .* --resume h\.safetensors\.checkpoint$/)
})

test('what does not fit a checkpoint is refused', () => {
  const refuse = (wanted: string, ...args: string[]) => {
    const { code, err } = convlet(['train', ...args, '--resume', 'h.safetensors.checkpoint'])
    assert.is(code, 1)
    assert.match(err, wanted)
  }
  refuse('made with --batch 4, now it is 8', 'lenet5', '--data', 'digits', ...common, '--batch', '8')
  refuse('made with --optimizer adam, now it is sgd', 'lenet5', '--data', 'digits', ...common, '--optimizer', 'sgd')
  refuse('made with --lr none, now it is 0.1', 'lenet5', '--data', 'digits', ...common, '--lr', '0.1')
  refuse('made with --epochs 4, now it is 5', 'lenet5', '--data', 'digits', ...common, '--epochs', '5')
  refuse('other data', 'lenet5', '--data', 'shapes', ...common)
  refuse('was made of lenet5, this is net.safetensors', 'net.safetensors', '--data', 'digits', ...common)
  const none = convlet(['train', 'lenet5', '--data', 'digits', '--resume', 'net.safetensors'])
  assert.is(none.code, 1)
  assert.match(none.err, 'net.safetensors is no checkpoint of convlet train')
})

test('more epochs may follow where the learning rate is constant', () => {
  const args = ['lenet5', '--data', 'digits', '--batch', '8', '--checkpoint', 'keep.ck']
  ok('train', ...args, '--epochs', '3', '--out', 'three.safetensors')
  ok('train', ...args, '--epochs', '2', '--out', 'two.safetensors')
  ok('train', ...args, '--epochs', '3', '--out', 'more.safetensors', '--resume', 'keep.ck')
  assert.is(Buffer.compare(readFileSync(here('three.safetensors')), readFileSync(here('more.safetensors'))), 0)
})

test.run()
