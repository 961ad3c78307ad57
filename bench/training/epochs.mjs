import { lenet5 } from '../../dist/models.js'
import { batches, momentum, trainer } from '../../dist/train.js'
import { mnist } from '../lib/images.mjs'

/** Seconds of each of so many epochs of MNIST, 60,000 images, by `fit`; and how many of them only the data takes. */
export async function mnistEpochs({ builds, epochs }) {
  const lines = []
  for (const build of builds) {
    const data = batches(mnist('train'), { batch: 64 })
    const net = await trainer(undefined, { graph: lenet5(), optimizer: momentum({ lr: 0.02 }), batch: 64, build })
    for await (const { epoch, seconds, accuracy } of net.fit(data, { epochs })) {
      const begin = performance.now()
      for (const _ of data.epoch(epoch));
      const share = (performance.now() - begin) / 1000
      lines.push(
        `convlet ${build}, epoch ${epoch}: ${seconds.toFixed(2)} s, ${(accuracy * 100).toFixed(2)} % right; the data alone ${share.toFixed(2)} s`,
      )
    }
    net.dispose()
  }
  return lines.join('\n')
}
