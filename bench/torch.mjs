// Networks that PyTorch exported, with an input and its output of each: how far convlet is from it.
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail, parse } from './lib/args.mjs'
import { difference } from './lib/difference.mjs'
import { ensureRelaxed, hasRelaxed } from './lib/engine.mjs'
import { machine, machineLine } from './lib/machine.mjs'

const usage = `usage: node bench/torch.mjs FOLDER [NAME...]

Converts FOLDER/NAME.onnx, runs it on NAME.in.f32 and compares with NAME.out.f32 (raw little-endian float32), all of the folder
without a NAME. Prints a Markdown table.

  --help                 this text`

const floats = async file => new Float32Array(new Uint8Array(await readFile(file)).buffer)

/** The largest difference of each build, as a share of PyTorch's largest value. */
async function compare(folder, name, builds) {
  const path = join(folder, name)
  const { convert } = await import('../dist/convert.js')
  const { inspect, load } = await import('../dist/node.js')
  const [file, input, wanted] = [await convert(await readFile(`${path}.onnx`)), `${path}.in.f32`, `${path}.out.f32`]
  const [images, output] = [await floats(input), await floats(wanted)]
  const { inputs, layers } = await inspect(file)
  const [shape] = Object.values(inputs)
  const batch = images.length / shape.reduce((a, b) => a * b)
  const differences = []
  for (const build of builds) {
    const net = await load(file, { batch, build })
    differences.push(difference({ output }, { output: Object.values(net.run(images))[0] }))
    net.dispose()
  }
  // What the input's share in the output is: where it is small, the comparison sees little of the first layers.
  const half = output.length / 2
  const apart = difference({ output: output.subarray(0, half) }, { output: output.subarray(half) })
  return { shape: [batch, ...shape.slice(1)], layers: layers.length, apart, differences }
}

const row = cells => `| ${cells.join(' | ')} |`

const { folder, names } = parse(usage, {}, (_, [folder, ...names]) => ({
  folder: folder && existsSync(folder) ? folder : fail('which folder?'),
  names,
}))
ensureRelaxed()
const all = readdirSync(folder).flatMap(file => (file.endsWith('.onnx') ? [file.slice(0, -5)] : []))
const builds = ['simd', ...(hasRelaxed() ? ['relaxed'] : [])]
console.log(`${machineLine(machine({ convlet: '..' }))}\n`)
console.log(row(['network', 'input', 'layers', 'largest value', 'two images apart', ...builds]))
console.log(row(['---', '---', '---:', '---:', '---:', ...builds.map(() => '---:')]))
for (const name of names.length > 0 ? names : all.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
  const { shape, layers, apart, differences } = await compare(folder, name, builds)
  const [{ largest }] = differences
  const cells = differences.map(({ relative }) => relative.toExponential(1))
  console.log(row([name, shape.join('×'), layers, largest.toPrecision(3), apart.relative.toPrecision(1), ...cells]))
}
