// From a file to the first result in a process of its own: reading, compiling, packing, planning, one run.
// usage: node bench/cold.mjs [NETWORK] [ROUNDS]      (resnet18, 5)
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ensurePackages } from './lib/packages.mjs'

const self = fileURLToPath(import.meta.url)

const starts = {
  async convlet(file, input) {
    const { load } = await import('../dist/node.js')
    const start = performance.now()
    const net = await load(file.replace(/onnx$/, 'safetensors'))
    net.run(input)
    return performance.now() - start
  },
  async 'onnxruntime-web'(file, input) {
    const { default: ort } = await import('onnxruntime-web/wasm')
    ort.env.wasm.numThreads = 1
    const start = performance.now()
    const session = await ort.InferenceSession.create(readFileSync(file), { executionProviders: ['wasm'] })
    await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input, [1, 3, 224, 224]) })
    return performance.now() - start
  },
  // tfjs cannot read ONNX: convlet's converter reads the file for it, which takes some milliseconds of this.
  async 'tfjs-wasm'(file, input) {
    const { create } = await import('./peers/tfjs.mjs')
    const { fromOnnx } = await import('../dist/convert.js')
    const start = performance.now()
    const model = fromOnnx(new Uint8Array(readFileSync(file)))
    const [{ name }] = model.graph.inputs
    const contestant = await create({ model, inputs: { [name]: { data: input, shape: [1, 3, 224, 224] } } })
    contestant.outputs()
    return performance.now() - start
  },
}

const [command = 'resnet18', count = '5', file] = process.argv.slice(2)
if (command in starts) {
  console.log(await starts[command](file, new Float32Array(3 * 224 * 224)))
} else {
  ensurePackages()
  const { networkFile } = await import('./lib/networks.mjs')
  const { convert } = await import('../dist/convert.js')
  const onnx = await networkFile(command)
  const own = onnx.replace(/onnx$/, 'safetensors')
  if (!existsSync(own)) writeFileSync(own, await convert(readFileSync(onnx)))
  const times = Object.fromEntries(Object.keys(starts).map(name => [name, []]))
  for (let round = 0; round < Number(count); round++)
    for (const name of Object.keys(starts))
      times[name].push(Number(execFileSync(process.execPath, [self, name, '', onnx], { encoding: 'utf8' })))
  const median = values => values.sort((a, b) => a - b)[values.length >> 1]
  for (const [name, values] of Object.entries(times))
    console.log(`${name.padEnd(16)} ${median(values).toFixed(0).padStart(5)} ms, ${count} cold starts of ${command}`)
}
