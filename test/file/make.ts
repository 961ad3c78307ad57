// Files to read, right ones and wrong ones, and what is said of the wrong ones.
import type { uvu } from 'uvu'
import * as assert from 'uvu/assert'
import { ConvletError, type ErrorCode } from '../../ts/error.js'
import { dtypeBytes, readModel } from '../../ts/file.js'
import type { DType, Graph, Model, Node, Preprocess, Tensor } from '../../ts/types.js'

export const node = (op: string, inputs: string[], outputs: string[], attrs: Node['attrs'] = {}): Node => ({
  op,
  name: outputs[0]!,
  inputs,
  outputs,
  attrs,
})
export const tensor = (dtype: DType, shape: number[], fill = 0): Tensor => ({
  dtype,
  shape,
  data: new Uint8Array(shape.reduce((a, b) => a * b, dtypeBytes[dtype])).fill(fill),
})

export const graph: Graph = {
  inputs: [{ name: 'x', shape: [1, 3] }],
  outputs: ['z'],
  nodes: [node('Gemm', ['x', 'w', ''], ['y']), node('Relu', ['y'], ['z'])],
}
export const preprocess: Preprocess = { color: 'gray', fit: 'contain', border: 2, mean: [0.1307], std: [0.3081] }
export const model: Model = {
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

export const encode = (text: string) => new TextEncoder().encode(text)
/** A file of any header, right or wrong, and so many bytes of data. */
export const file = (header: unknown, dataLength = 0) => {
  const json = encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataLength)
  new DataView(bytes.buffer).setUint32(0, json.length, true)
  bytes.set(json, 8)
  return bytes
}
export const info = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})
export const withMeta = (meta: Record<string, unknown>) =>
  file({ __metadata__: { format: 'convlet', version: '1', ...meta }, w: info(0, 24, [2, 3]) }, 24)
export const withGraph = (changes: object) => withMeta({ graph: JSON.stringify({ ...graph, ...changes }) })
export const withNodes = (...nodes: unknown[]) => withGraph({ nodes })
export const withPreprocess = (changes: object) =>
  withMeta({ preprocess: JSON.stringify({ ...preprocess, ...changes }) })

export const relu = node('Relu', ['x'], ['z'])

/** Throws unless it fails with this code and a message that holds the fact. */
export const fails = async (run: () => Promise<unknown>, code: ErrorCode, fact: string): Promise<void> => {
  try {
    await run()
  } catch (error) {
    assert.instance(error, ConvletError)
    const { code: found, message } = error as ConvletError
    assert.is(found, code, message)
    assert.ok(message.includes(fact), `"${message}" does not say "${fact}"`)
    return
  }
  assert.unreachable(`accepted; wanted: ${fact}`)
}

/** What is wrong with a file, the file, and what the error says. */
export type Rejection = readonly [what: string, bytes: Uint8Array, fact: string]

/** A test for each file that reading refuses. */
export const rejects = (test: uvu.Test<unknown>, code: ErrorCode, rejections: readonly Rejection[]): void => {
  for (const [what, bytes, fact] of rejections) test(`rejects ${what}`, () => fails(() => readModel(bytes), code, fact))
}
