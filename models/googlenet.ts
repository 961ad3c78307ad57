import { Builder, type ClassifierOptions, type Network, type Value } from './builder.js'

// Channels of the branches: 1×1; 3×3, squeezed first; 5×5, squeezed first; behind the pool. Table 1 of the paper.
const modules = {
  inception3a: [64, 96, 128, 16, 32, 32],
  inception3b: [128, 128, 192, 32, 96, 64],
  inception4a: [192, 96, 208, 16, 48, 64],
  inception4b: [160, 112, 224, 24, 64, 64],
  inception4c: [128, 128, 256, 24, 64, 64],
  inception4d: [112, 144, 288, 32, 64, 64],
  inception4e: [256, 160, 320, 32, 128, 128],
  inception5a: [256, 160, 320, 32, 128, 128],
  inception5b: [384, 192, 384, 48, 128, 128],
} as const

/** Convolution without bias, batch norm, ReLU. */
const convolve = (net: Builder, name: string, x: Value, from: number, to: number, kernel = 1, stride = 1): Value => {
  const y = net.conv(`${name}.conv`, x, from, to, { kernel, stride, pad: (kernel - 1) / 2, bias: false })
  return net.relu(`${name}.relu`, net.batchNorm(`${name}.bn`, y, to, 0.001))
}

const inception = (net: Builder, name: keyof typeof modules, x: Value, from: number): Value => {
  const [one, threeIn, three, fiveIn, five, pooled] = modules[name]
  const branch = (i: number) => `${name}.branch${i}`
  const pool = net.maxPool(`${branch(4)}.0`, x, 3, { stride: 1, pad: 1, ceil: true })
  const squeezed3 = convolve(net, `${branch(2)}.0`, x, from, threeIn)
  const squeezed5 = convolve(net, `${branch(3)}.0`, x, from, fiveIn)
  return net.concat(`${name}.concat`, [
    convolve(net, branch(1), x, from, one),
    convolve(net, `${branch(2)}.1`, squeezed3, threeIn, three, 3),
    // 5×5 in the paper; torchvision's weights are of 3×3, as were TensorFlow's, which they come from.
    convolve(net, `${branch(3)}.1`, squeezed5, fiveIn, five, 3),
    convolve(net, `${branch(4)}.1`, pool, from, pooled),
  ])
}

/**
 * PyTorch's AdaptiveAvgPool2d(4) of a 14×14 map: windows of 4 that begin at 0, 3, 7 and 10, for which no pool has a stride.
 * So all windows of 4, and of those the rows and columns that are wanted.
 */
const averageTo4 = (net: Builder, name: string, x: Value): Value => {
  const pick = (from: Value, axis: number) => {
    const pair = (start: number) =>
      net.node('Slice', `${name}.axis${axis}from${start}`, [from], {
        starts: [start],
        ends: [start + 4],
        axes: [axis],
        steps: [3],
      })
    return net.node('Concat', `${name}.axis${axis}`, [pair(0), pair(7)], { axis })
  }
  return pick(pick(net.averagePool(name, x, 4, 1), 2), 3)
}

const auxiliary = (net: Builder, name: string, x: Value, from: number, classes: number): Value => {
  let y = averageTo4(net, `${name}.pool`, x)
  y = convolve(net, `${name}.conv`, y, from, 128)
  y = net.flatten(`${name}.flatten`, y)
  y = net.linear(`${name}.fc1`, y, 128 * 4 * 4, 1024)
  y = net.relu(`${name}.relu`, y)
  y = net.dropout(`${name}.dropout`, y, 0.7)
  return net.linear(`${name}.fc2`, y, 1024, classes)
}

/**
 * GoogLeNet ("Going deeper with convolutions", Szegedy et al. 2014) in torchvision's form: batch normalisation (epsilon 0.001)
 * in the place of local response normalisation, pools that round up, torchvision's names. Its published weights want images
 * normalised to mean 0.5 and std 0.5 for every channel, what torchvision's `transform_input` makes of the usual ones.
 *
 * Input `input` 3×224×224 (or another size without `aux`), output `logits`, one per class. With `aux` there are the outputs
 * `aux1` and `aux2` as well, the classifiers at half way which training wants; they are nothing to an inference.
 */
export const googlenet = ({
  classes = 1000,
  aux = false,
}: ClassifierOptions & { readonly aux?: boolean } = {}): Network => {
  const net = new Builder('input', [1, 3, 224, 224])
  const pool = (name: string, x: Value, kernel = 3) => net.maxPool(name, x, kernel, { stride: 2, ceil: true })
  let x = convolve(net, 'conv1', net.input, 3, 64, 7, 2)
  x = pool('maxpool1', x)
  x = convolve(net, 'conv2', x, 64, 64)
  x = convolve(net, 'conv3', x, 64, 192, 3)
  x = pool('maxpool2', x)
  x = inception(net, 'inception3a', x, 192)
  x = inception(net, 'inception3b', x, 256)
  x = pool('maxpool3', x)
  x = inception(net, 'inception4a', x, 480)
  const aux1 = aux && auxiliary(net, 'aux1', x, 512, classes)
  x = inception(net, 'inception4b', x, 512)
  x = inception(net, 'inception4c', x, 512)
  x = inception(net, 'inception4d', x, 512)
  const aux2 = aux && auxiliary(net, 'aux2', x, 528, classes)
  x = inception(net, 'inception4e', x, 528)
  x = pool('maxpool4', x, 2)
  x = inception(net, 'inception5a', x, 832)
  x = inception(net, 'inception5b', x, 832)
  x = net.globalAveragePool('avgpool', x)
  x = net.flatten('flatten', x)
  x = net.dropout('dropout', x, 0.2)
  x = net.linear('fc', x, 1024, classes)
  if (aux1 && aux2) return net.done({ logits: x, aux1, aux2 })
  return { ...net.done({ logits: x }), leftOut: ['aux1.', 'aux2.'] }
}
