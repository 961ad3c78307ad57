import { lenet5, networks } from '../../dist/models.js'
import { batches, momentum, trainer } from '../../dist/train.js'
import { mnist } from '../lib/images.mjs'
import { figure, table } from '../lib/table.mjs'

/** Seconds that pass, and seconds of the processor's time, which are fewer where other programs run. */
async function clock(work) {
  const [begin, before] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, seconds: (performance.now() - begin) / 1e3, processor: (user + system) / 1e6 }
}

/** Each of so many epochs of MNIST, 60,000 images, by `fit`; and how much of it is only the data. */
export async function mnistEpochs({ builds, epochs }) {
  const rows = []
  for (const build of builds) {
    const data = batches(mnist('train'), { batch: 64 })
    const net = await trainer(undefined, { graph: lenet5(), optimizer: momentum({ lr: 0.02 }), batch: 64, build })
    const course = net.fit(data, { epochs })
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const { result, seconds, processor } = await clock(() => course.next())
      const alone = await clock(() => {
        for (const { input } of data.epoch(epoch)) if (!input.length) throw new Error('no images')
      })
      rows.push([
        `convlet ${build}, epoch ${epoch}`,
        ...[seconds, processor, alone.processor].map(s => s.toFixed(2)),
        `${(result.value.accuracy * 100).toFixed(2)} %`,
      ])
    }
    net.dispose()
  }
  return table(['', 's', 's of processor', 'of that the data', 'right'], rows)
}

/** What is trained of a network whose rest is frozen: its last layer. */
const heads = { squeezenet1_1: ['classifier.1.*'], resnet18: ['fc.*'] }

const IMAGES = 64

/** Seconds of processor time of epochs of a new classifier for ten classes on a frozen network, with its features kept and without. */
export async function featureEpochs({ builds, epochs }) {
  const build = builds.at(-1)
  const shape = [3, 224, 224]
  const data = Uint8Array.from({ length: IMAGES * shape.reduce((a, b) => a * b) }, (_, i) => (i * i) >> 3)
  const labels = Uint8Array.from({ length: IMAGES }, (_, i) => i % 10)
  const rows = []
  for (const [name, train] of Object.entries(heads)) {
    const options = { graph: networks[name](), classes: 10, train, optimizer: momentum({ lr: 1e-3 }), batch: 16, build }
    const times = {}
    for (const cacheFeatures of [true, false]) {
      const net = await trainer(undefined, { ...options, cacheFeatures })
      const course = net.fit(batches({ data, shape, labels }, { batch: 16 }), { epochs: epochs + 1 })
      const all = []
      for (let epoch = 0; epoch <= epochs; epoch++) all.push((await clock(() => course.next())).processor)
      times[cacheFeatures] = { first: all[0], best: Math.min(...all.slice(1)) }
      net.dispose()
    }
    const [kept, without] = [times.true, times.false]
    rows.push([
      `${name}, ${train.join(' ')}`,
      ...[without.best, kept.first, kept.best].map(figure),
      (without.best / kept.best).toFixed(0),
    ])
  }
  return table([`${build}, ${IMAGES} images`, 's without', 's first, kept', 's later, kept', 'times as fast'], rows)
}
