import { Command } from 'commander'
import { bold, dim } from 'kleur/colors'
import { inspect } from '../../ts/entry/node.js'
import { ConvletError } from '../../ts/error.js'
import { encodeModel, headerLength, parseHeader } from '../../ts/file.js'
import type { Model, Shape } from '../../ts/types.js'
import { fromOnnx } from '../index.js'
import { bytes, clean, count, milliseconds, plural, showShape } from '../terminal/text.js'
import { readWhole, target, writeWhole } from './disk.js'
import { type MetaFile, readMeta } from './meta.js'
import { about, type CommonOptions, namedShape, printJson, withCommon } from './options.js'

interface Options extends CommonOptions {
  readonly meta?: string | boolean
  readonly inputShape?: Readonly<Record<string, Shape>>
}

/** Throws for a safetensors file, which is what conversion makes. */
const refuseConverted = (file: string, data: Uint8Array): void => {
  // 8 bytes of header length, then JSON.
  if (data.length < 9 || data[8] !== 0x7b || data.subarray(4, 8).some(byte => byte !== 0)) return
  const end = 8 + headerLength(data)
  const graph = end <= data.length ? parseHeader(data.subarray(8, end)).graph : undefined
  throw new ConvletError(
    'FILE',
    graph
      ? `${file} is already converted: try convlet inspect or convlet run.`
      : `${file} is a safetensors file without a graph: it needs no conversion. Load it with { graph } from convlet/models, or convert the ONNX export of the model.`,
  )
}

const parameters = ({ tensors }: Model): number =>
  [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)

const ports = (shapes: Readonly<Record<string, Shape>>): string =>
  Object.entries(shapes)
    .map(([name, shape]) => `${clean(name)} ${showShape(shape)}`)
    .join(', ')

const describeMeta = ({ path, labels, preprocess }: MetaFile): string => {
  if (path === undefined) return 'no labels, no preprocess: --meta gives them'
  const parts = [labels && plural(labels.length, 'label'), preprocess && 'preprocess'].filter(Boolean)
  return `${parts.join(' and ')} from ${path}`
}

const run = async (file: string, out: string, options: Options): Promise<void> => {
  const start = performance.now()
  const [whole, data] = [await target(out), await readWhole(file)]
  if ((await target(file).catch(() => undefined)) === whole)
    throw new ConvletError('INPUT', `${out} is the model itself: give the converted file another name.`)
  await about(file, async () => refuseConverted(file, data))
  const meta = await readMeta(file, options.meta)
  if (meta.path !== undefined && (await target(meta.path).catch(() => undefined)) === whole)
    throw new ConvletError('INPUT', `${out} holds the labels: give the converted file another name.`)
  const { labels, preprocess } = meta
  const model = await about(file, async () =>
    fromOnnx(data, {
      source: file,
      ...(options.inputShape && { inputShapes: options.inputShape }),
      ...(labels && { labels }),
      ...(preprocess && { preprocess }),
    }),
  )
  const encoded = await encodeModel(model)
  // Plans the network, so that a file is not written which could not be loaded.
  const { inputs, outputs, memory } = await about(file, () => inspect(encoded))
  await writeWhole(out, encoded)
  const took = performance.now() - start
  const nodes = model.graph!.nodes.length

  if (options.json)
    return printJson({
      file: out,
      bytes: encoded.length,
      source: model.source,
      opset: model.opset,
      meta: meta.path ?? null,
      labels: labels?.length ?? 0,
      preprocess: preprocess ?? null,
      nodes,
      tensors: model.tensors.size,
      parameters: parameters(model),
      inputs,
      outputs,
      memory,
      milliseconds: took,
    })
  const line = (name: string, text: string) => console.log(`  ${dim(name.padEnd(9))}${text}`)
  console.log(`${bold(out)}  ${bytes(encoded.length)}`)
  line('from', `${clean(model.source ?? file)}, opset ${model.opset}`)
  line('network', `${plural(nodes, 'node')}, ${ports(inputs)} → ${ports(outputs)}`)
  line(
    'weights',
    `${plural(model.tensors.size, 'tensor')}, ${count(parameters(model))} parameters, runs in ${bytes(memory.total)}`,
  )
  line('meta', describeMeta(meta))
  line('took', `${milliseconds(took)} ms`)
}

export const convertCommand = (): Command =>
  withCommon(
    new Command('convert')
      .summary('turn an ONNX model into a file that convlet loads')
      .description(
        'Turns an ONNX model into one safetensors file: weights, graph, labels and preprocess together.\n' +
          'The file is written whole or not at all.',
      )
      .argument('<model.onnx>', 'the model, opset 7 or later')
      .argument('<out.safetensors>', 'the file to write; one of that name is replaced')
      .option(
        '--meta <file.json>',
        'labels and preprocess, { "labels": […], "preprocess": {…} } (default: model.json beside model.onnx)',
      )
      .option('--no-meta', 'leave a .json beside the model out')
      .option(
        '--input-shape <name=N,C,H,W>',
        'the size of an input that the model leaves open; may be repeated',
        namedShape,
      ),
    [
      'convlet convert lenet5.onnx lenet5.safetensors',
      'convlet convert resnet18.onnx resnet18.safetensors --meta imagenet.json --input-shape input=1,3,224,224',
    ],
  ).action(run)
