import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { convert, fromOnnx } from '../../converters/index.js'
import { ConvletError } from '../../ts/error.js'
import { build, float, floats, ints, type Spec, scalar } from './build.js'

const channels = floats([4])
const wide: Spec = {
  opset: 13,
  inputs: { x: ['N', 4, 6, 6] },
  nodes: [
    'n = BatchNormalization(x, s, s, s, s)',
    ['l = LRN(n)', { size: 3 }],
    'e = Sqrt(v)',
    'm = Max(e, v, one)',
    'k = Mul(m, one)',
    'c = Clip(l, low, six)',
    ['g = Gather(c, two)', { axis: 1 }],
    'u = Unsqueeze(g, back)',
    ['a, b, d = Split(c, sizes)', { axis: 1 }],
    ['t = Concat(a, u, b, d)', { axis: 1 }],
    'i = Slice(t, from, to, axes, steps)',
    'p = Pad(i, pads)',
    ['h = HardSigmoid(p)', { alpha: 0.25 }],
    ['r = LeakyRelu(h)', { alpha: float(1) }],
    'w = PRelu(r, k)',
    'q = Sum(w, r, h, k)',
    ['o = Transpose(q)', { perm: [0, 2, 3, 1] }],
    ['f = Cast(o)', { to: 1 }],
    ['j = ReduceMean(f)', { axes: [-1], keepdims: 0 }],
    'z = Pow(j, one)',
    'y = LogSoftmax(z)',
  ],
  tensors: {
    s: channels,
    v: floats([5, 1, 1]),
    one: floats([], [1]),
    low: floats([], [0]),
    six: floats([], [6]),
    two: scalar(2),
    back: ints(1),
    sizes: ints(1, 2, 1),
    from: ints(1, -1),
    to: ints(6, -(2 ** 62)),
    axes: ints(2, -1),
    steps: ints(1, -2),
    pads: ints(0, 0, 1, 0, 0, 0, -1, 2),
  },
}
const good = build(wide)

/** Whether it converts to a file; what else happens must be a ConvletError. */
const converts = (bytes: Uint8Array): Promise<boolean> =>
  convert(bytes).then(
    () => true,
    e => {
      if (e instanceof ConvletError) return false
      throw e
    },
  )

test('the whole of it converts', () => {
  assert.is(fromOnnx(good).graph!.nodes.length, 24)
})

test('every byte of a model of many operators damaged: a ConvletError or a file, never anything else', async () => {
  let converted = 0
  for (const [at, byte] of good.entries())
    for (const value of [0, 0xff, byte ^ 1, byte ^ 0x80])
      if (value !== byte && (await converts(good.with(at, value)))) converted++
  assert.ok(converted > good.length / 4, `${converted} converted`)
})

test('property: several bytes of it damaged', async () => {
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 2, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(changes, async changes => {
      const bytes = good.slice()
      for (const [at, value] of changes) bytes[at] = value
      await converts(bytes)
    }),
    { numRuns: 2000 },
  )
})

test('property: operators with any inputs and any attributes', async () => {
  const ops = fc.constantFrom(
    ...['Clip', 'Concat', 'Gather', 'Gemm', 'LRN', 'Max', 'Pad', 'PRelu', 'Pow', 'ReduceMean', 'Reshape', 'Slice'],
    ...['Softmax', 'Split', 'Squeeze', 'Sum', 'Transpose', 'Unsqueeze', 'BatchNormalization', 'Sqrt', 'Cast', 'Gelu'],
  )
  const whole = fc.oneof(fc.integer({ min: -3, max: 4 }), fc.constantFrom(2 ** 31, -(2 ** 53), 1000))
  const list = fc.array(whole, { maxLength: 5 })
  const inputs = fc.array(fc.constantFrom('x', 'i', 'j', 'f', 'e', ''), { maxLength: 5 })
  const number = fc.constantFrom('axis', 'keepdims', 'num_outputs', 'size', 'to', 'transA', 'transB')
  const lists = fc.constantFrom('axes', 'pads', 'perm', 'split', 'starts', 'ends')
  const attrs = fc.tuple(fc.dictionary(number, whole, { maxKeys: 3 }), fc.dictionary(lists, list, { maxKeys: 3 }))
  const opset = fc.constantFrom(7, 9, 10, 11, 13, 18)
  const run = async (opset: number, op: string, names: string[], i: number[], j: number[], attrs: [object, object]) => {
    const spec: Spec = {
      opset,
      inputs: { x: ['N', 3, 4, 5] },
      nodes: [[`y, z = ${op}(${names.join(', ')})`, { ...attrs[0], ...attrs[1] }]],
      tensors: { i: ints(...i), j: ints(...j), f: floats([3]), e: floats([0]) },
    }
    await converts(build(spec))
  }
  await fc.assert(fc.asyncProperty(opset, ops, inputs, list, list, attrs, run), { numRuns: 3000 })
})

test.run()
