import { Builder, type ClassifierOptions, type Network, type Value } from './builder.js'

// Blocks of each of the four stages.
const depths = {
  18: [2, 2, 2, 2],
  34: [3, 4, 6, 3],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
} as const

/** Two 3×3 convolutions. */
const basic = (net: Builder, name: string, x: Value, from: number, channels: number, stride: number): Value => {
  let y = net.conv(`${name}.conv1`, x, from, channels, { kernel: 3, stride, pad: 1, bias: false })
  y = net.batchNorm(`${name}.bn1`, y, channels)
  y = net.relu(`${name}.relu1`, y)
  y = net.conv(`${name}.conv2`, y, channels, channels, { kernel: 3, pad: 1, bias: false })
  return net.batchNorm(`${name}.bn2`, y, channels)
}

/** 1×1 down, 3×3, 1×1 up to four times the channels. The 3×3 strides, not the first 1×1 as in the paper: "v1.5". */
const bottleneck = (net: Builder, name: string, x: Value, from: number, channels: number, stride: number): Value => {
  let y = net.conv(`${name}.conv1`, x, from, channels, { kernel: 1, bias: false })
  y = net.batchNorm(`${name}.bn1`, y, channels)
  y = net.relu(`${name}.relu1`, y)
  y = net.conv(`${name}.conv2`, y, channels, channels, { kernel: 3, stride, pad: 1, bias: false })
  y = net.batchNorm(`${name}.bn2`, y, channels)
  y = net.relu(`${name}.relu2`, y)
  y = net.conv(`${name}.conv3`, y, channels, channels * 4, { kernel: 1, bias: false })
  return net.batchNorm(`${name}.bn3`, y, channels * 4)
}

/**
 * ResNet for ImageNet ("Deep residual learning for image recognition", He, Zhang, Ren, Sun 2015), with torchvision's names.
 *
 * Input `input` 3×224×224 or another size, output `logits`, one per class.
 */
export const resnet = (depth: keyof typeof depths, { classes = 1000 }: ClassifierOptions = {}): Network => {
  const [block, widening] = depth >= 50 ? [bottleneck, 4] : [basic, 1]
  const net = new Builder('input', [1, 3, 224, 224])
  let x = net.input
  x = net.conv('conv1', x, 3, 64, { kernel: 7, stride: 2, pad: 3, bias: false })
  x = net.batchNorm('bn1', x, 64)
  x = net.relu('relu', x)
  x = net.maxPool('maxpool', x, 3, { stride: 2, pad: 1 })
  let from = 64
  for (const [i, blocks] of depths[depth].entries()) {
    const channels = 64 * 2 ** i
    const out = channels * widening
    for (let n = 0; n < blocks; n++) {
      const name = `layer${i + 1}.${n}`
      const stride = i > 0 && n === 0 ? 2 : 1
      const y = block(net, name, x, from, channels, stride)
      if (stride > 1 || from !== out) {
        x = net.conv(`${name}.downsample.0`, x, from, out, { kernel: 1, stride, bias: false })
        x = net.batchNorm(`${name}.downsample.1`, x, out)
      }
      x = net.add(`${name}.add`, y, x)
      x = net.relu(`${name}.relu`, x)
      from = out
    }
  }
  x = net.globalAveragePool('avgpool', x)
  x = net.flatten('flatten', x)
  x = net.linear('fc', x, from, classes)
  return net.done({ logits: x })
}

/**
 * ResNet for CIFAR-10, section 4.2 of the same paper: three stages of 16, 32 and 64 channels, (depth − 2) / 6 blocks each.
 * Shortcuts are the paper's option A: every other pixel, and zeros for the channels that come anew, half in front and half
 * behind. Names are those of akamaster/pytorch_resnet_cifar10, whose published weights fit.
 *
 * Input `input` 3×32×32, output `logits`, one per class.
 */
export const resnetCifar = (depth: 20 | 32 | 44 | 56 | 110, { classes = 10 }: ClassifierOptions = {}): Network => {
  const net = new Builder('input', [1, 3, 32, 32])
  let x = net.input
  x = net.conv('conv1', x, 3, 16, { kernel: 3, pad: 1, bias: false })
  x = net.batchNorm('bn1', x, 16)
  x = net.relu('relu', x)
  let from = 16
  for (const [i, channels] of [16, 32, 64].entries())
    for (let n = 0; n < (depth - 2) / 6; n++) {
      const name = `layer${i + 1}.${n}`
      const y = basic(net, name, x, from, channels, from === channels ? 1 : 2)
      if (from !== channels) {
        const half = (channels - from) / 2
        const every2nd = { starts: [0, 0], ends: [MAX, MAX], axes: [2, 3], steps: [2, 2] }
        x = net.node('Slice', `${name}.shortcut.slice`, [x], every2nd)
        x = net.node('Pad', `${name}.shortcut.pad`, [x], { pads: [0, half, 0, 0, 0, half, 0, 0], value: 0 })
      }
      x = net.add(`${name}.add`, y, x)
      x = net.relu(`${name}.relu`, x)
      from = channels
    }
  x = net.globalAveragePool('avgpool', x)
  x = net.flatten('flatten', x)
  x = net.linear('linear', x, from, classes)
  return net.done({ logits: x })
}

// To the end, whatever the size.
const MAX = 2 ** 31 - 1
