import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ErrorCode } from '../../ts/error.js'
import { dtypeBytes, encodeModel, headerLength, parseHeader, readModel } from '../../ts/file.js'
import type { DType, Model } from '../../ts/types.js'
import { fails, file, graph, info, model, node, preprocess, tensor } from './make.js'

const test = suite('file: written and read')

test('a file written is read back', async () => {
  const bytes = await encodeModel(model)
  const read = await readModel(bytes)
  assert.equal(read, model)
  assert.equal([...read.tensors.keys()], [...model.tensors.keys()])
  const header = parseHeader(bytes.subarray(8, 8 + headerLength(bytes)), bytes.length)
  assert.is(header.dataBegin % 64, 0)
  assert.is(header.dataLength, 26)
  assert.is(header.dataBegin + header.dataLength, bytes.length)
  assert.match(header.sha256!, /^[0-9a-f]{64}$/)
  assert.equal(header.tensors.get('scalar'), { dtype: 'F16', shape: [], begin: 24, end: 26 })
  assert.equal(await encodeModel(read), bytes)
})

test('an empty model is a file', async () => {
  assert.equal(await readModel(await encodeModel({ tensors: new Map() })), { tensors: new Map() })
})

test('tensors read are views, also of bytes in the middle of a buffer', async () => {
  const bytes = await encodeModel(model)
  const buffer = new Uint8Array(bytes.length + 3)
  buffer.set(bytes, 3)
  const read = await readModel(buffer.subarray(3))
  assert.equal(read, model)
  assert.is(read.tensors.get('w')!.data.buffer, buffer.buffer)
})

test('any changed byte of the data breaks the hash', async () => {
  const bytes = await encodeModel(model)
  bytes[bytes.length - 1]! ^= 1
  await fails(() => readModel(bytes), 'FILE', 'download it again')
})

test('a plain PyTorch file has no graph, and foreign keys mean nothing', async () => {
  for (const meta of [undefined, {}, { format: 'pt' }, { format: 'pt', graph: '?', sha256: '?' }]) {
    const bytes = file({ __metadata__: meta, 'fc.weight': info(0, 24, [2, 3]) }, 24)
    const read = await readModel(bytes)
    assert.equal(read, { tensors: new Map([['fc.weight', tensor('F32', [2, 3])]]) })
  }
})

test('tensors come in the order of their bytes, whatever the order of the header', async () => {
  const read = await readModel(file({ b: info(4, 12), none: info(4, 4), a: info(0, 4) }, 12))
  assert.equal([...read.tensors.keys()], ['a', 'none', 'b'])
})

test('prototype keys are names like any other', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const tensors = new Map(names.map((name, i) => [name, tensor('F32', [1], i)]))
  const read = await readModel(
    await encodeModel({
      tensors,
      graph: {
        inputs: [{ name: 'valueOf', shape: [1] }],
        outputs: ['isPrototypeOf'],
        nodes: [node('Add', ['valueOf', '__proto__'], ['isPrototypeOf'])],
      },
    }),
  )
  assert.equal([...read.tensors], [...tensors])
})

test('all dtypes of the format are known', async () => {
  const tensors = new Map(Object.keys(dtypeBytes).map(dtype => [dtype, tensor(dtype as DType, [3, 1])]))
  assert.equal((await readModel(await encodeModel({ tensors }))).tensors, tensors)
})

test('what could not be read back is not written', async () => {
  const refuses = (wrong: Partial<Model>, code: ErrorCode, fact: string) =>
    fails(() => encodeModel({ ...model, ...wrong }), code, fact)
  await refuses({ tensors: new Map([['__metadata__', tensor('F32', [])]]) }, 'FILE', 'no tensor can be named')
  await refuses({ tensors: new Map([['w', { ...tensor('F32', [2]), shape: [3] }]]) }, 'FILE', 'takes 12 bytes')
  await refuses({ tensors: new Map() }, 'GRAPH', 'reads "w"')
  await refuses({ preprocess: { ...preprocess, std: [0] } }, 'FILE', 'std')
  const nodes = [node('Pad', ['x'], ['z'], { value: -Infinity })]
  await refuses({ graph: { ...graph, nodes } }, 'GRAPH', 'graph nodes "z" attrs "value" must be a finite number')
})

test.run()
