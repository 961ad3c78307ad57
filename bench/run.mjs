// Measures networks in convlet and in its peers. See README.md.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { count, fail, list, oneOf, parse } from './lib/args.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { names, networkFile } from './lib/networks.mjs'
import { ensurePackages } from './lib/packages.mjs'

const usage = `usage: npm run bench -- MODEL... [options]

MODEL is the path of an ONNX file, or the name of a network of convlet/models (lenet5 with its trained weights, resnet18, vgg16,
googlenet, alexnet, squeezenet1_1, mobilenet_v2 … with seeded ones).

  --batch N              images per run (1)
  --rounds N             samples per runtime (30)
  --build simd|relaxed   only this build of convlet (both, where the engine has relaxed SIMD)
  --memory small,fast    convlet with these values of its option memory (small)
  --weights f32,int8     convlet with its weights stored like this: f32, f16, bf16, int8 (f32)
  --peers ort,tfjs       only these peers, '' for none
  --json                 the same for programs
  --help                 this text`

/** The file of a model given by name or path. */
async function fileOf(model) {
  const trained = relative('', fileURLToPath(new URL(`../models/${model}/${model}.onnx`, import.meta.url)))
  const file = [model, trained].find(path => path.endsWith('.onnx') && existsSync(path))
  if (file) return file
  if (!(await names()).includes(model)) return fail(`${model}: neither a network of convlet/models nor an ONNX file`)
  return relative('', await networkFile(model))
}

const readOptions = () =>
  parse(
    usage,
    {
      batch: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '30' },
      build: { type: 'string' },
      memory: { type: 'string', default: 'small' },
      weights: { type: 'string', default: 'f32' },
      peers: { type: 'string', default: 'ort,tfjs' },
      json: { type: 'boolean', default: false },
    },
    ({ batch, rounds, build, memory, weights, peers, json }, models) => ({
      models: models.length > 0 ? models : fail('which model?'),
      batch: count('batch', batch),
      rounds: count('rounds', rounds),
      builds: build === undefined ? ['simd', 'relaxed'] : [oneOf('build', build, ['simd', 'relaxed'])],
      memories: list(memory).map(kind => oneOf('memory', kind, ['small', 'fast'])),
      storages: list(weights).map(kind => oneOf('weights', kind, ['f32', 'f16', 'bf16', 'int8'])),
      peers: list(peers).map(peer => oneOf('peers', peer, ['ort', 'tfjs'])),
      json,
    }),
  )

/** Everything that is to be measured, convlet first. */
async function runtimesOf({ builds, memories, storages, peers }) {
  const convlet = await import('./peers/convlet.mjs')
  const able = builds.filter(build => build === 'simd' || hasRelaxed())
  if (able.length === 0) throw new Error('this engine has no relaxed SIMD: measure --build simd')
  const others = await Promise.all(peers.map(peer => import(`./peers/${peer}.mjs`)))
  return [
    ...able.flatMap(build =>
      memories.flatMap(memory =>
        storages.map(weights => ({
          name: [`convlet ${build}`, memory, weights].filter(word => word !== 'small' && word !== 'f32').join(', '),
          create: convlet.create,
          build,
          memory,
          weights,
        })),
      ),
    ),
    ...others.map(({ name, create }) => ({ name, create })),
  ]
}

/** A counter on the terminal: large networks take a minute. */
function progress(rounds) {
  if (!process.stderr.isTTY) return undefined
  return round => process.stderr.write(round + 1 < rounds ? `\r${round + 1}/${rounds}` : '\r\u001b[K')
}

async function main(options) {
  if (!existsSync(new URL('../dist/convert.js', import.meta.url)))
    throw new Error('dist/ is not built: npm ci && npm run build')
  ensurePackages()
  if (options.builds.includes('relaxed')) ensureRelaxed()
  const { measure } = await import('./lib/measure.mjs')
  const { report } = await import('./lib/report.mjs')
  const about = machine({
    convlet: '..',
    'onnxruntime-web': 'node_modules/onnxruntime-web',
    'tfjs-backend-wasm': 'node_modules/@tensorflow/tfjs-backend-wasm',
  })
  if (!options.json) console.log(machineLine(about))
  const runtimes = await runtimesOf(options)
  const results = []
  for (const model of options.models) {
    try {
      const file = await fileOf(model)
      const onnx = new Uint8Array(await readFile(file))
      const measured = await measure(onnx, runtimes, { ...options, onRound: progress(options.rounds) })
      const result = { model: file, ...measured }
      results.push(result)
      if (!options.json) console.log(`\n${report(result)}`)
    } catch (error) {
      console.error(`bench: ${model}: ${error.message}`)
    }
  }
  if (options.json) console.log(JSON.stringify({ machine: about, results }, null, 2))
  // A table without convlet is no comparison.
  return results.length === options.models.length && results.every(({ rows }) => rows[0].median) ? 0 : 1
}

process.exitCode = await main(readOptions()).catch(error => {
  console.error(`bench: ${error.message}`)
  return 1
})
