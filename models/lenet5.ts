import { Builder, type Network } from './builder.js'

/**
 * LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998) as it is taught today: full connections between the maps, tanh without the
 * paper's scaling, plain averages for subsampling, a linear classifier instead of radial basis functions.
 *
 * Input `input` 1×32×32, output `logits`, one per class.
 */
export const lenet5 = ({ classes = 10 }: { readonly classes?: number } = {}): Network => {
  const net = new Builder('input', [1, 1, 32, 32])
  let x = net.input
  x = net.conv('features.0', x, 1, 6, { kernel: 5 })
  x = net.tanh('features.1', x)
  x = net.averagePool('features.2', x, 2)
  x = net.conv('features.3', x, 6, 16, { kernel: 5 })
  x = net.tanh('features.4', x)
  x = net.averagePool('features.5', x, 2)
  x = net.conv('features.6', x, 16, 120, { kernel: 5 })
  x = net.tanh('features.7', x)
  x = net.flatten('flatten', x)
  x = net.linear('classifier.0', x, 120, 84)
  x = net.tanh('classifier.1', x)
  x = net.linear('classifier.2', x, 84, classes)
  return net.done({ logits: x })
}
