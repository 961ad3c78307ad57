// Convolutions with a stride, computed without one over the stride's phases.
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compile } from '../../ts/compile.js'
import { inspect } from '../../ts/entry/node.js'
import { encodeModel } from '../../ts/file.js'
import type { Attr } from '../../ts/types.js'
import { agree, type Net, node, weight } from '../graphs.js'
import { floats } from '../random.js'
import { conv } from '../ref/conv.js'
import { inPhases } from '../ref/phases.js'

const test = suite('phases of a stride')

interface Case {
  readonly c: number
  readonly oc: number
  readonly size: readonly [h: number, w: number]
  readonly kernel: number
  readonly stride: number
  readonly pad: Attr
  readonly bias?: boolean
}

const network = ({ c, oc, size, kernel, stride, pad, bias = true }: Case, more: Record<string, Attr> = {}): Net => ({
  inputs: { x: [c, ...size] },
  outputs: ['y'],
  nodes: [
    node('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], 'a', {
      ...{ kernel: [kernel, kernel], stride: [stride, stride], pad, dilation: [1, 1], groups: 1 },
      ...more,
    }),
    node('Relu', ['a'], 'y'),
  ],
  weights: { w: weight([oc, c, kernel, kernel], 1), b: weight([oc], 2) },
})

/** The kernels that it calls. */
const kernels = async ({ inputs, outputs, nodes, weights }: Net, batch = 1) => {
  const tensors = new Map(
    Object.entries(weights!).map(([name, { shape }]) => [name, { dtype: 'F32' as const, shape, begin: 0, end: 0 }]),
  )
  const graph = { inputs: [{ name: 'x', shape: [1, ...inputs.x!] }], outputs, nodes }
  const { run } = await compile({ tensors, graph, dataBegin: 0, dataLength: 0 }, { batch })
  return run(batch).layers.flatMap(({ calls }) => calls.map(([kernel]) => kernel))
}

const cases: readonly Case[] = [
  // AlexNet's first layer, smaller; its rows and columns beyond the last window are no whole stride.
  { c: 3, oc: 12, size: [68, 65], kernel: 11, stride: 4, pad: [2, 2, 2, 2] },
  { c: 8, oc: 16, size: [37, 52], kernel: 8, stride: 3, pad: [0, 0, 0, 0], bias: false },
  { c: 2, oc: 20, size: [60, 41], kernel: 12, stride: 4, pad: [5, 0, 1, 3] },
  { c: 1, oc: 64, size: [61, 60], kernel: 11, stride: 4, pad: 'same_upper' },
  { c: 8, oc: 20, size: [50, 50], kernel: 9, stride: 3, pad: 'same_lower' },
  // Windows of 5×5 phases.
  { c: 4, oc: 32, size: [50, 47], kernel: 14, stride: 3, pad: [6, 6, 6, 6] },
]

for (const one of cases) {
  const { c, oc, size, kernel, stride, pad } = one
  test(`${kernel}×${kernel} with stride ${stride}, ${c} → ${oc} channels of ${size.join('×')}, padded by ${pad}`, async () => {
    const net = network(one)
    for (const batch of [1, 3]) assert.ok((await kernels(net, batch)).includes('conv_winograd'))
    await agree(net, { batch: 3, images: [3, 1, 2] })
    await agree(net, { memory: 'fast' })
  })
}

const plain: Case = { c: 3, oc: 12, size: [52, 52], kernel: 11, stride: 4, pad: [2, 2, 2, 2] }

test('a batch norm is folded into its weights, a residual is added, others read the same weights as they are', async () => {
  const { nodes, weights, ...rest } = network({ ...plain, bias: false })
  const vectors = ['scale', 'shift', 'mean', 'variance']
  await agree(
    {
      inputs: { ...rest.inputs, r: [12, 12, 12] },
      outputs: ['y', 'z'],
      nodes: [
        { ...nodes[0]!, outputs: ['a'] },
        node('BatchNormalization', ['a', ...vectors], 'n', { epsilon: 1e-5 }),
        node('Add', ['n', 'r'], 's'),
        node('Clip', ['s'], 'y', { min: 0, max: 1 }),
        node('Conv', ['x', 'w'], 'z', { ...nodes[0]!.attrs, stride: [8, 8] }),
      ],
      weights: {
        ...weights!,
        ...Object.fromEntries(
          vectors.map((name, i) => [
            name,
            { shape: [12], data: floats(12, 3 + i).map(v => (name === 'variance' ? 1 + v / 2 : v)) },
          ]),
        ),
      },
    },
    { batch: 2 },
  )
})

test('weights of 16 bits', async () => {
  const { weights, ...rest } = network(plain)
  const few = Object.entries(weights!).map(([name, { shape, data }]) => [
    name,
    { shape, data: data.map(v => Math.round(v * 256) / 256) },
  ])
  await agree({ ...rest, weights: Object.fromEntries(few) }, { dtype: 'BF16' })
})

test('what has no phases, or is no shorter in them, is computed directly', async () => {
  const square: Case = { ...plain, c: 4 }
  for (const [one, more] of [
    [square, { groups: 4 }],
    [square, { dilation: [2, 2] }],
    [square, { stride: [4, 3] }],
    [{ ...plain, oc: 10 }],
    // Windows of 2×2, 1×1 and 4×4 phases have no Winograd's way.
    [{ ...plain, kernel: 5 }],
    [{ ...plain, kernel: 4 }],
    [{ ...plain, kernel: 14 }],
    // One channel in nine phases.
    [{ ...plain, c: 1, stride: 3, kernel: 9 }],
    // One result, of a tile of 4 or 16.
    [{ ...plain, size: [11, 11], pad: [0, 0, 0, 0] }],
  ] as const) {
    const net = network(one, more)
    if (more !== undefined && 'groups' in more) Object.assign(net.weights!, { w: weight([12, 1, 11, 11], 1) })
    assert.not((await kernels(net)).includes('conv_winograd'), JSON.stringify([one, more]))
    await agree(net)
  }
})

test('random cases', async () => {
  const small = (least: number, most: number) => fc.integer({ min: least, max: most })
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        c: small(1, 5),
        oc: small(1, 5).map(v => v * 4),
        size: fc.tuple(small(20, 45), small(20, 45)),
        kernel: small(5, 15),
        stride: small(2, 5),
        pad: fc.tuple(small(0, 5), small(0, 5), small(0, 5), small(0, 5)),
      }),
      one => agree(network(one), { batch: 2, images: [2, 1] }),
    ),
    { numRuns: 20, seed: 5 },
  )
})

test('the references in phases are a convolution', () => {
  for (const pad of [[0, 0, 0, 0], [1, 2, 0, 3], 'same_lower'] as const) {
    const [x, w] = [weight([2, 3, 17, 14], 1), weight([4, 3, 7, 7], 2)]
    const window = { pad, stride: [3, 3], dilation: [1, 1] } as const
    const wanted = conv(x, w, undefined, window)
    const form = inPhases(x, w, window)
    const got = conv(form.x, form.w, undefined, { pad: [0, 0, 0, 0], stride: [1, 1], dilation: [1, 1] })
    assert.equal(got.shape, wanted.shape)
    for (const [i, v] of got.data.entries()) assert.ok(Math.abs(v - wanted.data[i]!) < 1e-13, `element ${i} is ${v}`)
  }
})

test('inspect says why', async () => {
  const graph = { inputs: [{ name: 'x', shape: [1, 3, 224, 224] }], outputs: ['y'], nodes: network(plain).nodes }
  const shapes = { w: [64, 3, 11, 11], b: [64] }
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const data = new Uint8Array(shape.reduce((a, b) => a * b, 4))
    return [name, { dtype: 'F32' as const, shape, data }] as const
  })
  const { kernel, why, macs } = (await inspect(await encodeModel({ graph, tensors: new Map(tensors) }))).layers[0]!
  assert.is(kernel, 'winograd 4×4')
  assert.match(why!, /^winograd 4×4: 0\.\d+ of the direct kernel's time, in the 4×4 phases of its stride$/)
  assert.is(macs, 64 * 3 * 11 * 11 * 55 * 55)
})

test('a stride of 2 has the same kernels beside a larger one as without it', async () => {
  const two = network({ c: 16, oc: 32, size: [56, 56], kernel: 6, stride: 2, pad: [2, 2, 2, 2], bias: false })
  const pool = node('MaxPool', ['y'], 'z', {
    ...{ kernel: [3, 3], stride: [3, 3], pad: [0, 0, 0, 0], dilation: [1, 1], ceil: 0 },
  })
  assert.ok((await kernels(two)).includes('conv_direct'))
  const both = await kernels({ ...two, outputs: ['z'], nodes: [...two.nodes, pool] })
  assert.ok(both.includes('conv_direct'))
})

test.run()
