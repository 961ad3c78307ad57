import { alexnet } from './alexnet.js'
import type { ClassifierOptions, Network } from './builder.js'
import { googlenet } from './googlenet.js'
import { lenet5 } from './lenet5.js'
import { mobilenetV2 } from './mobilenet.js'
import { resnet, resnetCifar } from './resnet.js'
import { squeezenet } from './squeezenet.js'
import { vgg } from './vgg.js'

/** Builders by the names of their networks, which are torchvision's where it has them; ResNet-20 to 110 are those for CIFAR-10. */
export const networks: Readonly<Record<string, (options?: ClassifierOptions) => Network>> = {
  alexnet,
  alexnet_original: options => alexnet({ ...options, original: true }),
  googlenet,
  googlenet_aux: options => googlenet({ ...options, aux: true }),
  lenet5,
  mobilenet_v2: mobilenetV2,
  resnet18: options => resnet(18, options),
  resnet20: options => resnetCifar(20, options),
  resnet32: options => resnetCifar(32, options),
  resnet34: options => resnet(34, options),
  resnet44: options => resnetCifar(44, options),
  resnet50: options => resnet(50, options),
  resnet56: options => resnetCifar(56, options),
  resnet101: options => resnet(101, options),
  resnet110: options => resnetCifar(110, options),
  resnet152: options => resnet(152, options),
  squeezenet1_0: options => squeezenet({ ...options, version: '1.0' }),
  squeezenet1_1: squeezenet,
  vgg11: options => vgg(11, options),
  vgg11_bn: options => vgg(11, { ...options, batchNorm: true }),
  vgg13: options => vgg(13, options),
  vgg13_bn: options => vgg(13, { ...options, batchNorm: true }),
  vgg16: options => vgg(16, options),
  vgg16_bn: options => vgg(16, { ...options, batchNorm: true }),
  vgg19: options => vgg(19, options),
  vgg19_bn: options => vgg(19, { ...options, batchNorm: true }),
}
