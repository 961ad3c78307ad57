import * as ort from 'onnxruntime-web/wasm'

export const name = 'onnxruntime-web'

ort.env.wasm.numThreads = 1
// A path, in Node and in a page that is served with this folder's packages.
ort.env.wasm.wasmPaths = decodeURIComponent(new URL('../node_modules/onnxruntime-web/dist/', import.meta.url).pathname)
ort.env.logLevel = 'error'

/** onnxruntime-web as a contestant: every optimisation of its own, one thread. */
export async function create({ onnx, inputs }) {
  const session = await ort.InferenceSession.create(onnx, { executionProviders: ['wasm'] })
  const run = async () => {
    const feeds = {}
    for (const name in inputs) feeds[name] = new ort.Tensor('float32', inputs[name].data, inputs[name].shape)
    const results = await session.run(feeds)
    const outputs = {}
    for (const name of session.outputNames) outputs[name] = results[name].data
    return outputs
  }
  return {
    async block(runs) {
      for (let i = 0; i < runs; i++) await run()
    },
    outputs: run,
    dispose: () => session.release(),
  }
}
