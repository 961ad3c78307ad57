// What training gives back: files that load, that convert to ONNX and back, and that say the same.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert, storeWeights } from '../../converters/index.js'
import { inFloats } from '../../converters/storage.js'
import { Builder } from '../../models/builder.js'
import { load } from '../../ts/entry/node.js'
import { trainer } from '../../ts/entry/train.js'
import { encodeModel, readModel } from '../../ts/file.js'
import type { Trainer } from '../../ts/train/api.js'
import type { Preprocess } from '../../ts/types.js'
import { modules, trainModules } from '../builds.js'
import { begin, course, drain, failure, patterns, same, small } from './nets.js'

const test = suite('files')

const { data: input } = patterns(8, { seed: 9 })

/** The scores of `load`: the same kernels but for batch norms, which it folds. */
const close = (got: Float32Array, wanted: Float32Array, what: string) => {
  assert.is(got.length, wanted.length)
  const most = Math.max(...wanted.map(Math.abs))
  for (const [i, v] of got.entries())
    assert.ok(Math.abs(v - wanted[i]!) <= 2e-6 * most, `${what}: score ${i} is ${v}, should be ${wanted[i]}`)
}

const scores = async (file: Uint8Array, build: (typeof modules)[number]): Promise<Float32Array> => {
  const net = await load(file, { ...build, batch: 8 })
  const [given] = Object.values({
    ...(net.run({ [Object.keys(net.inputs)[0]!]: input }) as Record<string, Float32Array>),
  })
  const kept = given!.slice()
  net.dispose()
  return kept
}

const preprocess: Preprocess = { color: 'gray', fit: 'contain', mean: [0.5], std: [0.25] }

const trained = async (t: Trainer): Promise<Trainer> => {
  await drain(t.fit(course(24, 8), { epochs: 2 }))
  return t
}

for (const [i, build] of trainModules.entries())
  test(`${build.build}: save, and load`, async () => {
    const t = await trained(await trainer(undefined, begin(build)))
    assert.is(t.build, build.build)
    const file = await t.save()
    close(await scores(file, modules[i]!), t.predict(input), 'loaded')
    // Trained on from the file, it is the same network.
    const again = await trainer(file, begin({ ...build, graph: undefined! }))
    assert.equal(again.predict(input), t.predict(input))
    same(await again.save(), file)
    t.dispose()
  })

test('weights of 8 bits are trained as the floats that they stand for, and saved as floats', async () => {
  const model = await readModel(await (await trained(await trainer(undefined, begin()))).save())
  const stored = storeWeights(model, 'int8')
  const plain = await encodeModel({ ...stored, tensors: inFloats(stored.tensors) })
  for (const options of [{}, { train: ['fc1.*'] }, { train: ['fc1.*'], cacheFeatures: true }]) {
    const files = []
    for (const source of [await encodeModel(stored), stored, plain])
      files.push(await (await trained(await trainer(source, begin({ graph: undefined!, ...options })))).save())
    same(files[0]!, files[2]!)
    same(files[1]!, files[2]!)
  }
})

test('weights of 16 bits that are not trained stay as they are', async () => {
  const model = await readModel(await (await trained(await trainer(undefined, begin()))).save())
  for (const storage of ['f16', 'bf16'] as const) {
    const stored = storeWeights(model, storage)
    const plain = await encodeModel({ ...stored, tensors: inFloats(stored.tensors) })
    for (const cacheFeatures of [false, true]) {
      const options = begin({ graph: undefined!, train: ['fc1.*'], cacheFeatures })
      const found = await (await trained(await trainer(await encodeModel(stored), options))).model().tensors
      const wanted = await (await trained(await trainer(plain, options))).model().tensors
      for (const [name, tensor] of stored.tensors)
        assert.equal(found.get(name), name.startsWith('fc1') ? wanted.get(name) : tensor, name)
    }
  }
})

test('a file by whatever way it comes', async () => {
  const file = await (await trained(await trainer(undefined, begin()))).save()
  const path = join(mkdtempSync(join(tmpdir(), 'convlet-')), 'small.safetensors')
  writeFileSync(path, file)
  const loaded: number[] = []
  for (const source of [path, file.slice().buffer, new Blob([file as BlobPart]), new Response(file as BodyInit)]) {
    const onProgress = (progress: { loaded: number }) => loaded.push(progress.loaded)
    const t = await trainer(source, begin({ graph: undefined!, onProgress }))
    same(await t.save(), file)
    assert.is(loaded.at(-1), file.length)
  }
  rmSync(dirname(path), { recursive: true })
  const signal = AbortSignal.abort()
  assert.is((await failure(() => trainer(new Blob([file as BlobPart]), begin({ signal })))).code, 'ABORTED')
})

test('exportOnnx, and back', async () => {
  const t = await trained(await trainer(undefined, begin()))
  const file = await convert(await t.exportOnnx())
  close(await scores(file, modules[0]!), t.predict(input), 'from ONNX')
  const { tensors } = await readModel(file)
  for (const [name, { data }] of t.model().tensors) assert.equal(Buffer.compare(tensors.get(name)!.data, data), 0, name)
})

test('a new head: other classes, by number and by name', async () => {
  const t = await trained(await trainer(undefined, begin()))
  const model = { ...t.model(), labels: ['a', 'b', 'c', 'd'], preprocess }
  const seven = await trainer(model, begin({ classes: 7 }))
  assert.is(seven.predict(input).length, 8 * 7)
  assert.is(seven.labels, undefined)
  assert.is(seven.model().labels, undefined)
  assert.equal(seven.model().preprocess, model.preprocess)
  assert.equal(seven.model().tensors.get('fc2.weight')!.shape, [7, 12])
  assert.is(Buffer.compare(seven.model().tensors.get('fc1.weight')!.data, model.tensors.get('fc1.weight')!.data), 0)
  seven.step({ input, labels: [0, 1, 2, 3, 4, 5, 6, 6] })
  const named = await trainer(model, begin({ classes: ['cat', 'dog'] }))
  assert.equal(named.labels, ['cat', 'dog'])
  const file = await named.save()
  const net = await load(file, modules[0])
  assert.equal(net.labels, ['cat', 'dog'])
  const kept = await trainer(model, begin())
  assert.equal((await readModel(await kept.save())).labels, ['a', 'b', 'c', 'd'])
  for (const classes of [0, -1, 2.5, [] as string[]]) {
    const { code, message } = await failure(() => trainer(model, begin({ classes })))
    assert.is(code, 'INPUT')
    assert.match(message, /classes must be a positive integer or names, is/)
  }
})

test('what the source does not have is in delta, trained or not', async () => {
  const source = (await trainer(undefined, begin())).model()
  const t = await trainer(source, begin({ classes: 7, train: ['fc1.*'] }))
  t.step({ input, labels: [0, 1, 2, 3, 4, 5, 6, 6] })
  const { tensors } = await readModel(await t.delta())
  assert.equal([...tensors.keys()].sort(), ['fc1.bias', 'fc1.weight', 'fc2.bias', 'fc2.weight'])
})

test('the image size of training is the one of the file', async () => {
  const net = new Builder('input', [1, 3, 32, 32])
  const map = net.globalAveragePool('pool', net.conv('conv', net.input, 3, 4, { kernel: 3 }))
  const graph = net.done({ logits: net.linear('fc', net.flatten('flatten', map), 4, 2) })
  const t = await trainer(undefined, begin({ graph, inputShape: [3, 8, 12] }))
  const loaded = await load(await t.save(), modules[0])
  assert.equal(loaded.inputs, { input: [1, 3, 8, 12] })
  const image = new Float32Array(3 * 8 * 12).map((_, i) => Math.sin(i))
  close(Object.values(loaded.run(image) as Record<string, Float32Array>)[0]!, t.predict(image), 'loaded')
})

test('the network of a file whose sizes do not fit the builder', async () => {
  const file = await (await trainer(undefined, begin())).save()
  const { tensors } = await readModel(file)
  const { code, message } = await failure(() => trainer({ tensors } as never, begin({ graph: small({ classes: 9 }) })))
  assert.is(code, 'SHAPE')
  assert.match(message, /fc2\.weight is 4×12, the network has 9×12/)
  const without = await failure(() => trainer(undefined, begin({ graph: undefined! })))
  assert.is(without.code, 'GRAPH')
  assert.match(
    without.message,
    /there is no graph to train; pass \{ graph \} from convlet\/models, or convert from ONNX/,
  )
})

test('the same seed gives the same bytes, another one others', async () => {
  const [a, b, c] = await Promise.all(
    [5, 5, 6].map(async seed => (await trained(await trainer(undefined, begin({ seed })))).save()),
  )
  same(a!, b!)
  assert.is.not(Buffer.compare(a!, c!), 0)
})

test.run()
