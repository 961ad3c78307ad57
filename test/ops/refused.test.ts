// Graphs that no exporter makes: what they ask for beyond reason is an error, not a crash, a hang or a wrong number.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { load } from '../../ts/entry/node.js'
import type { ConvletError } from '../../ts/error.js'
import { encodeModel } from '../../ts/file.js'
import type { Attr } from '../../ts/types.js'
import { modules } from '../builds.js'
import { agree, filled, node } from '../graphs.js'

const test = suite('refused graphs')

/** The error of a network of one node on a map of 4×4×4, and weights of four numbers. */
const failure = async (op: string, inputs: readonly string[], attrs: Record<string, Attr>): Promise<ConvletError> => {
  const floats = (count: number) => new Uint8Array(new Float32Array(count).buffer)
  const tensors = new Map([
    ['v', { dtype: 'F32' as const, shape: [4], data: floats(4) }],
    ['w', { dtype: 'F32' as const, shape: [4, 4, 1, 1], data: floats(16) }],
  ])
  const graph = { inputs: [{ name: 'x', shape: [1, 4, 4, 4] }], outputs: ['y'], nodes: [node(op, inputs, 'y', attrs)] }
  try {
    await load(await encodeModel({ tensors, graph }), modules[0]!)
  } catch (error) {
    return error as ConvletError
  }
  return assert.unreachable('it loaded') as never
}

test('Slice of one axis twice', async () => {
  for (const axes of [
    [1, 1],
    [1, -3],
  ]) {
    const { code } = await failure('Slice', ['x'], { starts: [3, 3], ends: [4, 4], axes, steps: [1, 1] })
    assert.is(code, 'SHAPE')
  }
})

test('Conv with a part of a batch norm', async () => {
  for (const inputs of [
    ['x', 'w', '', '', 'v'],
    ['x', 'w', '', '', '', 'v', 'v', 'v'],
    ['x', 'w', '', '', 'v', '', 'v', 'v'],
  ]) {
    const { code, message } = await failure('Conv', inputs, { kernel: [1, 1] })
    assert.is(code, 'GRAPH')
    assert.match(message, /four vectors/)
  }
})

test('ConvTranspose of weights and windows that do not fit', async () => {
  for (const [attrs, fact] of [
    [{ groups: 3 }, /4 channels do not divide into 3 groups|weight expects/],
    [{ pad: [2, 0, 2, 0] }, /pads 2,0,2,0 leave nothing/],
    [{ stride: [1, 100000] }, /up to 65535/],
    [{ dilation: [2 ** 30, 1] }, /up to 65535/],
    [{ outputPad: [0, 2 ** 31 - 1] }, /its output has/],
    [{ pad: 'same_upper' }, /pad must be 4 integers/],
  ] as const) {
    const { message } = await failure('ConvTranspose', ['x', 'w'], attrs)
    assert.match(message, fact)
  }
  assert.match((await failure('ConvTranspose', ['x', 'v'], {})).message, /weight must have 4 dimensions/)
})

test('LRN over a window larger than all channels takes no longer, and is right', async () => {
  const network = (size: number) => ({
    inputs: { x: [5, 3, 3] },
    outputs: ['y'],
    nodes: [node('LRN', ['x'], 'y', { size, alpha: 0.5, beta: 0.75, bias: 1 })],
  })
  for (const size of [9, 10, 11, 12, 101]) await agree(network(size))
  const start = performance.now()
  const graph = {
    inputs: [{ name: 'x', shape: [1, 5, 3, 3] }],
    outputs: ['y'],
    nodes: network(2147483647).nodes,
  }
  const net = await load(await encodeModel({ tensors: new Map(), graph }), modules[0]!)
  net.run(Float32Array.from(filled([45], 1).data))
  assert.ok(performance.now() - start < 2000)
})

test('Transpose of eleven dimensions', async () => {
  await agree({
    inputs: { x: [1, 1, 1, 1, 1, 1, 1, 1, 3, 2] },
    outputs: ['y'],
    nodes: [node('Transpose', ['x'], 'y', { perm: [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 9] })],
  })
})

test.run()
