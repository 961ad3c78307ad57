import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readTensor } from '../../converters/onnx/tensor.js'
import type { Tensor } from '../../ts/types.js'
import { brief, floats, graphOf, model, type TensorSpec } from './build.js'

/** The tensor as an Add keeps it. */
const kept = (w: TensorSpec): Tensor =>
  model({ inputs: { x: [1] }, nodes: ['y = Add(x, w)'], tensors: { w } }).tensors.get('w')!
const bytes = (data: { buffer: ArrayBufferLike }) => [...new Uint8Array(data.buffer)]
const is = (t: Tensor, dtype: string, data: { buffer: ArrayBufferLike }) =>
  assert.equal([t.dtype, t.shape, [...t.data]], [dtype, [2], bytes(data)])

const numbers = new Float32Array([1.5, -2])
const halves = new Uint16Array([0x3e00, 0xc000])
const brains = new Uint16Array([0x3fc0, 0xc000])
const raw = (dataType: number, data: { buffer: ArrayBufferLike }): TensorSpec => ({
  dims: [2],
  dataType,
  rawData: new Uint8Array(data.buffer),
})

test('floats, raw and typed', () => {
  is(kept(raw(1, numbers)), 'F32', numbers)
  is(kept({ dims: [2], dataType: 1, floatData: [...numbers] }), 'F32', numbers)
})

test('float16 and bfloat16 keep their bits, raw and in int32_data', () => {
  is(kept(raw(10, halves)), 'F16', halves)
  is(kept({ dims: [2], dataType: 10, int32Data: [...halves] }), 'F16', halves)
  is(kept(raw(16, brains)), 'BF16', brains)
  is(kept({ dims: [2], dataType: 16, int32Data: [...brains] }), 'BF16', brains)
})

test('double becomes float', () => {
  is(kept(raw(11, new Float64Array(numbers))), 'F32', numbers)
  is(kept({ dims: [2], dataType: 11, doubleData: [...numbers] }), 'F32', numbers)
})

test('raw bytes at any offset of the file', () => {
  for (const name of ['w', 'w2', 'w34', 'w567']) {
    const m = model({
      inputs: { x: [1, 1] },
      nodes: [`y = MatMul(x, ${name})`],
      tensors: { [name]: { ...raw(1, numbers), dims: [1, 2] } },
    })
    assert.equal([...m.tensors.get(name)!.data], bytes(numbers))
  }
})

/** The numbers after a Cast to float. */
const cast = (w: TensorSpec) => {
  const nodes = [['f = Cast(w)', { to: 1 }], 'y = Add(x, f)'] as const
  const [t] = model({ inputs: { x: [1] }, nodes, tensors: { w } }).tensors.values()
  return [...new Float32Array(t!.data.slice().buffer)]
}

test('every other element type, raw and typed, as constants are computed with', () => {
  const low = -3
  const cases: [number, { buffer: ArrayBufferLike }, TensorSpec, number[]][] = [
    [2, new Uint8Array([3, 255]), { int32Data: [3, 255] }, [3, 255]],
    [3, new Int8Array([low, 127]), { int32Data: [low, 127] }, [low, 127]],
    [4, new Uint16Array([3, 65535]), { int32Data: [3, 65535] }, [3, 65535]],
    [5, new Int16Array([low, 32767]), { int32Data: [low, 32767] }, [low, 32767]],
    [6, new Int32Array([low, 7]), { int32Data: [low, 7] }, [low, 7]],
    [7, new BigInt64Array([-3n, 2n ** 31n]), { int64Data: [low, 2 ** 31] }, [low, 2 ** 31]],
    [9, new Uint8Array([1, 0]), { int32Data: [1, 0] }, [1, 0]],
    [10, halves, { int32Data: [...halves] }, [...numbers]],
    [11, new Float64Array([0.25, 4]), { doubleData: [0.25, 4] }, [0.25, 4]],
    [12, new Uint32Array([3, 4294967040]), { uint64Data: [3, 4294967040] }, [3, 4294967040]],
    [13, new BigUint64Array([3n, 7n]), { uint64Data: [3, 7] }, [3, 7]],
    [16, brains, { int32Data: [...brains] }, [...numbers]],
  ]
  for (const [dataType, data, typed, expected] of cases) {
    assert.equal(cast(raw(dataType, data)), expected, `raw ${dataType}`)
    assert.equal(cast({ dims: [2], dataType, ...typed }), expected, `typed ${dataType}`)
  }
})

test('64-bit integers where protobufjs gives rounded numbers: the largest does not wrap', () => {
  const t = readTensor({ dims: [2], dataType: 7, int64Data: [2 ** 63, -1] }, 'w')
  assert.equal(t, { dtype: 'I64', shape: [2], data: new Uint8Array(new BigInt64Array([2n ** 63n - 1n, -1n]).buffer) })
})

test('float16: zero, subnormal, largest, infinite, not a number', () => {
  const bits = new Uint16Array([0x8000, 0x0001, 0x7bff, 0xfc00, 0x7e00])
  assert.equal(cast({ ...raw(10, bits), dims: [5] }), [-0, 2 ** -24, 65504, -Infinity, NaN])
})

test('float16 weights are turned as they are, and scaled as floats', () => {
  const w = { ...raw(10, halves), dims: [2, 1] }
  const turned = model({ inputs: { x: [1, 2] }, nodes: ['y = MatMul(x, w)'], tensors: { w } }).tensors.get('w')!
  assert.equal([turned.dtype, turned.shape, [...turned.data]], ['F16', [1, 2], bytes(halves)])
  const nodes = [['y = Gemm(x, w)', { alpha: 0.5 }]] as const
  const scaled = model({ inputs: { x: [1, 2] }, nodes, tensors: { w } }).tensors.get('w')!
  assert.equal([scaled.dtype, [...scaled.data]], ['F32', bytes(new Float32Array([0.75, -1]))])
})

test('IR 3 lists initialisers among the inputs: they are no inputs of the network', () => {
  const spec = {
    nodes: [['y = Gemm(x, w)', { transB: 1 }]] as const,
    tensors: { w: floats([2, 3]) },
    inputs: { x: [1, 3] },
  }
  for (const ir of [3, 4, 10]) assert.equal(graphOf({ ...spec, ir }).inputs, [{ name: 'x', shape: [1, 3] }])
})

test('shape and data that differ are a FILE error with both figures', () => {
  const bad = (w: TensorSpec, message: RegExp) =>
    assert.throws(
      () => kept(w),
      (e: { code: string; message: string }) => e.code === 'FILE' && message.test(e.message),
    )
  bad({ ...raw(1, numbers), dims: [3] }, /tensor "w": 3 of F32 takes 12 bytes, the file has 8/)
  bad({ dims: [2], dataType: 1 }, /takes 8 bytes, the file has 0/)
  bad({ ...raw(1, numbers), dims: [-2] }, /shape -2 is impossible/)
  bad({ ...raw(1, numbers), dims: [2 ** 30, 2 ** 30] }, /is impossible/)
})

test('weights that nobody uses are dropped, dead nodes too', () => {
  const m = model({
    nodes: ['dead = NonMaxSuppression(x, unused)', 'y = Relu(x)'],
    tensors: { unused: floats([2]), stray: floats([3]) },
  })
  assert.equal(brief(m.graph!), [['y = Relu(x)', {}]])
  assert.is(m.tensors.size, 0)
})

test.run()
