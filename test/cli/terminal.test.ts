import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Column, table } from '../../converters/terminal/table.js'
import { bar, bytes, count, milliseconds, percent, shorten } from '../../converters/terminal/text.js'
import { environment } from './program.js'

const test = suite('terminal')

test('the program is there before it is built, and says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'convlet-bin-'))
  cpSync('bin', join(folder, 'bin'), { recursive: true })
  const start = (program: string) => spawnSync(process.execPath, [program, '--version'], { encoding: 'utf8' })
  assert.match(start('bin/convlet.mjs').stdout, /^\d+\.\d+\.\d+\n$/)
  const { status, stdout, stderr } = start(join(folder, 'bin/convlet.mjs'))
  assert.equal([status, stdout], [1, ''])
  assert.match(stderr, /^convlet: .*npm start first\.\n$/)
  rmSync(folder, { recursive: true })
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

test('the package depends on nothing', () => {
  const { dependencies, optionalDependencies, peerDependenciesMeta } = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.is(dependencies, undefined)
  assert.is(optionalDependencies, undefined)
  assert.equal(peerDependenciesMeta, { sharp: { optional: true } })
})

test.run()
