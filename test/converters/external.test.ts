import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { besideModel } from '../../converters/commands/external.js'
import type { External } from '../../converters/index.js'
import type { ErrorCode } from '../../ts/error.js'
import { model, type Spec, type TensorSpec, tensorOf } from './build.js'

const test = suite('external data')

const elsewhere = (entries: Readonly<Record<string, string | number>>, dims = [2]): TensorSpec => ({
  dims,
  dataType: 1,
  dataLocation: 1,
  externalData: Object.entries(entries).map(([key, value]) => ({ key, value: `${value}` })),
})
const spec = (w: TensorSpec): Spec => ({ inputs: { x: [1, 2] }, nodes: ['a: y = Add(x, w)'], tensors: { w } })

const numbers = new Float32Array([7, 8, 1.5, -2, 9])
const bytes = new Uint8Array(numbers.buffer)
const fromMemory: External = (location, offset, length) =>
  location === 'w.bin' ? bytes.subarray(offset, offset + length) : undefined

const fails = (run: () => unknown, code: ErrorCode, message: RegExp) =>
  assert.throws(run, (e: { code: string; message: string }) => {
    assert.is(e.code, code)
    assert.match(e.message, message)
    return true
  })

test('a tensor, whole or a part of the file', () => {
  const read = (w: TensorSpec) => tensorOf(model(spec(w), { external: fromMemory }), 'w')
  assert.equal(read(elsewhere({ location: 'w.bin', offset: 8, length: 8 })), ['F32', [2], [1.5, -2]])
  assert.equal(read(elsewhere({ location: 'w.bin' })), ['F32', [2], [7, 8]])
  assert.equal(read(elsewhere({ location: 'w.bin', offset: '4', checksum: 'any' })), ['F32', [2], [8, 1.5]])
})

test('the value of a Constant', () => {
  const nodes = [['c = Constant()', { value: elsewhere({ location: 'w.bin', offset: 8 }) }], 'y = Add(x, c)'] as const
  const m = model({ inputs: { x: [1, 2] }, nodes }, { external: fromMemory })
  assert.equal(tensorOf(m, 'c')[2], [1.5, -2])
})

test('without a reader, or without the file, the model is refused with the way out', () => {
  const there = spec(elsewhere({ location: 'w.bin' }))
  fails(
    () => model(there),
    'UNSUPPORTED',
    /Add ×1 \("a"\): external data is not read \("w.bin" is not given\); .*save_as_external_data=False/,
  )
  const absent = spec(elsewhere({ location: 'v.bin' }))
  fails(
    () => model(absent, { external: fromMemory }),
    'UNSUPPORTED',
    /Add ×1 \("a"\): its data is in "v.bin", which is/,
  )
})

test('sizes that differ are errors with both figures', () => {
  const read = (entries: Record<string, string | number>) => () =>
    model(spec(elsewhere(entries)), { external: fromMemory })
  fails(read({ location: 'w.bin', length: 4 }), 'FILE', /tensor "w": it takes 8 bytes, 4 are said to be in "w.bin"/)
  fails(read({ location: 'w.bin', offset: 16 }), 'FILE', /takes 8 bytes, "w.bin" has 4 from byte 16 on/)
  fails(read({ location: 'w.bin', offset: -4 }), 'FILE', /offset "-4" in "w.bin" is no number of bytes/)
  fails(read({ location: 'w.bin', offset: '1e400' }), 'FILE', /offset "1e400"/)
  fails(read({ offset: 4 }), 'FILE', /it is in another file, whose name is absent/)
})

const folder = mkdtempSync(join(tmpdir(), 'convlet-external-'))
const home = join(folder, 'home')
test.before(() => {
  mkdirSync(join(home, 'sub'), { recursive: true })
  for (const path of ['secret.bin', 'home/w.bin', 'home/sub/v.bin', 'home/..w.bin'])
    writeFileSync(join(folder, path), bytes)
  symlinkSync(join(home, 'w.bin'), join(home, 'inside.bin'))
  symlinkSync(join(folder, 'secret.bin'), join(home, 'out.bin'))
  symlinkSync(folder, join(home, 'outside'))
  symlinkSync('loop.bin', join(home, 'loop.bin'))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

const read = besideModel(join(home, 'net.onnx'))

test('files in the folder of the model and below it are read, through links too', () => {
  const expected = [...bytes.subarray(8, 16)]
  for (const name of ['w.bin', 'inside.bin', 'sub/v.bin', './w.bin', '..w.bin'])
    assert.equal([...read(name, 8, 8)!], expected, name)
  assert.is(read('w.bin', 20, 0)!.length, 0)
  const m = model(spec(elsewhere({ location: 'sub/v.bin', offset: 8, length: 8 })), { external: read })
  assert.equal(tensorOf(m, 'w'), ['F32', [2], [1.5, -2]])
})

test('files outside of the folder of the model are not read, however they are named', () => {
  const refused = (name: string, fact: RegExp) => fails(() => read(name, 0, 4), 'FILE', fact)
  refused(join(folder, 'secret.bin'), /net\.onnx: its weights are in ".*secret\.bin": only relative paths are read/)
  refused(join(home, 'w.bin'), /only relative paths/)
  refused('\\\\server\\w.bin', /only relative paths/)
  refused('C:\\w.bin', /only relative paths/)
  refused('../secret.bin', /".." leads out of the folder/)
  refused('sub/../../secret.bin', /".." leads out/)
  refused('sub\\..\\..\\secret.bin', /".." leads out/)
  refused('out.bin', /it is a link out of the folder of the model/)
  refused('outside/secret.bin', /it is a link out/)
})

test('what cannot be read is said', () => {
  const refused = (name: string, fact: RegExp, offset = 0) => fails(() => read(name, offset, 4), 'FILE', fact)
  refused('absent.bin', /its weights are in "absent\.bin": there is no such file in .*home\.$/)
  fails(() => besideModel('net.onnx')('absent.bin', 0, 4), 'FILE', /there is no such file in \/.*[^.]\.$/)
  refused('sub', /it is no regular file/)
  refused('.', /it is no regular file/)
  refused('loop.bin', /ELOOP/)
  refused('w.bin\0.txt', /that is no name of a file/)
  refused('a\x1b[31m', /"a\?\[31m"/)
  refused('w.bin', /it has 20 bytes, 4 from byte 18 on are asked for: it is cut short or another model's\.$/, 18)
})

test.run()
