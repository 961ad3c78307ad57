import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../converters/index.js'
import { lenet5 } from '../models/index.js'
import { load } from '../ts/entry/node.js'
import { encodeModel, readModel } from '../ts/file.js'
import { modules } from './builds.js'
import { shared, testWithShared } from './shared.js'

const test = suite('lenet5')
const meta = JSON.parse(readFileSync('models/lenet5/lenet5.json', 'utf8'))
const file = await convert(readFileSync('models/lenet5/lenet5.onnx'), meta)

const floats = (path: string): Float32Array => new Float32Array(new Uint8Array(readFileSync(path)).buffer)

const digit = async (d: number) => {
  const { data, info } = await sharp(`models/lenet5/digits/${d}.png`)
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/** Images of an idx file as the network's inputs: bordered by 2 black pixels, normalised. */
const mnist = (count: number): Float32Array => {
  const pixels = gunzipSync(readFileSync(shared('datasets/mnist/t10k-images-idx3-ubyte.gz'))).subarray(16)
  const [mean, std] = [meta.preprocess.mean[0], meta.preprocess.std[0]]
  const inputs = new Float32Array(count * 32 * 32).fill((0 - mean) / std)
  for (let n = 0; n < count; n++)
    for (let y = 0; y < 28; y++)
      for (let x = 0; x < 28; x++)
        inputs[(n * 32 + y + 2) * 32 + x + 2] = (pixels[(n * 28 + y) * 28 + x]! / 255 - mean) / std
  return inputs
}

const largest = (values: Float32Array): number => values.indexOf(Math.max(...values))

const closeTo = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number) => {
  assert.is(found.length, wanted.length)
  for (let i = 0; i < wanted.length; i++)
    assert.ok(Math.abs(found[i]! - wanted[i]!) <= tolerance, `logit ${i}: ${found[i]}, PyTorch ${wanted[i]}`)
}

for (const { build, wasm } of modules) {
  test(`${build}: the drawn digits give PyTorch's logits`, async () => {
    const golden: number[][] = JSON.parse(readFileSync('test/golden/lenet5_digits.json', 'utf8')).logits
    const net = await load(file, { build, wasm })
    for (const [d, wanted] of golden.entries()) {
      const [best] = net.classify(await digit(d))
      assert.is(best!.label, String(d))
      assert.ok(best!.probability > 0.99)
      // classify has left the scores in place.
      const top = Math.max(...wanted)
      const sum = wanted.reduce((total, logit) => total + Math.exp(logit - top), 0)
      for (const { index, probability } of net.classify(await digit(d), { top: 10 }))
        assert.ok(Math.abs(probability - Math.exp(wanted[index]! - top) / sum) < 1e-5)
    }
  })

  testWithShared(
    test,
    `${build}: the first 64 MNIST images give PyTorch's logits`,
    ['datasets/mnist/t10k-images-idx3-ubyte.gz'],
    async () => {
      const wanted = floats('test/golden/lenet5_mnist64.f32')
      const inputs = mnist(64)
      const net = await load(file, { build, wasm, batch: 64 })
      closeTo(net.run(inputs).logits!, wanted, 1e-4)
      // Fewer images than planned, and one at a time, must agree with the whole batch.
      closeTo(net.run(inputs.subarray(0, 7 * 1024)).logits!, wanted.subarray(0, 70), 1e-4)
      closeTo(net.run(inputs.subarray(0, 1024)).logits!, wanted.subarray(0, 10), 1e-4)
    },
  )

  testWithShared(
    test,
    `${build}: 9926 of the 10,000 MNIST test images are right, as PyTorch finds them, ± 2`,
    ['datasets/mnist/t10k-images-idx3-ubyte.gz', 'datasets/mnist/t10k-labels-idx1-ubyte.gz'],
    async () => {
      const labels = gunzipSync(readFileSync(shared('datasets/mnist/t10k-labels-idx1-ubyte.gz'))).subarray(8)
      const inputs = mnist(10000)
      const net = await load(file, { build, wasm, batch: 100 })
      let right = 0
      for (let n = 0; n < 10000; n += 100) {
        const { logits } = net.run(inputs.subarray(n * 1024, (n + 100) * 1024))
        for (let i = 0; i < 100; i++) if (largest(logits!.slice(i * 10, i * 10 + 10)) === labels[n + i]) right++
      }
      assert.ok(Math.abs(right - 9926) <= 2, `${right} right`)
    },
  )

  const trainedElsewhere = ['models/lenet5-mnist.onnx', 'models/lenet5-mnist.first64.logits.f32'] as const
  testWithShared(
    test,
    `${build}: a LeNet-5 that PyTorch trained and exported gives its logits`,
    [...trainedElsewhere, 'datasets/mnist/t10k-images-idx3-ubyte.gz'],
    async () => {
      const [onnx, logits] = trainedElsewhere.map(shared) as [string, string]
      const net = await load(await convert(readFileSync(onnx)), { build, wasm, batch: 64 })
      closeTo(net.run(mnist(64)).logits!, floats(logits), 1e-4)
    },
  )

  const sets = [0, 1, 2].map(set => `models/mnist-8.test_data/test_data_set_${set}`)
  testWithShared(
    test,
    `${build}: mnist-8.onnx gives its recorded outputs`,
    ['models/mnist-8.onnx', ...sets],
    async () => {
      const net = await load(await convert(readFileSync(shared('models/mnist-8.onnx'))), { build, wasm })
      for (const set of sets) {
        const [input, output] = ['input_0.pb', 'output_0.pb'].map(name => {
          // The tensor's raw data, the last field of these TensorProto files, is the end of the file.
          const bytes = readFileSync(shared(`${set}/${name}`))
          const length = name === 'input_0.pb' ? 784 : 10
          return new Float32Array(new Uint8Array(bytes.subarray(bytes.length - length * 4)).buffer)
        })
        const found = net.run(input!)[Object.keys(net.outputs)[0]!]!
        assert.is(found.length, 10)
        // Scores of up to some thousands, from pixels of 0 to 255.
        const scale = Math.max(...output!.map(Math.abs))
        closeTo(found, output!, scale * 1e-5)
        assert.is(largest(found.slice()), largest(output!))
      }
    },
  )
}

test('lenet5() is the network of the ONNX file', async () => {
  const { tensors } = await readModel(file)
  const network = lenet5()
  assert.equal(
    Object.fromEntries(Array.from(tensors, ([name, { shape }]) => [name, [...shape]])),
    Object.fromEntries(Object.entries(network.parameters).map(([name, shape]) => [name, [...shape]])),
  )
  const plain = await load(await encodeModel({ tensors }), { graph: network, ...modules[0]! })
  const own = await load(file, modules[0]!)
  const input = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i))
  assert.equal(plain.run(input).logits, own.run(input).logits)
  assert.equal(lenet5({ classes: 3 }).parameters['classifier.2.weight'], [3, 84])
})

test('memory: the parts add up to whole pages of the actual memory', async () => {
  const { memory } = await load(file, modules[0]!)
  const { static: reserved, weights, arena, total } = memory
  assert.ok(reserved + weights + arena <= total && total - (reserved + weights + arena) < 65536)
  assert.is(total % 65536, 0)
})

test('a disposed network says so', async () => {
  const net = await load(file, modules[0]!)
  net.dispose()
  assert.throws(() => net.run(new Float32Array(1024)), /disposed/)
})

for (const [what, input, fact] of [
  ['too few numbers', new Float32Array(1000), /1024.*1000/],
  ['more images than planned', new Float32Array(2048), /1024.*2048/],
  ['no numbers', new Float32Array(0), /1024.*got 0/],
  ['another name', { image: new Float32Array(1024) }, /"input"/],
  ['a plain array', { input: Array(1024).fill(0) }, /Float32Array/],
] as const)
  test(`run refuses ${what}`, async () => {
    const net = await load(file, modules[0]!)
    assert.throws(
      () => net.run(input as Float32Array),
      (error: Error) => error.name === 'ConvletError' && fact.test(error.message),
    )
  })

test('load refuses more memory than allowed', async () => {
  try {
    await load(file, { ...modules[0]!, memoryLimit: 100_000 })
  } catch (error) {
    assert.match((error as Error).message, /327680.*100000/)
    return
  }
  assert.unreachable()
})

test('load tells its progress and stops when aborted', async () => {
  const seen: number[] = []
  await load(new Blob([file as Uint8Array<ArrayBuffer>]), {
    ...modules[0]!,
    onProgress: ({ loaded }) => seen.push(loaded),
  })
  assert.is(seen.at(-1), file.length)
  const stop = new AbortController()
  let count = 0
  const slow = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(file.slice(count * 1000, ++count * 1000))
      if (count === 20) stop.abort()
    },
  })
  try {
    await load(slow, { ...modules[0]!, signal: stop.signal })
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ABORTED')
    assert.ok(count < 40, 'the stream was read on after the abort')
    return
  }
  assert.unreachable()
})

test('weights arrive whole whatever the pieces of the stream', async () => {
  const input = Float32Array.from({ length: 1024 }, (_, i) => Math.cos(i))
  const wanted = (await load(file, modules[0]!)).run(input).logits!.slice()
  for (const piece of [1, 7, 4096, 100_003]) {
    let at = 0
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= file.length) controller.close()
        else controller.enqueue(file.slice(at, (at += piece)))
      },
    })
    assert.equal((await load(stream, modules[0]!)).run(input).logits, wanted)
  }
})

test.run()
