// Which kernel a convolution gets, what becomes of its weights, and what is said of it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlanOptions } from '../../ts/api.js'
import { compile } from '../../ts/compile.js'
import { inspect, load } from '../../ts/entry/node.js'
import { encodeModel } from '../../ts/file.js'
import { align } from '../../ts/trace.js'
import type { Attr } from '../../ts/types.js'
import { modules } from '../builds.js'
import { agree, filled, node, weight } from '../graphs.js'
import { floats } from '../random.js'
import { conv } from '../ref/conv.js'
import type { Sliding } from '../ref/pool.js'

const test = suite('ways of a convolution')

const attrsOf = (kernel: number) => {
  const p = (kernel - 1) / 2
  return { kernel: [kernel, kernel], stride: [1, 1], pad: [p, p, p, p], dilation: [1, 1], groups: 1 }
}
const attrs = attrsOf(3)

/** A graph of one convolution and what it is followed by. */
const network = (c: number, oc: number, size: number, kernel = 3) => ({
  inputs: { x: [c, size, size] },
  outputs: ['y'],
  nodes: [node('Conv', ['x', 'w', 'b'], 'a', attrsOf(kernel)), node('Relu', ['a'], 'y')],
  weights: { w: weight([oc, c, kernel, kernel], 1), b: weight([oc], 2) },
})

/** What becomes of it. */
const program = (c: number, oc: number, size: number, options: PlanOptions = {}, kernel = 3) => {
  const { nodes, weights, outputs } = network(c, oc, size, kernel)
  const tensors = new Map(
    Object.entries(weights).map(([name, { shape }]) => [name, { dtype: 'F32' as const, shape, begin: 0, end: 0 }]),
  )
  const graph = { inputs: [{ name: 'x', shape: [1, c, size, size] }], outputs, nodes }
  return compile({ tensors, graph, dataBegin: 0, dataLength: 0 }, options)
}

/** The tile of Winograd's way, 0 for none, and whether the weights are kept transformed. */
const way = async (...args: Parameters<typeof program>): Promise<[tile: number, kept: boolean]> => {
  const found = await program(...args)
  const call = found.run(found.batch).layers[0]!.calls.find(([kernel]) => kernel === 'conv_winograd')
  const [u, tile] = [call?.[6], call?.[20]] as number[]
  return [tile ?? 0, u === 0]
}

/** Channels, map, batch; the tile, and whether `fast` keeps the weights transformed; the window, 3 unless told. */
const cases = [
  [16, 16, 16, 1, 4, false],
  [32, 36, 8, 1, 4, true],
  [32, 36, 4, 4, 4, true],
  [64, 32, 4, 1, 2, true],
  [48, 48, 9, 1, 2, false],
  [64, 28, 2, 4, 2, true],
  [16, 16, 2, 1, 0, false],
  [16, 20, 12, 1, 3, true, 5],
  [32, 36, 7, 3, 3, true, 5],
  [4, 8, 3, 1, 0, false, 5],
] as const

for (const [c, oc, size, batch, tile, kept, kernel = 3] of cases)
  for (const memory of ['small', 'fast'] as const)
    test(`${kernel}×${kernel}, ${c} → ${oc} channels of ${size}×${size}, ${batch} images, ${memory}: tiles of ${tile}`, async () => {
      assert.equal(await way(c, oc, size, { batch, memory }, kernel), [tile, kept && memory === 'fast'])
      // With fewer images it is the same kernel on the same weights.
      await agree(network(c, oc, size, kernel), { batch, memory, images: batch > 1 ? [batch, 1, batch - 1] : [1] })
    })

test('Winograd’s results are within 2e-5 of the largest, in each build', async () => {
  for (const [kernel, size, tile] of [
    [3, 12, 4],
    [3, 4, 2],
    [5, 12, 3],
  ] as const) {
    assert.is((await way(96, 16, size, {}, kernel))[0], tile)
    const { inputs, weights, nodes } = network(96, 16, size, kernel)
    const tensors = Object.entries(weights).map(([name, { shape, data }]) => {
      const bytes = new Uint8Array(Float32Array.from(data).buffer)
      return [name, { dtype: 'F32' as const, shape, data: bytes }] as const
    })
    const graph = { inputs: [{ name: 'x', shape: [1, ...inputs.x] }], outputs: ['a'], nodes }
    const bytes = await encodeModel({ graph, tensors: new Map(tensors) })
    const x = filled([1, ...inputs.x], 3)
    const wanted = conv(x, weights.w, weights.b, attrsOf(kernel) as unknown as Sliding).data
    const largest = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    for (const { build, wasm } of modules) {
      const net = await load(bytes, { build, wasm })
      const y = net.run(Float32Array.from(x.data)).a!
      const error = wanted.reduce((most, v, i) => Math.max(most, Math.abs(y[i]! - v)), 0) / largest
      assert.ok(error < 2e-5, `${kernel}×${kernel}, tiles of ${tile}, ${build}: ${error}`)
      net.dispose()
    }
  }
})

/** A convolution, a batch norm that is folded into it, and the same weights once more with a stride. */
const normalised = {
  inputs: { x: [16, 8, 8] },
  outputs: ['y', 'z'],
  nodes: [
    node('Conv', ['x', 'w'], 'a', attrs),
    node('BatchNormalization', ['a', 'scale', 'shift', 'mean', 'variance'], 'y', { epsilon: 1e-5 }),
    node('Conv', ['x', 'w'], 'z', { ...attrs, stride: [2, 2] }),
  ],
  weights: {
    w: weight([20, 16, 3, 3], 1),
    ...Object.fromEntries(
      ['scale', 'shift', 'mean', 'variance'].map((name, i) => [
        name,
        { shape: [20], data: floats(20, 3 + i).map(v => (name === 'variance' ? 1 + v / 2 : v)) },
      ]),
    ),
  },
}

test('weights of 16 bits are widened before they are transformed', async () => {
  const { weights, ...rest } = network(16, 20, 8)
  const few = Object.entries(weights).map(([name, { shape, data }]) => [
    name,
    { shape, data: data.map(v => Math.round(v * 256) / 256) },
  ])
  await agree({ ...rest, weights: Object.fromEntries(few) }, { dtype: 'BF16', memory: 'fast' })
})

test('a batch norm is folded into transformed weights; others may want the same weights as they are', async () => {
  await agree(normalised, { batch: 2, memory: 'fast' })
})

test('kept transformed, weights take 36, 16 or 49 planes for 9 or 25 taps, and there is no room to transform any', async () => {
  for (const [c, oc, size, batch, tile, kept, kernel = 3] of cases) {
    if (!kept) continue
    const [small, fast] = await Promise.all(
      (['small', 'fast'] as const).map(memory => program(c, oc, size, { batch, memory }, kernel)),
    )
    const panels = Math.ceil(oc / 8)
    const added = fast!.memory.weights - small!.memory.weights
    assert.is(
      added,
      align(panels * (tile + kernel - 1) ** 2 * (8 * c + 16) * 4) - align(panels * kernel ** 2 * 8 * c * 4),
    )
    assert.ok(fast!.memory.arena < small!.memory.arena)
  }
})

test('weights are kept transformed where several blocks would transform them again, not beyond what caches hold', async () => {
  assert.equal(await way(128, 64, 56, { memory: 'fast' }), [4, true])
  assert.equal(await way(64, 64, 56, { memory: 'fast' }), [4, false])
  assert.equal(await way(64, 64, 28, { memory: 'fast' }), [4, false])
  assert.equal(await way(256, 256, 8, { memory: 'fast' }), [4, false])
})

/** What `inspect` says of a convolution. */
const said = async (
  x: readonly number[],
  w: readonly number[],
  more: Record<string, Attr> = {},
  options: PlanOptions = {},
) => {
  const model = {
    tensors: new Map([['w', { dtype: 'F32' as const, shape: w, data: new Uint8Array(w.reduce((a, b) => a * b, 4)) }]]),
    graph: {
      inputs: [{ name: 'x', shape: [1, ...x] }],
      outputs: ['y'],
      nodes: [node('Conv', ['x', 'w'], 'y', { ...attrs, kernel: w.slice(2), ...more })],
    },
  }
  const { kernel, why } = (await inspect(await encodeModel(model), options)).layers[0]!
  assert.ok(why?.startsWith(`${kernel}: `), why)
  return why!
}

test('inspect says why', async () => {
  assert.match(
    await said([64, 28, 28], [64, 64, 3, 3]),
    /^winograd 4×4: 0\.3\d* of the direct kernel's time \(winograd 2×2 0\.5\d*\)$/,
  )
  assert.match(await said([64, 4, 4], [64, 64, 3, 3]), /^winograd 2×2: 0\.\d+ of .* \(winograd 4×4 1\.\d+\)$/)
  assert.match(await said([64, 8, 8], [64, 64, 3, 3], {}, { memory: 'fast' }), /\), weights kept transformed$/)
  assert.match(
    await said([16, 2, 2], [16, 16, 3, 3]),
    /^direct: the shortest \(winograd 2×2 \d.*, winograd 4×4 \d.*\)$/,
  )
  assert.is(await said([4, 8, 8], [4, 1, 3, 3], { groups: 4 }), 'depthwise: one channel per group')
  assert.is(await said([8, 8, 8], [8, 4, 3, 3], { groups: 2 }), 'direct: 2 groups')
  assert.match(
    await said([16, 12, 12], [16, 16, 5, 5], { pad: [2, 2, 2, 2] }),
    /^winograd 3×3: 0\.\d+ of the direct kernel's time$/,
  )
  assert.match(
    await said([4, 3, 3], [4, 4, 5, 5], { pad: [2, 2, 2, 2] }),
    /^direct: the shortest \(winograd 3×3 \d.*\)$/,
  )
  assert.is(await said([8, 8, 8], [8, 8, 5, 3]), 'direct: a window of 5×3')
  assert.is(await said([8, 8, 8], [8, 8, 3, 3], { stride: [2, 2] }), 'direct: stride 2')
  assert.is(await said([8, 8, 8], [8, 8, 3, 3], { stride: [1, 2] }), 'direct: stride 1×2')
  assert.is(await said([8, 8, 8], [8, 8, 3, 3], { dilation: [2, 2] }), 'direct: dilation 2')
  assert.is(await said([3, 8, 8], [8, 3, 3, 3]), 'direct: 3 channels are not a multiple of 4')
  assert.is(await said([8, 8, 8], [6, 8, 3, 3]), 'direct: 6 channels are not a multiple of 4')
  assert.is(await said([8, 3, 3], [8, 8, 3, 3], { pad: [0, 0, 0, 0] }), 'gemv: one image, one result per channel')
  assert.match(await said([8, 3, 3], [8, 8, 3, 3], { pad: [0, 0, 0, 0] }, { batch: 2 }), /^direct: /)
})

test.run()
