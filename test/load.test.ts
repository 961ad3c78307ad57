import { getEventListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../converters/index.js'
import { lenet5 } from '../models/index.js'
import type { LoadOptions, Source } from '../ts/api.js'
import { load } from '../ts/entry/node.js'
import { ConvletError } from '../ts/error.js'
import { encodeModel, readModel } from '../ts/file.js'
import type { Node } from '../ts/types.js'
import { modules } from './builds.js'

const test = suite('load')
const file = await convert(readFileSync('models/lenet5/lenet5.onnx'))
const kernels = modules[0]!

/** The error that a load must end in. */
const failure = async (source: Source, options: LoadOptions = {}): Promise<ConvletError> => {
  try {
    await load(source, { ...kernels, ...options })
  } catch (error) {
    assert.instance(error, ConvletError)
    return error as ConvletError
  }
  return assert.unreachable('it loaded') as never
}

const network = (nodes: readonly Node[]) =>
  encodeModel({
    tensors: new Map(),
    graph: { inputs: [{ name: 'x', shape: [1, 1, 4, 4] }], outputs: [nodes.at(-1)!.outputs[0]!], nodes },
  })

const stalled = () => new ReadableStream<Uint8Array>({ start: controller => controller.enqueue(file.slice(0, 5000)) })

for (const [what, source] of [
  ['stream', stalled],
  ['response', () => new Response(stalled())],
] as const)
  test(`an abort ends the wait for a ${what} that stalls`, async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 20)
    assert.is((await failure(source(), { signal: stop.signal })).code, 'ABORTED')
  })

test('a window of absurd size is refused at once', async () => {
  const attrs = { kernel: [2147483647, 1], stride: [1, 1], pad: [2147483646, 0, 2147483646, 0], dilation: [1, 1] }
  const start = performance.now()
  const { code } = await failure(await network([{ op: 'MaxPool', name: 'p', inputs: ['x'], outputs: ['y'], attrs }]))
  assert.is(code, 'SHAPE')
  assert.ok(performance.now() - start < 2000)
})

test('weights of another shape than the network has are told, all of them', async () => {
  const { tensors } = await readModel(file)
  const { code, message } = await failure(await encodeModel({ tensors }), { graph: lenet5({ classes: 5 }) })
  assert.is(code, 'SHAPE')
  assert.match(message, /classifier\.2\.weight is 10×84, the network has 5×84; classifier\.2\.bias is 10, .* 5/)
})

test('names from a file neither break the line of an error nor flood it', async () => {
  const name = `a\nb${'c'.repeat(5000)}`
  const { message } = await failure(await network([{ op: 'Gemm', name, inputs: ['x'], outputs: ['y'], attrs: {} }]))
  assert.not.match(message, /\n/)
  assert.ok(message.length <= 1000)
})

test('options that are none are told, with those there are', async () => {
  for (const [options, told] of [
    [{ memory: 'big' }, /^memory must be small or fast, is "big"\.$/],
    [{ build: 'simd128' }, /^build must be simd or relaxed, is "simd128"\.$/],
  ] as const) {
    const { code, message } = await failure(file, options as never)
    assert.is(code, 'INPUT')
    assert.match(message, told)
  }
})

test('a signal that outlives a load keeps nothing of it', async () => {
  const { signal } = new AbortController()
  const blob = new Blob([file as Uint8Array<ArrayBuffer>])
  for (const source of [
    file,
    blob,
    'models/lenet5/lenet5.json',
    'absent.safetensors',
    new Response(file.slice(0, 999)),
  ])
    await load(source, { ...kernels, signal }).catch(() => undefined)
  assert.is(getEventListeners(signal, 'abort').length, 0)
})

test('a wasm module without the kernels is told', async () => {
  const empty = await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))
  assert.match((await failure(file, { wasm: empty })).message, /infer\.wasm/)
})

test('a memory limit that is no number allows nothing', async () => {
  assert.is((await failure(file, { memoryLimit: Number.NaN })).code, 'MEMORY')
})

test('more memory than there can be is told with the node and a way out', async () => {
  const relu = await network([{ op: 'Relu', name: 'r', inputs: ['x'], outputs: ['y'], attrs: {} }])
  const { code, message } = await failure(relu, { batch: 2 ** 27 })
  assert.is(code, 'MEMORY')
  assert.match(message, /Relu "r": its output has 2147483648 numbers, .* use a smaller batch or image\.$/)
})

test('the scores of a softmax are probabilities, in whatever shape they are given', async () => {
  const softmax: Node = { op: 'Softmax', name: 's', inputs: ['x'], outputs: ['s'], attrs: { axis: 3 } }
  const line: Node = { op: 'Reshape', name: 'l', inputs: ['s'], outputs: ['l'], attrs: { shape: [0, 16] } }
  const flat: Node = { op: 'Flatten', name: 'f', inputs: ['l'], outputs: ['y'], attrs: { axis: 1 } }
  for (const nodes of [[softmax], [softmax, line], [softmax, line, flat]]) {
    const net = await load(await network(nodes), kernels)
    // Four rows of four equal scores: a quarter each, of a sum of four.
    assert.equal(
      net.classify(new Float32Array(16), { top: 1 }).map(({ probability }) => probability),
      [1 / 16],
    )
    const [best] = net.classify(Float32Array.from({ length: 16 }, (_, i) => (i === 5 ? 3 : 0)))
    assert.is(best!.index, 5)
    assert.ok(Math.abs(best!.probability - Math.exp(3) / (Math.exp(3) + 3) / 4) < 1e-6)
  }
})

test('an image that is none is an INPUT error', async () => {
  const net = await load(file, kernels)
  for (const image of [undefined, {}, { width: 28, height: 28 }, { width: -2, height: -2, data: new Uint8Array(16) }])
    assert.throws(
      () => net.classify(image as never),
      (error: ConvletError) => error.code === 'INPUT',
    )
})

test.run()
