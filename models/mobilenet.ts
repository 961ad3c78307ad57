import { Builder, type ClassifierOptions, type Network, type Value } from './builder.js'

// Expansion, channels, blocks and stride of each stage: table 2 of the paper.
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/**
 * MobileNetV2 ("MobileNetV2: Inverted residuals and linear bottlenecks", Sandler et al. 2018), with torchvision's names.
 *
 * Input `input` 3×224×224 or another size, output `logits`, one per class.
 */
export const mobilenetV2 = ({ classes = 1000 }: ClassifierOptions = {}): Network => {
  const net = new Builder('input', [1, 3, 224, 224])
  /** Convolution, batch norm, ReLU6: `name`.0 to `name`.2. */
  const convolve = (name: string, x: Value, from: number, to: number, kernel: number, stride = 1, groups = 1) => {
    const y = net.conv(`${name}.0`, x, from, to, { kernel, stride, pad: (kernel - 1) / 2, groups, bias: false })
    return net.node('Clip', `${name}.2`, [net.batchNorm(`${name}.1`, y, to)], { min: 0, max: 6 })
  }
  let x = convolve('features.0', net.input, 3, 32, 3, 2)
  let from = 32
  let layer = 1
  for (const [expansion, channels, blocks, stageStride] of stages)
    for (let n = 0; n < blocks; n++, layer++) {
      const name = `features.${layer}`
      const stride = n === 0 ? stageStride : 1
      const inner = from * expansion
      let part = 0
      const next = () => `${name}.conv.${part++}`
      let y = x
      if (expansion !== 1) y = convolve(next(), y, from, inner, 1)
      y = convolve(next(), y, inner, inner, 3, stride, inner)
      y = net.conv(next(), y, inner, channels, { kernel: 1, bias: false })
      y = net.batchNorm(next(), y, channels)
      x = stride === 1 && from === channels ? net.add(`${name}.add`, x, y) : y
      from = channels
    }
  x = convolve(`features.${layer}`, x, from, 1280, 1)
  x = net.globalAveragePool('avgpool', x)
  x = net.flatten('flatten', x)
  x = net.dropout('classifier.0', x, 0.2)
  x = net.linear('classifier.1', x, 1280, classes)
  return net.done({ logits: x })
}
