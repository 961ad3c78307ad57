// Trains the LeNet-5 of this folder on MNIST and writes lenet5.onnx. See README.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { lenet5 } from 'convlet/models'
import { adam, batches, oneCycle, shift, trainer, xavier } from 'convlet/train'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const { preprocess } = JSON.parse(readFileSync(here('lenet5.json'), 'utf8'))
const { border, mean, std } = preprocess
const [folder = '../shared/datasets/mnist', out = here('lenet5.onnx')] = process.argv.slice(2)

const read = name => gunzipSync(readFileSync(`${folder}/${name}.gz`))
const images = part => ({
  data: read(`${part}-images-idx3-ubyte`).subarray(16),
  shape: [1, 28, 28],
  labels: read(`${part}-labels-idx1-ubyte`).subarray(8),
  ...{ border, mean, std },
})

const net = await trainer(undefined, {
  graph: lenet5(),
  optimizer: adam({ lr: 3e-3 }),
  initialiser: xavier(),
  batch: 64,
  seed: 1,
})
const course = net.fit(batches(images('train'), { batch: 64, seed: 1, augment: [shift(2)] }), {
  epochs: 15,
  schedule: oneCycle(),
  validation: batches(images('t10k'), { batch: 64, shuffle: false }),
})
for await (const { epoch, loss, accuracy, validation, seconds } of course)
  console.log(
    `epoch ${epoch}  loss ${loss.toFixed(4)}  train ${(accuracy * 100).toFixed(2)} %  test loss ${validation.loss.toFixed(4)}` +
      `  test ${(validation.accuracy * 100).toFixed(2)} %  ${seconds.toFixed(1)} s`,
  )
writeFileSync(out, await net.exportOnnx())
