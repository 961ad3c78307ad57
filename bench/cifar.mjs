// ResNet-20 from nothing on CIFAR-10: the twin of cifar.py, which does the same in PyTorch.
import { resnetCifar } from '../dist/models.js'
import { batches, flip, momentum, oneCycle, shift, trainer } from '../dist/train.js'
import { count, parse } from './lib/args.mjs'
import { ensureRelaxed } from './lib/engine.mjs'
import { cifar } from './lib/images.mjs'
import { machine, machineLine } from './lib/machine.mjs'

const usage = `usage: node bench/cifar.mjs [options]

ResNet-20 on 10,000 images of CIFAR-10, tested on 2,000: SGD with momentum 0.9 and weight decay 5e-4 on everything, one cycle
up to the learning rate 0.1, images mirrored and moved by up to 4 pixels. Prints a line per epoch.

  --epochs N             (15)
  --batch N              (64)
  --seed N               of the weights, the order and the augmentation (1)
  --help                 this text`

const { epochs, batch, seed } = parse(
  usage,
  {
    epochs: { type: 'string', default: '15' },
    batch: { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
  },
  ({ epochs, batch, seed }) => ({
    epochs: count('epochs', epochs),
    batch: count('batch', batch),
    seed: count('seed', seed),
  }),
)
ensureRelaxed()
const train = batches(cifar('train-10000'), { batch, seed, augment: [flip(), shift(4)] })
const test = batches(cifar('test-2000'), { batch, shuffle: false })
const optimizer = momentum({ lr: 0.1, weightDecay: 5e-4 })
const net = await trainer(undefined, { graph: resnetCifar(20), optimizer, batch, seed })
const { total } = net.memory
console.log(`${machineLine(machine({ convlet: '..' }))} · ${net.build}, ${(total / 2 ** 20).toFixed(1)} MB`)
for await (const { epoch, loss, accuracy, validation, seconds } of net.fit(train, {
  epochs,
  validation: test,
  schedule: oneCycle(),
}))
  console.log(
    [`epoch ${epoch}`, `loss ${loss.toFixed(4)}`, `train ${(accuracy * 100).toFixed(2)} %`].join('  '),
    ` test loss ${validation.loss.toFixed(4)}  test ${(validation.accuracy * 100).toFixed(2)} %  ${seconds.toFixed(1)} s`,
  )
