// Weights in fewer bits: how they are rounded, and which.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert, type Storage, storeWeights } from '../converters/index.js'
import { toOnnx } from '../converters/onnx/write.js'
import { nearest, round16 } from '../converters/round.js'
import { inFloats } from '../converters/storage.js'
import { readModel } from '../ts/file.js'
import type { DType, Model, Node, Shape, Tensor } from '../ts/types.js'
import { fails, node } from './file/make.js'
import { floats } from './random.js'
import { widenBf16, widenF16 } from './ref/pack.js'

const test = suite('storage')

const f32 = (shape: Shape, values: Iterable<number>): Tensor => ({
  dtype: 'F32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
const numbers = ({ data }: Tensor) => [...new Float32Array(data.slice().buffer)]
const integers = ({ data }: Tensor) => [...new Int8Array(data.slice().buffer)]

/** The next number of single precision, away from 0. */
const next = (v: number, by = 1) => {
  const bits = new Int32Array(Float32Array.of(v).buffer)
  bits[0]! += by
  return new Float32Array(bits.buffer)[0]!
}

for (const [dtype, widen, infinity] of [
  ['F16', widenF16, 0x7c00],
  ['BF16', widenBf16, 0x7f80],
] as const)
  test(`${dtype}: what lies on, halfway between and beside any two neighbours`, () => {
    const round = (v: number) => round16[dtype](Float32Array.of(v))[0]!
    for (const sign of [0, 0x8000])
      for (let bits = 0; bits < infinity; bits++) {
        const [low, high] = [sign | bits, sign | (bits + 1)]
        const value = widen(low)
        assert.is(round(value), low)
        // Infinity stands where the next number would.
        const after = bits + 1 === infinity ? 2 * value - widen(low - 1) : widen(high)
        const half = (value + after) / 2
        assert.is(round(half), bits % 2 === 0 ? low : high, `${half}`)
        // Halfway is a number of single precision, unless both are its least ones.
        if (Math.fround(half) !== half) continue
        assert.is(round(next(half, -1)), low, `below ${half}`)
        assert.is(round(next(half)), high, `above ${half}`)
      }
    assert.is(round(Number.POSITIVE_INFINITY), infinity)
    assert.is(round(Number.NEGATIVE_INFINITY), infinity | 0x8000)
    assert.is(round(-0), 0x8000)
    assert.ok(Number.isNaN(widen(round(Number.NaN))))
    // A NaN whose upper bits are all 0 stays one.
    const quiet = new Float32Array(Uint32Array.of(0x7f800001).buffer)
    assert.ok(Number.isNaN(widen(round16[dtype](quiet)[0]!)))
  })

test('integers: to the nearest, of two the even one', () => {
  assert.equal(
    [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 126.5, 0.49, 0.51].map(nearest).map(v => v + 0),
    [-2, -2, 0, 0, 2, 2, 126, 0, 1],
  )
})

/** A model of these nodes and tensors. */
const model = (nodes: Node[], tensors: Record<string, Tensor>): Model => ({
  graph: { inputs: [{ name: 'x', shape: [1, 2, 4, 4] }], outputs: [nodes.at(-1)!.outputs[0]!], nodes },
  tensors: new Map(Object.entries(tensors)),
})

test('int8: a scale for each output channel, also of zeros and of the least numbers', () => {
  const made = model([node('Conv', ['x', 'w', 'b'], ['y'])], {
    w: f32([4, 2, 1, 1], [127, -63.5, 0, 0, 2 ** -149, 0, -0.1, 0.05]),
    b: f32([4], [1, 2, 3, 4]),
  })
  const { tensors } = storeWeights(made, 'int8')
  assert.equal([...tensors.keys()], ['w_scale', 'w', 'b'])
  assert.equal(tensors.get('w_scale')!.shape, [4, 1, 1, 1])
  const scales = numbers(tensors.get('w_scale')!)
  assert.equal(scales, [1, 2 ** -126, 2 ** -126, Math.fround(Math.fround(0.1) / 127)])
  assert.equal(integers(tensors.get('w')!), [127, -64, 0, 0, 0, 0, -127, 64])
  assert.is(tensors.get('b')!.dtype, 'F32')
})

test('int8: no number is farther off than half a scale', () => {
  const w = f32([9, 4, 3, 3], floats(9 * 36, 3))
  const { tensors } = storeWeights(model([node('Conv', ['x', 'w'], ['y'])], { w }), 'int8')
  const scales = numbers(tensors.get('w_scale')!)
  const back = numbers(inFloats(tensors).get('w')!)
  for (const [i, v] of numbers(w).entries())
    assert.ok(Math.abs(back[i]! - v) <= 0.5000001 * scales[Math.floor(i / 36)]!, `${i}`)
  assert.not.equal(back, numbers(w))
})

test('int8: the channels of a ConvTranspose are its second dimension', () => {
  const w = f32([2, 3, 1, 1], [1, 10, 100, -2, 5, 127])
  const { tensors } = storeWeights(model([node('ConvTranspose', ['x', 'w'], ['y'])], { w }), 'int8')
  assert.equal(tensors.get('w_scale')!.shape, [1, 3, 1, 1])
  assert.equal(
    numbers(tensors.get('w_scale')!).map(v => Math.round(v * 127)),
    [2, 10, 127],
  )
  assert.equal(integers(tensors.get('w')!), [64, 127, 100, -127, 64, 127])
})

test('only weights of Convs, ConvTransposes and Gemms, and what nothing else reads', () => {
  const nodes = [
    node('Conv', ['x', 'w'], ['a']),
    node('Mul', ['a', 'factor'], ['b']),
    node('Conv', ['b', 'tied'], ['c']),
    node('Add', ['c', 'tied'], ['d']),
    node('Gemm', ['d', 'g', 'bias'], ['y']),
  ]
  const one = f32([1, 1, 1, 1], [1])
  const tensors = { w: one, factor: one, tied: one, g: one, bias: one, stray: one }
  for (const [storage, dtype] of [
    ['f16', 'F16'],
    ['bf16', 'BF16'],
    ['int8', 'I8'],
  ] as const) {
    const stored = [...storeWeights(model(nodes, tensors), storage).tensors].filter(
      ([name]) => !name.endsWith('_scale'),
    )
    assert.equal(
      stored.filter(([, t]) => t.dtype === dtype).map(([name]) => name),
      ['w', 'g'],
    )
  }
})

test('what has no finite number of a type stays as it is, and is told', () => {
  const w = f32([2, 1], [65519, -65520])
  const huge = f32([2, 1], [65504, 3.4e38])
  const infinite = f32([1, 1], [Number.POSITIVE_INFINITY])
  const nodes = [node('Gemm', ['x', 'w'], ['a']), node('Gemm', ['a', 'v'], ['b']), node('Gemm', ['b', 'u'], ['y'])]
  const facts = (storage: Storage) => {
    const told: string[] = []
    const { tensors } = storeWeights(model(nodes, { w, v: huge, u: infinite }), storage, fact => told.push(fact))
    return [told, [...tensors].map(([name, { dtype }]) => `${name} ${dtype}`)]
  }
  assert.equal(facts('f16'), [
    [
      '"w" stays F32: 1 of its 2 numbers have no finite f16',
      '"v" stays F32: 1 of its 2 numbers have no finite f16',
      '"u" stays F32: 1 of its 1 numbers have no finite f16',
    ],
    ['w F32', 'v F32', 'u F32'],
  ])
  assert.equal(facts('bf16'), [
    ['"v" stays F32: 1 of its 2 numbers have no finite bf16', '"u" stays F32: 1 of its 1 numbers have no finite bf16'],
    ['w BF16', 'v F32', 'u F32'],
  ])
  const [told, stored] = facts('int8')
  assert.equal(told, ['"u" stays F32: 1 of its 1 numbers have no finite int8'])
  assert.equal(stored, ['w_scale F32', 'w I8', 'v_scale F32', 'v I8', 'u F32'])
})

test('there and back: each storage from each other', () => {
  const made = model([node('Gemm', ['x', 'w', 'b'], ['y'])], { w: f32([3, 4], floats(12, 1)), b: f32([3], [1, 2, 3]) })
  const types = ({ tensors }: Model): DType[] => [...tensors.values()].map(({ dtype }) => dtype)
  const stored: readonly (readonly [Storage, DType[]])[] = [
    ['f32', ['F32', 'F32']],
    ['f16', ['F16', 'F32']],
    ['bf16', ['BF16', 'F32']],
    ['int8', ['F32', 'I8', 'F32']],
  ]
  for (const [a, first] of stored)
    for (const [b, second] of stored) {
      const one = storeWeights(made, a)
      assert.equal(types(one), first)
      const two = storeWeights(one, b)
      assert.equal(types(two), second)
      // What is stored the same again is the same.
      if (a === b) assert.equal([...two.tensors], [...one.tensors], a)
    }
})

test('a name that is taken, and a model without a graph', async () => {
  const w = f32([1, 1], [1])
  const taken = model([node('Gemm', ['x', 'w'], ['y'])], { w, w_scale: w })
  await fails(async () => storeWeights(taken, 'int8'), 'GRAPH', '"w_scale" is taken')
  const value = model([node('Gemm', ['x', 'w'], ['w_scale'])], { w })
  await fails(async () => storeWeights(value, 'int8'), 'GRAPH', '"w_scale" is taken')
  await fails(async () => storeWeights({ tensors: new Map() }, 'int8'), 'GRAPH', 'without a graph')
})

test('ONNX has floats for them, and convert takes the storage', async () => {
  const made = model([node('Gemm', ['x', 'w'], ['y'])], { w: f32([3, 4], floats(12, 1)) })
  const stored = storeWeights(made, 'int8')
  const bytes = toOnnx(stored)
  assert.equal(bytes, toOnnx({ ...made, tensors: inFloats(stored.tensors) }))
  const again = await readModel(await convert(bytes, { weights: 'int8' }))
  assert.equal(integers(again.tensors.get('w')!), integers(stored.tensors.get('w')!))
})

test.run()
