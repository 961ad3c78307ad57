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

test('a wasm module without the kernels is told', async () => {
  const empty = await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))
  assert.match((await failure(file, { wasm: empty })).message, /infer\.wasm/)
})

test('a memory limit that is no number allows nothing', async () => {
  assert.is((await failure(file, { memoryLimit: Number.NaN })).code, 'MEMORY')
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
