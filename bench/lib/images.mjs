// Data sets of the data folder beside the checkout, as `batches` of convlet/train takes them.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('../../../shared/datasets/', import.meta.url))

const read = name => {
  try {
    return gunzipSync(readFileSync(`${root}${name}.gz`))
  } catch (error) {
    throw new Error(`the data set is not to be read: ${error.message}`)
  }
}

/** CIFAR's binary layout: per image a byte with the label and three planes of 32×32. */
export const cifar = name => {
  const bytes = read(`cifar10/${name}.bin`)
  const count = bytes.length / 3073
  const data = new Uint8Array(count * 3072)
  for (let i = 0; i < count; i++) data.set(bytes.subarray(i * 3073 + 1, (i + 1) * 3073), i * 3072)
  return {
    data,
    shape: [3, 32, 32],
    labels: Uint8Array.from({ length: count }, (_, i) => bytes[i * 3073]),
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
  }
}

/** MNIST's idx files, `train` or `t10k`, as LeNet-5 wants them: bordered by two black pixels. */
export const mnist = part => ({
  data: read(`mnist/${part}-images-idx3-ubyte`).subarray(16),
  shape: [1, 28, 28],
  labels: read(`mnist/${part}-labels-idx1-ubyte`).subarray(8),
  border: 2,
  mean: [0.1307],
  std: [0.3081],
})
