// Teaches a network that reads digits to tell even ones from odd ones.
import { writeFile } from 'node:fs/promises'
import { batches, momentum, oneCycle, shift, trainer } from 'convlet/train'
import sharp from 'sharp'

const pixels = digit => sharp(`models/lenet5/digits/${digit}.png`).toColourspace('b-w').raw().toBuffer()
const digits = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(pixels))

const data = batches(
  {
    data: Buffer.concat(digits),
    shape: [1, 28, 28],
    labels: digits.map((_, digit) => digit % 2),
    ...{ border: 2, mean: [0.1307], std: [0.3081] },
  },
  { batch: 10, augment: [shift(2)] },
)
const net = await trainer('build/lenet5.safetensors', {
  classes: ['even', 'odd'],
  train: ['classifier.*'],
  optimizer: momentum({ lr: 0.05, weightDecay: 1e-4 }),
  batch: 10,
})
for await (const { epoch, loss, accuracy } of net.fit(data, { epochs: 50, schedule: oneCycle() }))
  if (epoch % 10 === 0) console.log(`epoch ${epoch}  loss ${loss.toFixed(4)}  ${accuracy * 100} % right`)
await writeFile('build/parity.safetensors', await net.save())
net.dispose()
