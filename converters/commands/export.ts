import { Command } from 'commander'
import { bold, dim } from 'kleur/colors'
import { inspect } from '../../ts/entry/node.js'
import { ConvletError } from '../../ts/error.js'
import { readModel } from '../../ts/file.js'
import { withoutScales } from '../../ts/ops/scales.js'
import { toOnnx } from '../onnx/write.js'
import { bytes, milliseconds, plural } from '../terminal/text.js'
import { readWhole, target, writeWhole } from './disk.js'
import { mustBeModel } from './model.js'
import { about, type CommonOptions, printJson, withCommon } from './options.js'

const run = async (file: string, out: string, { json }: CommonOptions): Promise<void> => {
  const start = performance.now()
  await mustBeModel(file)
  const [whole, data] = [await target(out), await readWhole(file)]
  if ((await target(file).catch(() => undefined)) === whole)
    throw new ConvletError('INPUT', `${out} is the model itself: give the exported file another name.`)
  const model = await about(file, () => readModel(data))
  const { graph } = model
  if (!graph)
    throw new ConvletError(
      'GRAPH',
      `${file} is a safetensors file without a graph: convlet convert makes a model of it and the name of its network.`,
    )
  // Plans the network, so that no graph is handed on which is not sound.
  await about(file, () => inspect(data))
  const tensors = withoutScales(model.tensors)
  const encoded = await about(file, async () => toOnnx({ ...model, tensors }))
  await writeWhole(out, encoded)
  const took = performance.now() - start
  if (json)
    return printJson({
      file: out,
      bytes: encoded.length,
      opset: 13,
      nodes: graph.nodes.length,
      tensors: tensors.size,
      milliseconds: took,
    })
  const line = (name: string, text: string) => console.log(`  ${dim(name.padEnd(9))}${text}`)
  console.log(`${bold(out)}  ${bytes(encoded.length)}`)
  line('network', `${plural(graph.nodes.length, 'node')}, ${plural(tensors.size, 'tensor')}, opset 13, batch open`)
  line('took', `${milliseconds(took)} ms`)
}

export const exportCommand = (): Command =>
  withCommon(
    new Command('export')
      .summary('turn a model into ONNX')
      .description(
        'Turns a file of convlet into an ONNX model of opset 13, weights as 32-bit floats, the batch open.\n' +
          'The file is written whole or not at all.',
      )
      .argument('<model.safetensors>', 'the model')
      .argument('<out.onnx>', 'the file to write; one of that name is replaced'),
    ['convlet export lenet5.safetensors lenet5.onnx'],
  ).action(run)
