// The command line as its users start it, in a folder of files good and bad.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { uvu } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeModel } from '../../ts/file.js'
import { build } from '../converters/build.js'

export const CLI = resolve('dist/cli.js')
export const DIGITS = resolve('models/lenet5/digits')
const LENET = resolve('models/lenet5/lenet5.onnx')

const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env
/** Without what the tests' own colours were asked for with. */
export const environment: NodeJS.ProcessEnv = rest

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const fill = async (folder: string, ok: (...args: string[]) => Run): Promise<void> => {
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
  write('foreign.onnx', build({ nodes: ['a = Cosh(x)', 'b = Cosh(a)', 'y = my.Thing(b)'], domains: ['my'] }))
  write('open.onnx', build({ nodes: ['y = Relu(x)'], inputs: { x: ['N', 3, 'H', 'W'] } }))
  write('bell.onnx', build({ nodes: ['a\x07\x1b[31m: y = Relu(x)'] }))
  write('plain.safetensors', await encodeModel({ tensors: new Map() }))
  write('bad.json', '{ "labels": ')
  write('none.json', '{ "name": "lenet" }')
  write('wrong.json', '{ "preprocess": { "color": "purple" } }')
  write('text.png', 'no picture')
  for (const [name, meta] of [
    ['other', 'none'],
    ['broken', 'bad'],
    ['purple', 'wrong'],
  ]) {
    cpSync(LENET, join(folder, `${name}.onnx`))
    cpSync(join(folder, `${meta}.json`), join(folder, `${name}.json`))
  }
  // A name that is a part of many a word.
  cpSync(LENET, join(folder, 'put'))
  mkdirSync(join(folder, 'sub'))
}

/** A folder that is made before the suite's tests and removed after them, and the command line at work in it. */
export const workshop = (test: uvu.Test<unknown>) => {
  const folder = mkdtempSync(join(tmpdir(), 'convlet-cli-'))
  const convlet = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Run => {
    const options = { cwd: folder, encoding: 'utf8', env: { ...environment, ...env } } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], options)
    return { code: status, out: stdout, err: stderr }
  }
  const ok = (...args: string[]): Run => {
    const run = convlet(args)
    assert.is(run.code, 0, run.err)
    return run
  }
  test.before(() => fill(folder, ok))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return { folder, convlet, ok }
}
