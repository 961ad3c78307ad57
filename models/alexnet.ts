import { Builder, type ClassifierOptions, type Network, type Value } from './builder.js'

/**
 * AlexNet. By default torchvision's, the form of "One weird trick for parallelizing convolutional neural networks"
 * (Krizhevsky 2014): no normalisation, no groups, 61.1 M parameters, torchvision's names. Its AdaptiveAvgPool2d(6) is left
 * out: at 224×224 the map is 6×6 already. At a size that makes another map `classifier.1` does not fit, and loading says so.
 *
 * With `original` the network of "ImageNet classification with deep convolutional neural networks" (Krizhevsky, Sutskever,
 * Hinton 2012) on one device: two groups where the paper has two GPUs, local response normalisation, 61.0 M parameters.
 * Layers are named as the paper counts them: conv1 to conv5, fc6 to fc8, with relu1, norm1, pool1 and drop6 beside them.
 * The paper's formula does not divide alpha by the window of 5, so the LRN nodes have alpha 5 · 10⁻⁴; Caffe's copy of
 * the network has 10⁻⁴, and 1 where the paper has k = 2.
 *
 * Input `input` 3×224×224, of the original 3×227×227 (what its arithmetic needs; the paper says 224). Output `logits`, one per class.
 */
export const alexnet = ({
  classes = 1000,
  original = false,
}: ClassifierOptions & { readonly original?: boolean } = {}): Network =>
  original ? from2012(classes) : from2014(classes)

const from2014 = (classes: number): Network => {
  const net = new Builder('input', [1, 3, 224, 224])
  let x = net.input
  x = net.conv('features.0', x, 3, 64, { kernel: 11, stride: 4, pad: 2 })
  x = net.relu('features.1', x)
  x = net.maxPool('features.2', x, 3, { stride: 2 })
  x = net.conv('features.3', x, 64, 192, { kernel: 5, pad: 2 })
  x = net.relu('features.4', x)
  x = net.maxPool('features.5', x, 3, { stride: 2 })
  x = net.conv('features.6', x, 192, 384, { kernel: 3, pad: 1 })
  x = net.relu('features.7', x)
  x = net.conv('features.8', x, 384, 256, { kernel: 3, pad: 1 })
  x = net.relu('features.9', x)
  x = net.conv('features.10', x, 256, 256, { kernel: 3, pad: 1 })
  x = net.relu('features.11', x)
  x = net.maxPool('features.12', x, 3, { stride: 2 })
  x = net.flatten('flatten', x)
  x = net.dropout('classifier.0', x)
  x = net.linear('classifier.1', x, 256 * 6 * 6, 4096)
  x = net.relu('classifier.2', x)
  x = net.dropout('classifier.3', x)
  x = net.linear('classifier.4', x, 4096, 4096)
  x = net.relu('classifier.5', x)
  x = net.linear('classifier.6', x, 4096, classes)
  return net.done({ logits: x })
}

const from2012 = (classes: number): Network => {
  const net = new Builder('input', [1, 3, 227, 227])
  const normalise = (name: string, x: Value) => net.lrn(name, x, 5, { alpha: 5e-4, beta: 0.75, bias: 2 })
  let x = net.input
  x = net.conv('conv1', x, 3, 96, { kernel: 11, stride: 4 })
  x = net.relu('relu1', x)
  x = normalise('norm1', x)
  x = net.maxPool('pool1', x, 3, { stride: 2 })
  x = net.conv('conv2', x, 96, 256, { kernel: 5, pad: 2, groups: 2 })
  x = net.relu('relu2', x)
  x = normalise('norm2', x)
  x = net.maxPool('pool2', x, 3, { stride: 2 })
  x = net.conv('conv3', x, 256, 384, { kernel: 3, pad: 1 })
  x = net.relu('relu3', x)
  x = net.conv('conv4', x, 384, 384, { kernel: 3, pad: 1, groups: 2 })
  x = net.relu('relu4', x)
  x = net.conv('conv5', x, 384, 256, { kernel: 3, pad: 1, groups: 2 })
  x = net.relu('relu5', x)
  x = net.maxPool('pool5', x, 3, { stride: 2 })
  x = net.flatten('flatten', x)
  x = net.linear('fc6', x, 256 * 6 * 6, 4096)
  x = net.relu('relu6', x)
  x = net.dropout('drop6', x)
  x = net.linear('fc7', x, 4096, 4096)
  x = net.relu('relu7', x)
  x = net.dropout('drop7', x)
  x = net.linear('fc8', x, 4096, classes)
  return net.done({ logits: x })
}
