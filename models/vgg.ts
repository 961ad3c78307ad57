import { Builder, type ClassifierOptions, type Network } from './builder.js'

// Convolutions of each of the five stages: the paper's configurations A, B, D and E.
const depths = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
} as const

const stages = [64, 128, 256, 512, 512] as const

/**
 * VGG ("Very deep convolutional networks for large-scale image recognition", Simonyan, Zisserman 2014), with torchvision's
 * names and, if wanted, its batch normalisation. Its AdaptiveAvgPool2d(7) is left out: at 224×224 the map is 7×7 already.
 * At a size that makes another map `classifier.0` does not fit, and loading says so.
 *
 * Input `input` 3×224×224, output `logits`, one per class.
 */
export const vgg = (
  depth: keyof typeof depths,
  { classes = 1000, batchNorm = false }: ClassifierOptions & { readonly batchNorm?: boolean } = {},
): Network => {
  const net = new Builder('input', [1, 3, 224, 224])
  let x = net.input
  let from = 3
  let layer = 0
  const next = () => `features.${layer++}`
  for (const [i, channels] of stages.entries()) {
    for (let n = 0; n < depths[depth][i]!; n++) {
      x = net.conv(next(), x, from, channels, { kernel: 3, pad: 1 })
      if (batchNorm) x = net.batchNorm(next(), x, channels)
      x = net.relu(next(), x)
      from = channels
    }
    x = net.maxPool(next(), x, 2)
  }
  x = net.flatten('flatten', x)
  x = net.linear('classifier.0', x, 512 * 7 * 7, 4096)
  x = net.relu('classifier.1', x)
  x = net.dropout('classifier.2', x)
  x = net.linear('classifier.3', x, 4096, 4096)
  x = net.relu('classifier.4', x)
  x = net.dropout('classifier.5', x)
  x = net.linear('classifier.6', x, 4096, classes)
  return net.done({ logits: x })
}
