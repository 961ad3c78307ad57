import { convert } from '../../dist/convert.js'
import { load } from '../../dist/node.js'

/** One build of convlet as a contestant. */
export async function create({ onnx, batch, inputs, build, memory, weights }) {
  const net = await load(await convert(onnx, { weights }), { batch, build, memory })
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]))
  return {
    block(runs) {
      for (let i = 0; i < runs; i++) net.run(feeds)
    },
    // Copies: the results are views of the model's memory.
    outputs: () => Object.fromEntries(Object.entries(net.run(feeds)).map(([name, data]) => [name, data.slice()])),
    dispose: () => net.dispose(),
  }
}
