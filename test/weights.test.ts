// Weights on their way from the file to the kernels: in how many bits they may lie there, and what is said of the rest.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromOnnx } from '../converters/index.js'
import { lenet5 } from '../models/index.js'
import { inspect, load } from '../ts/entry/node.js'
import { dtypeBytes, encodeModel } from '../ts/file.js'
import type { DType, Graph, Shape, Tensor } from '../ts/types.js'
import { modules } from './builds.js'
import { fails, file, node } from './file/make.js'
import { floats } from './random.js'
import { widenBf16, widenF16 } from './ref/pack.js'

const test = suite('weights')

const lenet = fromOnnx(readFileSync('models/lenet5/lenet5.onnx'))
const own = (options: object = {}) => ({ ...modules[0]!, ...options })

type Tensors = ReadonlyMap<string, Tensor>
type Half = 'F16' | 'BF16'

/** The two formats of 16 bits: how to read a number, bits of its fraction, the exponent of the least normal number. */
const halves = {
  F16: { widen: widenF16, fraction: 10, least: -14, infinity: 0x7c00 },
  BF16: { widen: widenBf16, fraction: 7, least: -126, infinity: 0x7f80 },
} as const

/** The bits of the nearest number that a half holds, the even one of two as near. */
const round = (value: number, half: Half): number => {
  const { fraction, least } = halves[half]
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const exponent = Math.max(least, ((new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 23) & 255) - 127)
  const units = Math.abs(value) * 2 ** (fraction - exponent)
  const up = Math.round(units)
  const nearest = up - units === 0.5 && up % 2 === 1 ? up - 1 : up
  // What is rounded up to the next power of two carries into the exponent.
  return sign | (((exponent - least) << fraction) + nearest)
}

const store = (shape: Shape, values: Iterable<number>): Tensor => ({
  dtype: 'F32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
})

const storeBits = (dtype: Half, shape: Shape, bits: Iterable<number>): Tensor => ({
  dtype,
  shape,
  data: new Uint8Array(Uint16Array.from(bits).buffer),
})

/** Rounds single-precision tensors, and gives what becomes of them in 16 bits and the same numbers in 32. */
const narrow = (tensors: Tensors, dtypeOf: (i: number) => Half | 'F32') => {
  const [narrowed, rounded] = [new Map<string, Tensor>(), new Map<string, Tensor>()]
  for (const [i, [name, tensor]] of [...tensors].entries()) {
    const [dtype, { shape }] = [dtypeOf(i), tensor]
    const bits = Array.from(new Float32Array(tensor.data.slice().buffer), v => (dtype === 'F32' ? v : round(v, dtype)))
    narrowed.set(name, dtype === 'F32' ? tensor : storeBits(dtype, shape, bits))
    rounded.set(name, dtype === 'F32' ? tensor : store(shape, bits.map(halves[dtype].widen)))
  }
  return { narrowed, rounded }
}

/** The finite numbers of a half, as bits. */
const finite = (half: Half): number[] =>
  Array.from({ length: 0x10000 }, (_, bits) => bits).filter(bits => (bits & 0x7fff) < halves[half].infinity)

for (const half of ['F16', 'BF16'] as const)
  test(`${half}: rounding is to the nearest, of two to the even one`, () => {
    const { widen, infinity } = halves[half]
    for (const bits of finite(half)) {
      assert.is(round(widen(bits), half), bits)
      const next = bits + 1
      if ((next & 0x7fff) === infinity) continue
      const [low, high] = [widen(bits), widen(next)]
      assert.is(round((low + high) / 2, half), bits % 2 === 0 ? bits : next)
      assert.is(round(low * 0.51 + high * 0.49, half), bits)
    }
  })

/** As `assert.equal`, without its list of differences: among tens of thousands it would take minutes. */
const same = (found: Float32Array, wanted: Float32Array, what = ''): void => {
  assert.is(found.length, wanted.length)
  const i = found.findIndex((v, i) => v !== wanted[i])
  assert.ok(i < 0, `${what}[${i}] is ${found[i]}, wanted ${wanted[i]}`)
}

const IMAGES = Float32Array.from(floats(2 * 1024, 1))

const logits = async (source: Parameters<typeof load>[0], options?: object): Promise<Float32Array> => {
  const net = await load(source, own({ batch: 2, ...options }))
  return net.run(IMAGES).logits!.slice()
}

const ways = {
  F16: () => 'F16',
  BF16: () => 'BF16',
  'F16, BF16 and F32 in turn': i => (['F16', 'BF16', 'F32'] as const)[i % 3]!,
} satisfies Record<string, (i: number) => Half | 'F32'>

for (const [what, dtypeOf] of Object.entries(ways))
  test(`LeNet-5 in ${what} gives what the same numbers give in F32`, async () => {
    const { narrowed, rounded } = narrow(lenet.tensors, dtypeOf)
    const [stored, plain] = [
      await encodeModel({ ...lenet, tensors: narrowed }),
      await encodeModel({ ...lenet, tensors: rounded }),
    ]
    assert.ok(stored.length < 0.75 * plain.length)
    for (const module of modules) same(await logits(stored, module), await logits(plain, module))
    // Else nothing had been rounded.
    assert.not.equal(await logits(stored), await logits(await encodeModel(lenet)))
  })

/** A stream of the bytes in pieces of these sizes, over and over. */
const inPieces = (bytes: Uint8Array, sizes: readonly number[]): ReadableStream<Uint8Array> => {
  let [at, count] = [0, 0]
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      const size = sizes[count++ % sizes.length]!
      controller.enqueue(bytes.slice(at, (at += size)))
    },
  })
}

test('numbers of 16 bits arrive whole whatever the pieces of the stream', async () => {
  const { narrowed } = narrow(lenet.tensors, ways['F16, BF16 and F32 in turn'])
  // Every number after it lies at an odd byte.
  const odd: Tensor = { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }
  for (const tensors of [narrowed, new Map([['odd', odd], ...narrowed])]) {
    const bytes = await encodeModel({ ...lenet, tensors })
    const wanted = await logits(bytes)
    for (const sizes of [[1], [3], [7, 1, 2], [4099, 1], [65_537]])
      same(await logits(inPieces(bytes, sizes), own()), wanted, `pieces of ${sizes}`)
  }
})

/** The outputs of a graph of one input `x`, whose weights are `w`. */
const outputOf = async (graph: Graph, w: Tensor, x: Float32Array, wasm: object) => {
  const net = await load(await encodeModel({ graph, tensors: new Map([['w', w]]) }), own(wasm))
  return net.run(x).y!
}

for (const half of ['F16', 'BF16'] as const)
  test(`every finite ${half}, the subnormal ones too, comes through`, async () => {
    const bits = finite(half)
    const n = bits.length
    // Adding 0 takes the sign from −0, nothing from the others.
    const wanted = Float32Array.from(bits, b => halves[half].widen(b) + 0)
    const graph = (op: string, features: number): Graph => ({
      inputs: [{ name: 'x', shape: [1, features] }],
      outputs: ['y'],
      nodes: [node(op, ['x', 'w'], ['y'])],
    })
    for (const module of modules) {
      same(await outputOf(graph('Gemm', 1), storeBits(half, [n, 1], bits), Float32Array.of(1), module), wanted)
      same(await outputOf(graph('Add', n), storeBits(half, [n], bits), new Float32Array(n), module), wanted)
    }
  })

test('a tensor that two layers read, each packed its own way', async () => {
  const n = 21
  const graph: Graph = {
    inputs: [{ name: 'x', shape: [1, n] }],
    outputs: ['y'],
    nodes: [node('Gemm', ['x', 'w'], ['g']), node('Add', ['g', 'w'], ['y'])],
  }
  // Few bits, so that all sums are exact.
  const x = Float32Array.from({ length: n }, (_, i) => (i % 5) - 2)
  const w = Float32Array.from({ length: n * n }, (_, i) => (((i * 37) % 64) - 32) / 8)
  const products = Array.from(x, (_, j) => x.reduce((sum, v, k) => sum + v * w[j * n + k]!, 0))
  const wanted = w.map((v, i) => products[i % n]! + v)
  for (const half of ['F16', 'BF16'] as const) {
    const stored = storeBits(
      half,
      [n, n],
      Array.from(w, v => round(v, half)),
    )
    for (const module of modules) same(await outputOf(graph, stored, x, module), wanted)
  }
})

const zeros = (dtype: DType, shape: Shape): Tensor => ({
  dtype,
  shape,
  data: new Uint8Array(shape.reduce((a, b) => a * b, dtypeBytes[dtype])),
})
const others = (Object.keys(dtypeBytes) as DType[]).filter(dtype => !['F32', 'F16', 'BF16', 'I8'].includes(dtype))

for (const dtype of others)
  test(`a tensor of ${dtype} that the graph reads is refused by its name`, async () => {
    for (const [reader, name] of [
      ['Conv "features.0"', 'features.0.weight'],
      ['Conv "features.3"', 'features.3.bias'],
      ['Gemm "classifier.2"', 'classifier.2.weight'],
      ['Gemm "classifier.2"', 'classifier.2.bias'],
    ] as const) {
      const graph = lenet5()
      const tensors = new Map(lenet.tensors).set(name, zeros(dtype, graph.parameters[name]!))
      const bytes = await encodeModel({ graph, tensors })
      const fact = `${reader}: "${name}" must be floats or I8, is ${dtype}`
      await fails(() => load(bytes, own()), 'UNSUPPORTED', fact)
      await fails(() => inspect(bytes), 'UNSUPPORTED', fact)
    }
  })

/** Bytes that nobody wants: numbers, so that a byte of theirs among the weights would tell. */
const noise = (dtype: DType, shape: Shape): Tensor => {
  const tensor = zeros(dtype, shape)
  return { ...tensor, data: tensor.data.map((_, i) => 64 + (i % 5)) }
}

test('tensors that the graph does not read are passed over, whatever they are', async () => {
  const wanted = await logits(await encodeModel(lenet))
  const stray: [string, Tensor][] = [
    ['bn.num_batches_tracked', noise('I64', [])],
    // More than the arena holds at once.
    ['ema', noise('F64', [100_003])],
    ['none', noise('I32', [0])],
    ...others.map((dtype): [string, Tensor] => [dtype, noise(dtype, [3])]),
  ]
  const weights = [...lenet.tensors]
  for (const at of [0, 1, 5, weights.length]) {
    const tensors = new Map([...weights.slice(0, at), ...stray, ...weights.slice(at)])
    const bytes = await encodeModel({ ...lenet, tensors })
    same(await logits(bytes), wanted)
    same(await logits(inPieces(bytes, [10_007]), own()), wanted)
  }
})

/** A file as PyTorch's users have it: the widest numbers first, then by name, and not a word of a graph. */
const pytorch = (tensors: Tensors): Uint8Array => {
  const sorted = [...tensors].sort(
    ([a, x], [b, y]) => dtypeBytes[y.dtype] - dtypeBytes[x.dtype] || (a < b ? -1 : a > b ? 1 : 0),
  )
  let end = 0
  const described = sorted.map(([name, { dtype, shape, data }]) => [
    name,
    { dtype, shape, data_offsets: [end, (end += data.length)] },
  ])
  const header = JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(described) })
  const bytes = file(header.padEnd(Math.ceil(header.length / 8) * 8), end)
  let at = bytes.length - end
  for (const [, { data }] of sorted) {
    bytes.set(data, at)
    at += data.length
  }
  return bytes
}

test('a plain PyTorch file loads with the graph of a builder', async () => {
  const bytes = pytorch(new Map(lenet.tensors).set('bn.num_batches_tracked', noise('I64', [])))
  const graph = lenet5()
  same(await logits(bytes, { graph }), await logits(await encodeModel(lenet)))
  assert.equal((await inspect(bytes, { graph })).outputs, { logits: [1, 10] })
  const { narrowed, rounded } = narrow(lenet.tensors, ways.F16)
  same(await logits(pytorch(narrowed), { graph }), await logits(pytorch(rounded), { graph }))
})

test('a plain PyTorch file without a graph tells the way out', async () => {
  const bytes = pytorch(lenet.tensors)
  for (const open of [() => load(bytes, own()), () => inspect(bytes)])
    await fails(open, 'GRAPH', 'the file has no graph; pass { graph } from convlet/models')
})

test('a tensor that the graph reads and the file lacks is named, with its reader', async () => {
  const graph = lenet5()
  for (const name of Object.keys(graph.parameters)) {
    const bytes = pytorch(new Map([...lenet.tensors].filter(([other]) => other !== name)))
    const layer = name.slice(0, name.lastIndexOf('.'))
    await fails(() => load(bytes, own({ graph })), 'GRAPH', ` "${layer}" reads "${name}", `)
  }
})

test.run()
