import { Command, Option } from 'commander'
import { bold, dim } from 'kleur/colors'
import { networks } from '../../models/networks.js'
import { inspect } from '../../ts/entry/node.js'
import { ConvletError } from '../../ts/error.js'
import { encodeModel, headerLength, parseHeader, readModel } from '../../ts/file.js'
import { scaleOf } from '../../ts/ops/scales.js'
import type { Model, Shape } from '../../ts/types.js'
import { fromOnnx } from '../index.js'
import { sizeOf } from '../onnx/values.js'
import { type Storage, storages, storeWeights } from '../storage.js'
import { bytes, clean, count, milliseconds, plural, showShape } from '../terminal/text.js'
import { fromStateDict } from '../weights.js'
import { readWhole, target, writeWhole } from './disk.js'
import { besideModel } from './external.js'
import { type MetaFile, readMeta } from './meta.js'
import { about, type CommonOptions, namedShape, printJson, wholeNumber, withCommon } from './options.js'
import { byteSize, writeShards } from './shards.js'

interface Options extends CommonOptions {
  readonly meta?: string | boolean
  readonly inputShape?: Readonly<Record<string, Shape>>
  readonly classes?: number
  readonly shard?: number
  readonly weights?: Storage
}

/** 8 bytes of header length, then JSON. */
const isSafetensors = (data: Uint8Array): boolean =>
  data.length > 8 && data[8] === 0x7b && data.subarray(4, 8).every(byte => byte === 0)

/** Throws for a safetensors file, which is what conversion makes. */
const refuseConverted = (file: string, data: Uint8Array): void => {
  if (!isSafetensors(data)) return
  const end = 8 + headerLength(data)
  const graph = end <= data.length ? parseHeader(data.subarray(8, end)).graph : undefined
  throw new ConvletError(
    'FILE',
    graph
      ? `${file} is already converted: try convlet inspect or convlet run, store its weights otherwise with --weights, or cut it to pieces with --shard.`
      : `${file} is a safetensors file without a graph: name its network before it, e.g. convlet convert resnet18, or load it with { graph } from convlet/models.`,
  )
}

/** Numbers that were trained: the scales of weights of 8 bits were not. */
const parameters = ({ tensors }: Model): number => {
  const scales = new Set(Array.from(tensors, ([name, { dtype }]) => (dtype === 'I8' ? scaleOf(name) : '')))
  return [...tensors].reduce((sum, [name, { shape }]) => sum + (scales.has(name) ? 0 : sizeOf(shape)), 0)
}

const ports = (shapes: Readonly<Record<string, Shape>>): string =>
  Object.entries(shapes)
    .map(([name, shape]) => `${clean(name)} ${showShape(shape)}`)
    .join(', ')

const describeMeta = ({ labels, preprocess }: Model, path: string | undefined): string => {
  if (path === undefined || !(labels || preprocess)) return 'no labels, no preprocess: --meta gives them'
  const parts = [labels && plural(labels.length, 'label'), preprocess && 'preprocess'].filter(Boolean)
  return `${parts.join(' and ')} from ${path}`
}

const ofOnnx = async (file: string, data: Uint8Array, { labels, preprocess }: MetaFile, options: Options) => {
  if (options.classes !== undefined)
    throw new ConvletError('INPUT', '--classes goes with the name of a network; an ONNX model has its classes.')
  await about(file, async () => refuseConverted(file, data))
  return about(file, async () =>
    fromOnnx(data, {
      source: file,
      external: besideModel(file),
      ...(options.inputShape && { inputShapes: options.inputShape }),
      ...(labels && { labels }),
      ...(preprocess && { preprocess }),
    }),
  )
}

const ofWeights = (
  name: string,
  file: string,
  data: Uint8Array,
  { labels, preprocess }: MetaFile,
  { classes, inputShape }: Options,
): Promise<Model> => {
  if (inputShape)
    throw new ConvletError('INPUT', '--input-shape goes with an ONNX model; a network of convlet has its input.')
  const network = networks[name]!(classes === undefined ? {} : { classes })
  const source = `${file.split(/[/\\]/).at(-1)} (${name})`
  return about(file, () =>
    fromStateDict(data, network, { source, ...(labels && { labels }), ...(preprocess && { preprocess }) }),
  )
}

/** A model that is converted already, whose weights are to be stored otherwise, or in pieces. */
const ofModel = async (
  file: string,
  data: Uint8Array,
  { labels, preprocess }: MetaFile,
  { classes, inputShape }: Options,
): Promise<Model> => {
  if (classes !== undefined || inputShape)
    throw new ConvletError('INPUT', '--classes and --input-shape do not go with a model that is converted already.')
  const model = await about(file, () => readModel(data))
  if (!model.graph) refuseConverted(file, data)
  return { ...model, ...(labels && { labels }), ...(preprocess && { preprocess }) }
}

/** `MODEL.onnx OUT`, or `NETWORK WEIGHTS OUT`. */
const run = async (
  first: string,
  second: string,
  third: string | undefined,
  options: Options,
  command: Command,
): Promise<void> => {
  if (third !== undefined && !Object.hasOwn(networks, first))
    command.error(
      `error: too many arguments, unless "${first}" should be a network: ${Object.keys(networks).join(', ')}.`,
    )
  const start = performance.now()
  const [file, out] = third === undefined ? [first, second] : [second, third]
  const [whole, data] = [await target(out), await readWhole(file)]
  // The names of shards are others.
  if (options.shard === undefined && (await target(file).catch(() => undefined)) === whole)
    throw new ConvletError('INPUT', `${out} is the model itself: give the converted file another name.`)
  const meta = await readMeta(file, options.meta)
  if (meta.path !== undefined && (await target(meta.path).catch(() => undefined)) === whole)
    throw new ConvletError('INPUT', `${out} holds the labels: give the converted file another name.`)
  const { weights } = options
  const fromModel = third === undefined && (weights ?? options.shard) !== undefined && isSafetensors(data)
  const make = third === undefined ? (fromModel ? ofModel : ofOnnx) : ofWeights.bind(undefined, first)
  const made = await make(file, data, meta, options)
  const warnings: string[] = []
  const model = weights ? await about(file, async () => storeWeights(made, weights, fact => warnings.push(fact))) : made
  for (const warning of warnings) console.error(`convlet: ${clean(warning)}`)
  const { labels, preprocess } = model
  const encoded = await encodeModel(model)
  // Plans the network, so that a file is not written which could not be loaded.
  const { inputs, outputs, memory } = await about(file, () => inspect(encoded))
  const cut = options.shard === undefined ? undefined : await writeShards(out, encoded, options.shard)
  if (!cut) await writeWhole(out, encoded)
  const took = performance.now() - start
  const nodes = model.graph!.nodes.length

  if (options.json)
    return printJson({
      file: cut?.path ?? out,
      ...(cut && { shards: cut.manifest.shards }),
      bytes: encoded.length,
      source: model.source,
      opset: model.opset ?? null,
      meta: meta.path ?? null,
      labels: labels?.length ?? 0,
      preprocess: preprocess ?? null,
      nodes,
      tensors: model.tensors.size,
      parameters: parameters(model),
      weights: weights ?? null,
      warnings,
      inputs,
      outputs,
      memory,
      milliseconds: took,
    })
  const line = (name: string, text: string) => console.log(`  ${dim(name.padEnd(9))}${text}`)
  const parts = cut && `, ${plural(cut.manifest.shards.length, 'shard')}`
  console.log(`${bold(cut?.path ?? out)}  ${bytes(encoded.length)}${parts ?? ''}`)
  line('from', `${clean(model.source ?? file)}${model.opset === undefined ? '' : `, opset ${model.opset}`}`)
  line('network', `${plural(nodes, 'node')}, ${ports(inputs)} → ${ports(outputs)}`)
  line(
    'weights',
    `${plural(model.tensors.size, 'tensor')}, ${count(parameters(model))} parameters${weights ? `, ${weights}` : ''}, runs in ${bytes(memory.total)}`,
  )
  line('meta', describeMeta(model, meta.path ?? (fromModel ? 'the model' : undefined)))
  line('took', `${milliseconds(took)} ms`)
}

export const convertCommand = (): Command =>
  withCommon(
    new Command('convert')
      .summary('turn a model into a file that convlet loads')
      .description(
        'Turns an ONNX model, or a network of convlet and its PyTorch weights, into one safetensors file:\n' +
          'weights, graph, labels and preprocess together. The file is written whole or not at all.\n' +
          'With --weights or --shard a model of convlet is taken as well, to store it otherwise.\n\n' +
          `Networks: ${Object.keys(networks).join(', ')}.`,
      )
      .usage(
        '[options] <model.onnx> <out.safetensors>\n       convlet convert [options] <network> <weights.safetensors> <out.safetensors>',
      )
      .argument('<model.onnx>', 'the model, opset 7 or later; or the name of a network')
      .argument('<out.safetensors>', 'the file to write, one of that name is replaced; or the weights of the network')
      .argument('[out.safetensors]', 'the file to write, if a network was named')
      .option('--classes <n>', 'outputs of the network, if not as many as it was published with', wholeNumber)
      .option(
        '--meta <file.json>',
        'labels and preprocess, { "labels": […], "preprocess": {…} } (default: model.json beside model.onnx)',
      )
      .option('--no-meta', 'leave a .json beside the model out')
      .option(
        '--input-shape <name=N,C,H,W>',
        'the size of an input that the model leaves open; may be repeated',
        namedShape,
      )
      .option(
        '--shard <size>',
        'cut the file to pieces of at most so many bytes, e.g. 24MiB, and a manifest, out.shards.json (convlet/shards)',
        byteSize,
      )
      .addOption(
        new Option(
          '--weights <storage>',
          'how to store the weights; int8 with a scale for each output channel (default: as they are)',
        ).choices([...storages]),
      ),
    [
      'convlet convert lenet5.onnx lenet5.safetensors',
      'convlet convert resnet18.onnx resnet18.safetensors --meta imagenet.json --input-shape input=1,3,224,224',
      'convlet convert resnet50 weights.safetensors resnet50.safetensors --classes 5',
      'convlet convert resnet50.safetensors resnet50.int8.safetensors --weights int8',
      'convlet convert resnet18.onnx public/resnet18.safetensors --shard 24MiB',
    ],
  ).action(run)
