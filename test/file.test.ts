import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ConvletError, type ErrorCode } from '../ts/error.js'
import { dtypeBytes, encodeModel, headerLength, parseHeader, readModel } from '../ts/file.js'
import type { DType, Graph, Model, Node, Preprocess, Tensor } from '../ts/types.js'

const node = (op: string, inputs: string[], outputs: string[], attrs: Node['attrs'] = {}): Node => ({
  op,
  name: outputs[0]!,
  inputs,
  outputs,
  attrs,
})
const tensor = (dtype: DType, shape: number[], fill = 0): Tensor => ({
  dtype,
  shape,
  data: new Uint8Array(shape.reduce((a, b) => a * b, dtypeBytes[dtype])).fill(fill),
})

const graph: Graph = {
  inputs: [{ name: 'x', shape: [1, 3] }],
  outputs: ['z'],
  nodes: [node('Gemm', ['x', 'w', ''], ['y']), node('Relu', ['y'], ['z'])],
}
const preprocess: Preprocess = { color: 'gray', fit: 'contain', border: 2, mean: [0.1307], std: [0.3081] }
const model: Model = {
  tensors: new Map([
    ['w', tensor('F32', [2, 3], 7)],
    ['scalar', tensor('F16', [], 1)],
  ]),
  graph,
  preprocess,
  labels: ['cat', 'dog'],
  source: 'pets.onnx',
  opset: 13,
}

const encode = (text: string) => new TextEncoder().encode(text)
/** A file of any header, right or wrong, and so many bytes of data. */
const file = (header: unknown, dataLength = 0) => {
  const json = encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataLength)
  new DataView(bytes.buffer).setUint32(0, json.length, true)
  bytes.set(json, 8)
  return bytes
}
const info = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})
const withMeta = (meta: Record<string, unknown>) =>
  file({ __metadata__: { format: 'convlet', version: '1', ...meta }, w: info(0, 24, [2, 3]) }, 24)
const withGraph = (changes: object) => withMeta({ graph: JSON.stringify({ ...graph, ...changes }) })
const withNodes = (...nodes: unknown[]) => withGraph({ nodes })
const withPreprocess = (changes: object) => withMeta({ preprocess: JSON.stringify({ ...preprocess, ...changes }) })

const rejects = async (bytes: Uint8Array, code: ErrorCode, fact: string) => {
  try {
    await readModel(bytes)
  } catch (error) {
    assert.instance(error, ConvletError)
    const { code: found, message } = error as ConvletError
    assert.is(found, code, message)
    assert.ok(message.includes(fact), `"${message}" does not say "${fact}"`)
    return
  }
  assert.unreachable(`accepted; wanted: ${fact}`)
}

const relu = node('Relu', ['x'], ['z'])
const rejections: [string, Uint8Array, ErrorCode, string][] = [
  ['an empty file', new Uint8Array(0), 'FILE', 'cut short: 0 bytes'],
  ['7 bytes', new Uint8Array(7), 'FILE', 'cut short: 7 bytes'],
  ['header length 0', new Uint8Array(64), 'FILE', 'not a safetensors file: it begins'],
  ['header length 2^63', new Uint8Array(16).fill(0x80, 7, 8), 'FILE', 'not a safetensors file'],
  ['a PNG', encode('\x89PNG\r\n\x1a\n').slice(1), 'FILE', 'PNG\\r\\n\\u001a\\n".'],
  ['an ONNX file', new Uint8Array([8, 7, 0x12, 7, 0x70, 0x79, 0x74, 0x6f]), 'FILE', 'it begins "\\b\\u0007'],
  ['a PyTorch zip', encode('PK\x03\x04\0\0\x08\x08'), 'FILE', 'it begins "PK'],
  ['a web page', encode('<!DOCTYPE html>'), 'FILE', 'it begins "<!DOCTYP"'],
  ['a Git LFS pointer', encode('version https://git-lfs'), 'FILE', 'it begins "version "'],
  ['a header beyond the file', file({}).subarray(0, 9), 'FILE', 'its header takes 10 bytes, it has 9'],
  ['a header that is not UTF-8', file('{"\0":1}').fill(0xff, 10, 11), 'FILE', 'the header is not valid JSON'],
  ['a header that is not JSON', file('{"w": '), 'FILE', 'the header is not valid JSON'],
  ['a header that nests too deep', file('['.repeat(1e6)), 'FILE', 'the header is not valid JSON'],
  ['a header that is a list', file([]), 'FILE', 'the header must be an object'],
  ['a header that is null', file('null'), 'FILE', 'the header must be an object'],

  ['overlapping tensors', file({ a: info(0, 8), b: info(4, 12) }, 12), 'FILE', 'the one before it ends at 8'],
  ['the same bytes twice', file({ a: info(0, 8), b: info(0, 8) }, 8), 'FILE', 'the one before it ends at 8'],
  [
    'a gap',
    file({ a: info(0, 8), b: info(12, 16) }, 16),
    'FILE',
    'tensor "b" begins at byte 12, the one before it ends at 8',
  ],
  ['a gap at the beginning', file({ a: info(4, 8) }, 8), 'FILE', 'tensor "a" begins at byte 4'],
  ['a tensor out of range', file({ a: info(0, 8) }, 4), 'FILE', 'it has '],
  ['bytes after the last tensor', file({ a: info(0, 8) }, 9), 'FILE', 'the file should have '],
  ['offsets that run backwards', file({ a: info(8, 0, [2]) }, 8), 'FILE', 'data_offsets span -8'],
  ['negative offsets', file({ a: info(-8, 0) }, 0), 'FILE', 'data_offsets must be'],
  ['fractional offsets', file({ a: info(0, 4.5, [1]) }, 5), 'FILE', 'data_offsets must be'],
  ['offsets beyond 2^53', file({ a: info(0, 2 ** 60, [2 ** 50, 2 ** 8]) }), 'FILE', 'data_offsets must be'],
  [
    'no offsets',
    file({ a: { dtype: 'F32', shape: [0] } }),
    'FILE',
    'data_offsets must be a beginning and an end, is undefined',
  ],
  [
    'one offset',
    file({ a: { dtype: 'F32', shape: [0], data_offsets: [0] } }),
    'FILE',
    'data_offsets must be a beginning and an end, is [0]',
  ],
  ['a tensor that is a number', file({ a: 1 }), 'FILE', 'tensor "a" must be an object'],
  ['a tensor that is null', file({ a: null }), 'FILE', 'tensor "a" must be an object'],
  ['a broken __proto__', file('{"__proto__": 1}'), 'FILE', 'tensor "__proto__" must be an object'],
  ['an unknown dtype', file({ a: info(0, 4, [1], 'C64') }, 4), 'FILE', 'dtype must be F32, F16 or BF16, is "C64"'],
  [
    'a dtype that is a method',
    file({ a: info(0, 4, [1], 'toString') }, 4),
    'FILE',
    'dtype must be F32, F16 or BF16, is "toString"',
  ],
  ['a dtype in a list', file({ a: info(0, 4, [1], ['F32']) }, 4), 'FILE', 'dtype must be F32, F16 or BF16, is ["F32"]'],
  [
    'no dtype',
    file({ a: { shape: [1], data_offsets: [0, 4] } }, 4),
    'FILE',
    'dtype must be F32, F16 or BF16, is undefined',
  ],
  ['a shape of another size', file({ a: info(0, 8, [3]) }, 8), 'FILE', 'F32 [3] takes 12 bytes, data_offsets span 8'],
  ['a negative dimension', file({ a: info(0, 4, [-1]) }, 4), 'FILE', 'shape must be a list of sizes, is [-1]'],
  ['two negative dimensions', file({ a: info(0, 4, [-1, -1]) }, 4), 'FILE', 'shape must be a list of sizes'],
  ['a fractional dimension', file({ a: info(0, 4, [0.5, 2]) }, 4), 'FILE', 'shape must be a list of sizes'],
  ['a dimension as text', file({ a: info(0, 4, ['1']) }, 4), 'FILE', 'shape must be a list of sizes'],
  [
    'no shape',
    file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, 4),
    'FILE',
    'shape must be a list of sizes, is undefined',
  ],
  ['a shape beyond 2^53', file({ a: info(0, 0, [2 ** 30, 2 ** 30]) }), 'FILE', 'data_offsets span 0'],
  [
    'a shape beyond float64 times 0',
    file({ a: info(0, 0, [...Array(40).fill(2 ** 30), 0]) }),
    'FILE',
    'data_offsets span 0',
  ],

  ['metadata that is no object', file({ __metadata__: [] }), 'FILE', 'metadata'],
  ['metadata that is null', file({ __metadata__: null }), 'FILE', 'metadata'],
  [
    'metadata that is a number',
    file({ __metadata__: { format: 'pt', step: 1 } }),
    'FILE',
    'metadata "step" must be text, is 1',
  ],
  [
    'an unknown version',
    withMeta({ version: '2' }),
    'FILE',
    'version must be 1 (update convlet or convert again), is "2"',
  ],
  ['no version', file({ __metadata__: { format: 'convlet' } }), 'FILE', 'version must be 1'],
  ['a wrong hash', withMeta({ sha256: '0'.repeat(64) }), 'FILE', `the file says ${'0'.repeat(64)}`],
  ['a hash that is none', withMeta({ sha256: 'abc' }), 'FILE', 'the file says abc'],
  ['an opset that is no number', withMeta({ opset: 'x' }), 'FILE', 'opset is not valid JSON'],
  ['broken labels', withMeta({ labels: '[' }), 'FILE', 'labels is not valid JSON'],
  ['labels that are numbers', withMeta({ labels: '[1]' }), 'FILE', 'labels'],
  ['broken preprocess', withMeta({ preprocess: '{' }), 'FILE', 'preprocess is not valid JSON'],
  ['preprocess that is null', withMeta({ preprocess: 'null' }), 'FILE', 'preprocess'],
  ['an unknown color', withPreprocess({ color: 'cmyk' }), 'FILE', 'color must be gray or rgb or bgr'],
  ['a color in a list', withPreprocess({ color: ['gray'] }), 'FILE', 'color must be gray or rgb or bgr'],
  ['an unknown fit', withPreprocess({ fit: 'fill' }), 'FILE', 'fit must be contain or cover or stretch'],
  ['a negative border', withPreprocess({ border: -1 }), 'FILE', 'border must be a count of pixels, is -1'],
  ['one mean for three colours', withPreprocess({ color: 'rgb' }), 'FILE', '3 numbers each for rgb'],
  ['three means for one', withPreprocess({ mean: [0, 0, 0], std: [1, 1, 1] }), 'FILE', '1 numbers each for gray'],
  ['no mean', withPreprocess({ mean: undefined }), 'FILE', 'mean must be a list of numbers, is undefined'],
  ['a mean that is no number', withPreprocess({ mean: [null] }), 'FILE', 'mean must be a list of numbers, is [null]'],
  ['std zero', withPreprocess({ std: [0] }), 'FILE', 'std must be a list of numbers other than 0, is [0]'],

  ['a graph that is not JSON', withMeta({ graph: '{' }), 'FILE', 'graph is not valid JSON'],
  ['a graph that is a list', withMeta({ graph: '[]' }), 'GRAPH', 'graph must be an object, is []'],
  ['a graph without nodes', withGraph({ nodes: undefined }), 'GRAPH', 'graph nodes must be a list'],
  ['an input that is a name', withGraph({ inputs: ['x'] }), 'GRAPH', 'graph inputs 0 must be an object, is "x"'],
  ['an input without shape', withGraph({ inputs: [{ name: 'x' }] }), 'GRAPH', 'graph inputs "x" shape must be'],
  [
    'an input of size 0',
    withGraph({ inputs: [{ name: 'x', shape: [1, 0] }] }),
    'GRAPH',
    'shape must be a list of positive integers, is [1,0]',
  ],
  [
    'outputs that are numbers',
    withGraph({ outputs: [1] }),
    'GRAPH',
    'graph outputs must be a list of one or more names, is [1]',
  ],
  ['no outputs', withGraph({ outputs: [] }), 'GRAPH', 'graph outputs must be a list of one or more names, is []'],
  ['an output twice', withGraph({ outputs: ['z', 'z'] }), 'GRAPH', 'different and made by nodes: z,z'],
  ['an output that nobody makes', withGraph({ outputs: ['q'] }), 'GRAPH', 'made by nodes: q'],
  ['an output that is a tensor', withGraph({ outputs: ['w'] }), 'GRAPH', 'made by nodes: w'],
  ['a node that is null', withNodes(null), 'GRAPH', 'graph nodes 0 must be an object, is null'],
  ['a node without op', withNodes({ ...relu, op: '' }), 'GRAPH', 'graph nodes "z" op must be a name'],
  ['a node without name', withNodes({ ...relu, name: undefined }), 'GRAPH', 'graph nodes 0 name must be text'],
  [
    'node inputs that are text',
    withNodes({ ...relu, inputs: 'x' }),
    'GRAPH',
    'graph nodes "z" inputs must be a list of texts',
  ],
  [
    'a node input that is null',
    withNodes({ ...relu, inputs: [null] }),
    'GRAPH',
    'graph nodes "z" inputs must be a list of texts',
  ],
  [
    'a node without outputs',
    withNodes({ ...relu, outputs: [] }),
    'GRAPH',
    'graph nodes "z" outputs must be a list of one or more names',
  ],
  [
    'an output without name',
    withNodes({ ...relu, outputs: [''] }),
    'GRAPH',
    'graph nodes "z" outputs must be a list of one or more names',
  ],
  [
    'a node without attrs',
    withNodes({ ...relu, attrs: undefined }),
    'GRAPH',
    'graph nodes "z" attrs must be an object',
  ],
  [
    'an attribute that is null',
    withNodes(node('Relu', ['x'], ['z'], { a: Number.NaN })),
    'GRAPH',
    'nodes "z" attrs "a" must be',
  ],
  [
    'an attribute list of text',
    withNodes({ ...relu, attrs: { pad: ['1'] } }),
    'GRAPH',
    'graph nodes "z" attrs "pad" must be',
  ],
  ['a missing tensor', withNodes(node('Gemm', ['x', 'v'], ['z'])), 'GRAPH', 'Gemm "z" reads "v", which is no tensor'],
  ['a method for a name', withNodes(node('Gemm', ['x', 'toString'], ['z'])), 'GRAPH', 'reads "toString"'],
  ['a value made twice', withNodes(relu, relu), 'GRAPH', 'value "z" is defined twice'],
  ['a node that makes an input', withNodes(relu, node('Relu', ['z'], ['x'])), 'GRAPH', 'value "x" is defined twice'],
  ['a node that makes a tensor', withNodes(relu, node('Relu', ['z'], ['w'])), 'GRAPH', 'value "w" is defined twice'],
  ['one node that makes z twice', withNodes({ ...relu, outputs: ['z', 'z'] }), 'GRAPH', 'value "z" is defined twice'],
  [
    'two inputs of one name',
    withGraph({ inputs: [...graph.inputs, ...graph.inputs] }),
    'GRAPH',
    '"x" is defined twice',
  ],
  ['a node that reads itself', withNodes(node('Add', ['x', 'z'], ['z'])), 'GRAPH', 'cycle: Add "z" → Add "z"'],
  [
    'a cycle behind a branch',
    withNodes(
      relu,
      node('Tanh', ['c'], ['d']),
      node('Add', ['x', 'b'], ['a']),
      node('Relu', ['a'], ['b']),
      node('Relu', ['b'], ['c']),
    ),
    'GRAPH',
    'cycle: Add "a" → Relu "b" → Add "a"',
  ],
]

for (const [what, bytes, code, fact] of rejections) test(`rejects ${what}`, () => rejects(bytes, code, fact))

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
  await rejects(bytes, 'FILE', 'download it again')
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

const order = async (nodes: Node[]) =>
  (await readModel(withGraph({ nodes, outputs: nodes[0]!.outputs }))).graph!.nodes.map(n => n.name).join('')

test('a sorted graph keeps its order', async () => {
  const nodes = [
    node('Relu', ['x'], ['a']),
    node('Relu', ['x'], ['b']),
    node('Relu', ['a'], ['c']),
    node('Add', ['c', 'b'], ['d']),
  ]
  assert.is(await order(nodes), 'abcd')
})

test('an unsorted graph is sorted', async () => {
  const nodes = [
    node('Add', ['c', 'b'], ['d']),
    node('Relu', ['a'], ['c']),
    node('Relu', ['a'], ['b']),
    node('Relu', ['x'], ['a']),
  ]
  assert.is(await order(nodes), 'acbd')
})

test('a long graph back to front, and a node of many makers, take no time', async () => {
  const chain = Array.from({ length: 50_000 }, (_, i) => node('Relu', [i === 0 ? 'x' : `v${i - 1}`], [`v${i}`]))
  const all = node(
    'Concat',
    chain.map(n => n.name),
    ['z'],
  )
  const read = await readModel(withNodes(all, ...chain.toReversed()))
  assert.equal(read.graph!.nodes, [...chain, all])
})

test('what could not be read back is not written', async () => {
  const refuses = async (wrong: Partial<Model>, code: ErrorCode, fact: string) => {
    try {
      await encodeModel({ ...model, ...wrong })
    } catch (error) {
      assert.instance(error, ConvletError)
      assert.is((error as ConvletError).code, code)
      return assert.ok((error as ConvletError).message.includes(fact), (error as ConvletError).message)
    }
    assert.unreachable(fact)
  }
  await refuses({ tensors: new Map([['__metadata__', tensor('F32', [])]]) }, 'FILE', 'no tensor can be named')
  await refuses({ tensors: new Map([['w', { ...tensor('F32', [2]), shape: [3] }]]) }, 'FILE', 'takes 12 bytes')
  await refuses({ tensors: new Map() }, 'GRAPH', 'reads "w"')
  await refuses({ preprocess: { ...preprocess, std: [0] } }, 'FILE', 'std')
  const nodes = [node('Pad', ['x'], ['z'], { value: -Infinity })]
  await refuses({ graph: { ...graph, nodes } }, 'GRAPH', 'graph nodes "z" attrs "value" must be a finite number')
})

const dtypes = fc.constantFrom(...(Object.keys(dtypeBytes) as DType[]))
const tensors = fc
  .array(fc.tuple(fc.string({ unit: 'grapheme' }), dtypes, fc.array(fc.nat(4), { maxLength: 4 }), fc.nat(255)), {
    maxLength: 8,
  })
  .map(list => new Map(list.filter(([name]) => name !== '__metadata__').map(([n, d, s, f]) => [n, tensor(d, s, f)])))

test('property: encode, then read, gives the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      tensors,
      fc.option(fc.array(fc.string({ unit: 'binary' })), { nil: undefined }),
      fc.option(fc.string(), { nil: undefined }),
      async (map, labels, source) => {
        const wanted = { tensors: map, ...(labels && { labels }), ...(source !== undefined && { source }) }
        assert.equal(await readModel(await encodeModel(wanted)), wanted)
      },
    ),
  )
})

test('property: a mutated file is a ConvletError or a model', async () => {
  const valid = await encodeModel(model)
  const headerEnd = 8 + headerLength(valid)
  const position = fc.oneof(fc.nat(valid.length - 1), fc.nat(headerEnd - 1))
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(...encode('0123456789-.eE"[]{},:\\ ')))
  const edit = fc.record({ at: position, remove: fc.nat(3), insert: fc.array(byte, { maxLength: 3 }) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(valid.length)),
      fc.boolean(),
      async (edits, cut, mend) => {
        let bytes = [...valid]
        for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert)
        if (cut !== null) bytes = bytes.slice(0, cut)
        const mutant = new Uint8Array(bytes)
        // Half of them with a fitting header length, so that the mutation is met further in.
        if (mend && mutant.length > 8) {
          const length = headerEnd - 8 + mutant.length - valid.length
          new DataView(mutant.buffer).setUint32(0, Math.max(0, length), true)
        }
        try {
          const read = await readModel(mutant)
          assert.instance(read.tensors, Map)
        } catch (error) {
          if (!(error instanceof ConvletError)) throw error
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('property: any JSON in place of any part is a ConvletError or a model', async () => {
  const part = fc.constantFrom('graph', 'preprocess', 'labels', 'node', 'input', 'attrs', 'tensor', 'meta', 'header')
  await fc.assert(
    fc.asyncProperty(part, fc.jsonValue({ maxDepth: 3 }), async (where, value) => {
      const bytes = {
        graph: () => withMeta({ graph: JSON.stringify(value) }),
        preprocess: () => withMeta({ preprocess: JSON.stringify(value) }),
        labels: () => withMeta({ labels: JSON.stringify(value) }),
        node: () => withNodes(value, relu),
        input: () => withGraph({ inputs: [value] }),
        attrs: () => withNodes({ ...relu, attrs: value }),
        tensor: () => file({ a: value }, 4),
        meta: () => file({ __metadata__: value }),
        header: () => file({ value }),
      }[where]()
      try {
        await readModel(bytes)
      } catch (error) {
        if (!(error instanceof ConvletError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})

test.run()
