import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { processor } from './processor.mjs'

/** tfjs with its gradients, which the file that it gives to Node leaves out. */
async function bundled() {
  const folder = new URL('../', import.meta.url)
  const outfile = fileURLToPath(new URL('../build/bench/tfjs.cjs', folder))
  const contents = `
    import '@tensorflow/tfjs-backend-cpu'
    import '@tensorflow/tfjs-core/dist/register_all_gradients.js'
    export * from '@tensorflow/tfjs-core'`
  await build({
    stdin: { contents, resolveDir: fileURLToPath(folder) },
    ...{ outfile, bundle: true, format: 'cjs', platform: 'node', mainFields: ['module', 'main'], logLevel: 'error' },
  })
  return (await import(outfile)).default
}

/** LeNet-5 of tfjs's own operators, in the order of numbers that it likes best (NHWC). */
function lenet5(tf) {
  const weights = [
    ...[[5, 5, 1, 6], [6], [5, 5, 6, 16], [16], [5, 5, 16, 120], [120]],
    ...[[120, 84], [84], [84, 10], [10]],
  ].map(shape => tf.variable(tf.randomNormal(shape, 0, 0.1)))
  const conv = (x, i) => tf.tanh(tf.add(tf.conv2d(x, weights[i], 1, 'valid'), weights[i + 1]))
  const pool = x => tf.avgPool(x, 2, 2, 'valid')
  const linear = (x, i) => tf.add(tf.matMul(x, weights[i]), weights[i + 1])
  const scores = images => {
    const features = conv(pool(conv(pool(conv(images, 0)), 2)), 4)
    return linear(tf.tanh(linear(tf.reshape(features, [-1, 120]), 6)), 8)
  }
  return { weights, scores }
}

/** Training steps of tfjs with its cpu backend: the only one without a GPU that has all the gradients. */
export async function create({ network, batch, size }) {
  if (network !== 'lenet5') throw new Error('tfjs-cpu is measured with LeNet-5 only')
  const tf = await bundled()
  await tf.setBackend('cpu')
  await tf.ready()
  const { weights, scores } = lenet5(tf)
  const images = tf.randomNormal([batch, size, size, 1])
  const labels = tf.oneHot(
    Array.from({ length: batch }, (_, i) => i % 10),
    10,
  )
  const optimizer = tf.train.momentum(1e-3, 0.9)
  return {
    version: tf.version_core,
    block: runs =>
      processor(() => {
        for (let i = 0; i < runs; i++)
          tf.tidy(() =>
            optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, scores(images)), true, weights).dataSync(),
          )
      }),
    dispose: () => tf.disposeVariables(),
  }
}
