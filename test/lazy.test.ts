// Operators that few networks have come in a module of their own: loaded for a graph that has one of them, for no other.
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../converters/index.js'
import { networks } from '../models/index.js'
import type { inspect, load } from '../ts/entry/node.js'
import { encodeModel, readModel } from '../ts/file.js'
import { forward } from '../ts/ops/forward.js'
import { all } from '../ts/ops/more.js'
import { drop } from '../ts/passes/drop.js'
import { missing } from '../ts/trace.js'
import type { Attr, Graph } from '../ts/types.js'
import { bundle, type File } from './bundle.js'
import { seeded, stateDict } from './models/make.js'

const test = suite('lazy')

const { start, later } = await bundle("export * from './ts/entry/node.ts'")
const whole = await bundle("export * from './ts/entry/node.ts'", false)

/** The runtime of these files and nothing else, beside them the kernels. */
const runtime = async (
  files: readonly File[],
  use: (api: { load: typeof load; inspect: typeof inspect }) => unknown,
) => {
  const folder = await mkdtemp(join(tmpdir(), 'convlet-'))
  try {
    for (const { name, text } of files)
      await writeFile(join(folder, name.replace(/js$/, 'mjs')), text.replaceAll('.js"', '.mjs"'))
    for (const name of ['infer.wasm', 'infer.relaxed.wasm']) await copyFile(`dist/${name}`, join(folder, name))
    await use(await import(pathToFileURL(join(folder, 'entry.mjs')).href))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A network of one operator, from 1×2×3 to 1×3×2. */
const single = (op: string, attrs: Record<string, Attr>) =>
  encodeModel({
    tensors: new Map(),
    graph: {
      inputs: [{ name: 'x', shape: [1, 2, 3] }],
      outputs: ['y'],
      nodes: [{ op, name: 'n', inputs: ['x'], outputs: ['y'], attrs }],
    },
  })

const transpose = await single('Transpose', { perm: [0, 2, 1] })
const numbers = Float32Array.of(1, 2, 3, 4, 5, 6)

test('ResNet-18 is loaded and runs where that module is missing', () =>
  runtime(start, async ({ load }) => {
    const graph = networks.resnet18!({})
    const net = await load(await stateDict(seeded(graph)), { graph, inputShape: [3, 32, 32] })
    assert.ok(net.run(new Float32Array(3 * 32 * 32)).logits!.every(Number.isFinite))
  }))

test('few of the builders’ networks need it: for LRN, or to halve maps and add channels beside a block', async () => {
  const { graph } = await readModel(await convert(readFileSync('models/lenet5/lenet5.onnx')))
  const graphs = Object.entries(networks).map(([name, build]) => [name, build({})] as const)
  const needed = (graph: Graph) => [...new Set(missing(drop(graph), forward))]
  assert.equal(needed(graph!), [])
  const found = graphs.map(([name, graph]) => [name, needed(graph)] as const)
  const cifar = ['resnet20', 'resnet32', 'resnet44', 'resnet56', 'resnet110'].map(name => [name, ['Slice', 'Pad']])
  assert.equal(
    found.filter(([, ops]) => ops.length > 0),
    [['alexnet_original', ['LRN']], ['googlenet_aux', ['Slice']], ...cifar],
  )
})

test('a Transpose asks for it, in load and in inspect', async () => {
  await runtime(start, async ({ load, inspect }) => {
    for (const action of [load, inspect])
      try {
        await action(transpose)
        assert.unreachable('it came from nowhere')
      } catch (error) {
        assert.is((error as { code?: string }).code, 'ERR_MODULE_NOT_FOUND', `${error}`)
      }
  })
  await runtime([...start, ...later], async ({ load, inspect }) => {
    assert.equal([...(await load(transpose)).run(numbers).y!], [1, 4, 2, 5, 3, 6])
    assert.equal((await inspect(transpose)).outputs, { y: [1, 3, 2] })
  })
})

test('a bundle in one file has it inside', () =>
  runtime(whole.start, async ({ load }) => {
    assert.is(whole.later.length, 0)
    assert.equal([...(await load(transpose)).run(numbers).y!], [1, 4, 2, 5, 3, 6])
  }))

test('an operator that nobody knows is told after both were asked', async () => {
  assert.not('Mystery' in all)
  await runtime([...start, ...later], async ({ load }) => {
    try {
      await load(await single('Mystery', {}))
      assert.unreachable('it ran')
    } catch (error) {
      assert.match((error as Error).message, 'this convlet does not run Mystery.')
    }
  })
})

test.run()
