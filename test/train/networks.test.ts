// Every family of networks can be trained: an eighth of its width, at its own image size.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Network } from '../../models/builder.js'
import { networks } from '../../models/networks.js'
import { trainer } from '../../ts/entry/train.js'
import { readModel } from '../../ts/file.js'
import type { Initialiser } from '../../ts/train/api.js'
import { sgd } from '../../ts/train.js'
import type { Node, Shape } from '../../ts/types.js'
import { trainModules } from '../builds.js'
import { floats } from '../random.js'
import { same } from './nets.js'

const test = suite('networks')

/** Numbers of channels become an eighth, those of images and classes stay. */
const eighth = (shape: Shape): Shape => shape.map((d, i) => (i < 2 && d % 8 === 0 ? d / 8 : d))

const slim = (network: Network): Network => {
  const isDepthwise = ({ op, inputs, attrs }: Node) =>
    op === 'Conv' && Number(attrs.groups) > 1 && network.parameters[inputs[1]!]![1] === 1
  return {
    ...network,
    nodes: network.nodes.map(node =>
      isDepthwise(node) ? { ...node, attrs: { ...node.attrs, groups: Number(node.attrs.groups) / 8 } } : node,
    ),
    parameters: Object.fromEntries(Object.entries(network.parameters).map(([name, shape]) => [name, eighth(shape)])),
  }
}

/** Quick to make, and of He's variance. */
const initialiser: Initialiser = ({ shape, fanIn }) => {
  const bound = Math.sqrt(6 / fanIn)
  let state = 1
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (state * 16807) % 2147483647
    return (state / 1073741823.5 - 1) * bound
  })
}

// Of each family the forms that differ in their operators.
const chosen = {
  ...Object.fromEntries(
    ['alexnet', 'alexnet_original', 'googlenet', 'googlenet_aux', 'lenet5', 'mobilenet_v2', 'resnet18', 'resnet50'].map(
      name => [name, networks[name]!],
    ),
  ),
  ...Object.fromEntries(
    ['resnet20', 'squeezenet1_0', 'squeezenet1_1', 'vgg11', 'vgg11_bn'].map(name => [name, networks[name]!]),
  ),
}

for (const [i, [name, build]] of Object.entries(chosen).entries())
  test(name, async () => {
    const whole = build({ classes: 5 })
    const graph = /^(lenet5|resnet20)$/.test(name) ? whole : slim(whole)
    const options = { optimizer: sgd({ lr: 1 }), batch: 2, ...trainModules[i % trainModules.length]! }
    const t = await trainer(undefined, { ...options, graph, initialiser })
    const shape = Object.values(t.inputs)[0]!
    const input = Float32Array.from(
      floats(
        shape.reduce((a, b) => a * b, 1),
        7,
      ),
    )
    const before = t.model()
    const result = t.step({ input, labels: [1, 3] })
    assert.ok(Number.isFinite(result.loss) && result.loss > 0, `loss ${result.loss}`)
    assert.ok(result.gradientNorm! > 0)
    assert.is(result.count, 2)
    // Everything the builder names is trained, or follows along, and nothing else.
    const { tensors } = await readModel(await t.save())
    assert.equal([...tensors.keys()].sort(), Object.keys(graph.parameters).sort())
    for (const { name } of t.parameters)
      assert.ok(
        t.gradient(name).some(v => v !== 0),
        `${name} has no gradient`,
      )
    for (const [name, { data }] of tensors)
      assert.is.not(Buffer.compare(data, before.tensors.get(name)!.data), 0, `${name} did not change`)
    // Computed again, it is the same, in less memory.
    const again = await trainer(undefined, { ...options, graph, initialiser, recompute: true })
    assert.equal(again.step({ input, labels: [1, 3] }), result)
    same(await again.save(), await t.save())
    assert.ok(again.memory.arena < t.memory.arena, `${again.memory.arena} of ${t.memory.arena}`)
    t.dispose()
  })

test.run()
