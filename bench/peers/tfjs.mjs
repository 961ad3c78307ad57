import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import tf from '@tensorflow/tfjs-core'
import { fuse } from './tfjs/fuse.mjs'
import { ops } from './tfjs/ops.mjs'
import { toNchw, toNhwc } from './tfjs/tensors.mjs'

export const name = 'tfjs-wasm'

async function start() {
  if (tf.getBackend() === 'wasm') return
  // A path, in Node and in a page that is served with this folder's packages.
  setWasmPaths(
    decodeURIComponent(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname),
  )
  setThreadsCount(1)
  await tf.setBackend('wasm')
  await tf.ready()
  if (!tf.env().getBool('WASM_HAS_SIMD_SUPPORT')) throw new Error('tfjs runs without SIMD here')
}

/** The last step that reads each value, so that it can be given back there, as tfjs's own graph executor does. */
function lastUses(steps, outputs) {
  const last = new Map()
  for (const [i, { inputs }] of steps.entries()) for (const name of inputs) last.set(name, i)
  for (const name of outputs) last.delete(name)
  return steps.map((_, i) => [...last].flatMap(([name, at]) => (at === i ? [name] : [])))
}

/** What a node may ask of the place where it stands. */
function contextOf({ tensors }, { nodes, outputs }, traced, constants) {
  const readers = name => nodes.filter(({ inputs }) => inputs.includes(name))
  const flattensFreely = name => !outputs.includes(name) && readers(name).every(({ op }) => op === 'Gemm')
  return {
    model: { tensors },
    shape: name => traced.get(name)?.shape,
    flattensFreely,
    /** Shape of the map that was flattened into this value as it lies, in NHWC order. */
    mapBehind: name => {
      const maker = nodes.find(({ op, outputs: made }) => (op === 'Flatten' || op === 'Reshape') && made[0] === name)
      const from = maker && traced.get(maker.inputs[0]).shape
      return from?.length === 4 && traced.get(name).shape.length === 2 && flattensFreely(name) ? from : undefined
    },
    constant: ({ data, shape }) => {
      const tensor = tf.keep(tf.tensor(data, shape))
      constants.push(tensor)
      return tensor
    },
  }
}

/** Turns the graph into a list of tfjs calls. Each is made with the shapes of its inputs at hand, from a run on zeros. */
function compile(model, feeds) {
  const graph = fuse(model)
  const unknown = new Set(graph.nodes.flatMap(({ op }) => (op in ops ? [] : [op])))
  if (unknown.size > 0) throw new Error(`the tfjs executor lacks ${[...unknown].join(', ')}`)
  const traced = new Map(feeds.map(([name, { shape }]) => [name, tf.zeros(shape)]))
  const constants = []
  const context = contextOf(model, graph, traced, constants)
  const steps = graph.nodes.map(node => {
    const { inputs = [node.inputs[0]], run } = ops[node.op](node, context)
    traced.set(node.outputs[0], run(...inputs.map(name => traced.get(name))))
    return { inputs, output: node.outputs[0], run }
  })
  const free = lastUses(steps, graph.outputs)
  return { outputs: graph.outputs, constants, steps: steps.map((step, i) => ({ ...step, free: free[i] })) }
}

/** The outputs as tfjs has them: maps in NHWC order. */
function execute({ steps, outputs }, feeds) {
  const values = new Map()
  for (const [name, { data, shape }] of feeds) values.set(name, tf.tensor(data, shape))
  for (const { inputs, output, run, free } of steps) {
    values.set(output, inputs.length === 1 ? run(values.get(inputs[0])) : run(...inputs.map(name => values.get(name))))
    for (const name of free) values.get(name).dispose()
  }
  return outputs.map(name => values.get(name))
}

/** tfjs with the wasm backend as a contestant: SIMD, one thread, everything fused that tfjs can fuse. */
export async function create({ model, inputs }) {
  await start()
  // It takes its images in the order that it likes best: turning them is not charged to it.
  const feeds = Object.entries(inputs).map(([name, tensor]) => [name, toNhwc(tensor)])
  const plan = tf.tidy(() => compile(model, feeds))
  const run = () =>
    tf.tidy(() => execute(plan, feeds).map(tensor => ({ data: tensor.dataSync(), shape: tensor.shape })))
  return {
    block(runs) {
      for (let i = 0; i < runs; i++) run()
    },
    outputs: () => Object.fromEntries(run().map((tensor, i) => [model.graph.outputs[i], toNchw(tensor).data])),
    dispose: () => {
      for (const tensor of plan.constants) tensor.dispose()
    },
  }
}
