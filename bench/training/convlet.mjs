import * as models from '../../dist/models.js'
import { momentum, trainer } from '../../dist/train.js'
import { processor } from './processor.mjs'

const graphs = {
  lenet5: () => models.lenet5(),
  resnet20: () => models.resnetCifar(20),
  resnet18: () => models.resnet(18),
}

/** Training steps of convlet: forward, backward, SGD with momentum. */
export async function create({ network, batch, size, train, build }) {
  const graph = graphs[network]()
  const [, channels] = graph.inputs[0].shape
  const optimizer = momentum({ lr: 1e-3 })
  const net = await trainer(undefined, { graph, optimizer, batch, inputShape: [channels, size, size], train, build })
  const input = Float32Array.from({ length: batch * channels * size * size }, (_, i) => Math.sin(i))
  const labels = Uint8Array.from({ length: batch }, (_, i) => i % 10)
  return {
    block: runs =>
      processor(() => {
        for (let i = 0; i < runs; i++) net.step({ input, labels })
      }),
    memory: net.memory.total,
    rss: () => process.resourceUsage().maxRSS * 1024,
    dispose: () => net.dispose(),
  }
}
