// The plan of every network's memory, from its shapes alone: sound, honest about lifetimes, and hardly more than what must be.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { networks } from '../../models/index.js'
import { compile } from '../../ts/compile.js'
import { load } from '../../ts/entry/node.js'
import { RESIDUAL } from '../../ts/ops/panels.js'
import { place } from '../../ts/plan.js'
import { type Block, trace } from '../../ts/trace.js'
import type { TensorInfo } from '../../ts/types.js'
import { modules } from '../builds.js'
import { seeded, size, stateDict } from './make.js'

const test = suite('memory of the networks')

/** Compiles a network without a byte of weights, and plans once more to look at the blocks. */
const plan = async (name: string, batch: number) => {
  const network = networks[name]!({})
  const tensors = new Map<string, TensorInfo>(
    Object.entries(network.parameters).map(([name, shape]) => [name, { dtype: 'F32', shape, begin: 0, end: 0 }]),
  )
  const program = await compile({ tensors, dataBegin: 0, dataLength: 0 }, { graph: network, batch })
  const traced = trace(program.graph, tensors, false, program.ops)
  const arena = place(new Set(traced.blocks.values()), 0)
  return { ...program, tensors, traced, arena }
}

const whole = (block: Block): Block => (block.whole ? whole(block.whole) : block)

for (const name of Object.keys(networks))
  for (const batch of [1, 8])
    test(`${name}, batch ${batch}`, async () => {
      const { graph, tensors, traced, arena, memory } = await plan(name, batch)
      const { nodes } = graph
      const end = nodes.length
      const makers = new Map(nodes.flatMap(({ outputs }, step) => outputs.map(output => [output, step] as const)))

      // When each block must be there: from its first value's maker to its last value's last reader.
      const lives = new Map<Block, [first: number, last: number]>()
      for (const [key, block] of traced.blocks) {
        const value = typeof key === 'string'
        const readers = nodes.flatMap(({ inputs }, step) => (value && inputs.includes(key) ? [step] : []))
        const scratch = Number(key) < 0 ? end : Math.floor(Number(key) / 16)
        const first = value ? (makers.get(key) ?? -1) : scratch
        const last = value ? (graph.outputs.includes(key) ? end : Math.max(first, ...readers)) : scratch
        if (value) assert.ok(block.bytes >= size(traced.shape(key)) * 4, key)
        const [from, to] = lives.get(whole(block)) ?? [first, last]
        lives.set(whole(block), [Math.min(first, from), Math.max(last, to)])
      }
      const blocks = [...lives.keys()]
      for (const [{ first, last }, life] of lives) assert.equal([first, last], life)

      // Nothing lies where something else is alive, or beyond the end.
      for (const [i, a] of blocks.entries()) {
        assert.ok(a.at % 64 === 0 && a.at + a.bytes <= arena)
        for (const b of blocks.slice(i + 1))
          if (a.first <= b.last && b.first <= a.last) assert.ok(a.at + a.bytes <= b.at || b.at + b.bytes <= a.at)
      }

      // No plan of these blocks can do with less than what is alive at once, and weights are packed by way of the arena.
      let least = 0
      for (let step = -1; step <= end; step++) {
        const alive = blocks.filter(({ first, last }) => first <= step && step <= last)
        least = Math.max(
          least,
          alive.reduce((sum, { bytes }) => sum + bytes, 0),
        )
      }
      for (const [tensor, forms] of traced.packed)
        for (const { rows } of forms) least = Math.max(least, (size(tensors.get(tensor)!.shape) / rows) * 4)
      assert.ok(memory.arena >= least && memory.arena <= 1.15 * least, `${memory.arena} bytes, at least ${least}`)
    })

test('a residual is added where it lies if nobody reads it later', async () => {
  for (const [name, most] of [
    ['resnet18', 8],
    ['resnet50', 16],
    ['resnet20', 9],
    ['mobilenet_v2', 10],
  ] as const) {
    const { graph, traced } = await plan(name, 1)
    const sums = graph.nodes.filter(({ inputs }) => inputs[RESIDUAL])
    assert.is(sums.length, most, name)
    for (const { inputs, outputs } of sums)
      assert.is(traced.blocks.get(inputs[RESIDUAL]!), traced.blocks.get(outputs[0]!), `${name} ${outputs}`)
  }
})

test('the input gives way after its last reader', async () => {
  const { traced, inputs } = await plan('resnet18', 1)
  assert.is(traced.blocks.get(inputs[0]!.name)!.last, 0)
})

test('ResNet-18 runs one image in its weights and 12 MB', async () => {
  const { memory } = await plan('resnet18', 1)
  const weights = Object.values(networks.resnet18!().parameters).reduce((sum, shape) => sum + size(shape) * 4, 0)
  assert.ok(memory.total <= weights + 12e6, `${memory.total} bytes, ${weights} of weights`)
})

for (const name of ['lenet5', 'resnet20', 'squeezenet1_1'])
  for (const batch of [1, 3])
    test(`${name}, batch ${batch}, loaded: the memory has the bytes that were told`, async () => {
      const network = networks[name]!({})
      const net = await load(await stateDict(seeded(network)), { graph: network, batch, ...modules[0] })
      const { memory } = await plan(name, batch)
      const [input] = Object.values(net.inputs)
      const [output] = Object.values(net.run(new Float32Array(size(input!))))
      assert.is(output!.buffer.byteLength, net.memory.total)
      assert.equal(net.memory, memory)
      assert.is(net.memory.total, Math.ceil((memory.static + memory.weights + memory.arena) / 65536) * 65536)
      net.dispose()
    })

test.run()
