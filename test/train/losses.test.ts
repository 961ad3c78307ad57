// Ten steps of training, loss by loss, against PyTorch (test/golden/losses.py).
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { convert } from '../../converters/index.js'
import { resnetCifar } from '../../models/index.js'
import { trainer } from '../../ts/entry/train.js'
import { readModel } from '../../ts/file.js'
import { tensorOf } from '../../ts/train/weights.js'
import { adam, adamW, momentum, nesterov, type Optimizer } from '../../ts/train.js'
import type { Model, Shape } from '../../ts/types.js'
import { trainModules } from '../builds.js'
import { floats } from '../random.js'
import { size } from '../ref/tensor.js'

const test = suite('losses')

interface Golden {
  readonly network: string
  readonly optimizer: string
  /** Single precision, and double. */
  readonly losses: readonly number[]
  readonly exact: readonly number[]
  readonly statistics: Readonly<Record<string, readonly number[]>>
}
const goldens: readonly Golden[] = JSON.parse(readFileSync('test/golden/losses.json', 'utf8'))

const optimizers: Readonly<Record<string, Optimizer>> = {
  momentum: momentum({ lr: 0.01 }),
  nesterov: nesterov({ lr: 5e-4, weightDecay: 1e-4 }),
  adam: adam(),
  adamW: adamW({ lr: 3e-6 }),
}

/** What the script fills its tensors with. */
const formula = (name: string, shape: Shape, seed: number) => {
  const shift = name.endsWith('bn2.weight') ? 0.25 : /(weight|running_var)$/.test(name) ? 1 : 0
  const scaled = shape[1]
    ? (v: number) => (v * Math.sqrt(6 / (shape[1]! * (shape.length === 4 ? 9 : 1)))) / 2
    : (v: number) => v * 0.1 + shift
  return tensorOf(shape, Float32Array.from(floats(size(shape), seed), scaled))
}

const resnet20 = (): Model => {
  const { parameters, ...graph } = resnetCifar(20)
  const names = Object.keys(parameters).sort()
  return { graph, tensors: new Map(names.map((name, i) => [name, formula(name, parameters[name]!, 100 + i)])) }
}

const networks: Readonly<Record<string, readonly [shape: Shape, model: () => Promise<Model> | Model]>> = {
  lenet5: [[32, 1, 32, 32], async () => readModel(await convert(readFileSync('models/lenet5/lenet5.onnx')))],
  resnet20: [[8, 3, 32, 32], resnet20],
}

for (const build of trainModules)
  for (const { network, optimizer, losses, exact, statistics } of goldens)
    test(`${build.build}: ${network} by ${optimizer}`, async () => {
      const [shape, model] = networks[network]!
      const t = await trainer(await model(), { ...build, batch: shape[0]!, optimizer: optimizers[optimizer]! })
      for (const [step, wanted] of losses.entries()) {
        const input = Float32Array.from(floats(size(shape), 1000 + step))
        const { loss } = t.step({ input, labels: Array.from({ length: shape[0]! }, (_, i) => (7 * i + step) % 10) })
        const [off, own] = [exact[step]!, wanted].map(v => Math.abs(loss - v) / v)
        assert.ok(
          own! <= 1e-5,
          `step ${step + 1}: the loss is ${loss}, PyTorch's ${wanted}, in double precision ${exact[step]}`,
        )
        assert.ok(off! <= 1e-5, `step ${step + 1}: the loss is ${loss}, in double precision ${exact[step]}`)
      }
      const { tensors } = t.model()
      for (const [name, wanted] of Object.entries(statistics)) {
        const got = new Float32Array(tensors.get(name)!.data.slice().buffer)
        const most = Math.max(...wanted.map(Math.abs))
        for (const [i, v] of got.entries())
          assert.ok(
            Math.abs(v - wanted[i]!) <= 1e-5 * most,
            `${name} ${i}: ${v}, should be ${wanted[i]} (most ${most})`,
          )
      }
      t.dispose()
    })

test.run()
