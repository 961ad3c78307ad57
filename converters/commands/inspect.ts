import { Command } from 'commander'
import { bold, dim } from 'kleur/colors'
import type { InspectedLayer, Inspection, LayerSummary } from '../../ts/api.js'
import { inspect } from '../../ts/entry/node.js'
import type { Preprocess, Shape } from '../../ts/types.js'
import { type Column, table } from '../terminal/table.js'
import { bytes, clean, columns, count, plural, showShape } from '../terminal/text.js'
import { mustBeModel, sourceOf } from './model.js'
import { about, type CommonOptions, imageShape, memoryOption, printJson, wholeNumber, withCommon } from './options.js'

interface Options extends CommonOptions {
  readonly batch?: number
  readonly inputShape?: Shape
  readonly memory?: 'fast' | 'small'
  readonly why?: true
}

const figure = (n: number): string => (n === 0 ? '' : count(n))

const sum = (layers: readonly LayerSummary[], of: (layer: LayerSummary) => number): number =>
  layers.reduce((total, layer) => total + of(layer), 0)

/** In how many bits a layer's weights lie in the file, and that they do not in memory. */
const weightsOf = ({ stored, kernels }: InspectedLayer): string => {
  if (!stored || stored === 'F32') return stored ? 'f32' : ''
  const name = stored === 'I8' ? 'int8' : stored.toLowerCase()
  return kernels.includes('expand') ? name : `${name} → f32`
}

const layerColumns = (layers: readonly InspectedLayer[]): Column[] => {
  const total = plural(layers.length, 'layer')
  const narrow = layers.some(({ stored = 'F32' }) => stored !== 'F32')
  return [
    { title: 'node', cells: [...layers.map(({ name }) => name), total], least: 12 },
    { title: 'op', cells: [...layers.map(({ op }) => op), ''], least: 12 },
    { title: 'output', cells: [...layers.map(({ shape }) => showShape(shape)), ''] },
    {
      title: 'params',
      cells: [...layers.map(l => figure(l.parameters)), count(sum(layers, l => l.parameters))],
      right: true,
    },
    ...(narrow ? [{ title: 'weights', cells: [...layers.map(weightsOf), ''] }] : []),
    { title: 'mult-adds', cells: [...layers.map(l => figure(l.macs)), count(sum(layers, l => l.macs))], right: true },
    { title: 'kernel', cells: [...layers.map(l => l.kernel), ''], least: 9 },
    {
      title: 'fused',
      cells: [...layers.map(l => l.fused.join(', ')), ''],
      brief: [...layers.map(l => l.fused.map(node => node.split(' ', 1)[0]).join(', ')), ''],
      least: 9,
    },
  ]
}

/** Of the layers that have a choice of kernels, which and why. */
const whyColumns = (layers: readonly InspectedLayer[]): Column[] => {
  const chosen = layers.filter(({ why }) => why)
  return [
    { title: 'node', cells: chosen.map(({ name }) => name), least: 12 },
    { title: 'kernel', cells: chosen.map(({ why }) => why!), least: 24 },
  ]
}

export const describePreprocess = ({ color, fit, border, mean, std }: Preprocess): string =>
  [color, fit, ...(border ? [`border ${border}`] : []), `mean ${mean.join(' ')}`, `std ${std.join(' ')}`].join(', ')

const describeLabels = (labels: readonly string[]): string => {
  const first = labels.slice(0, 10).map(clean).join(', ')
  return `${labels.length}: ${first}${labels.length > 10 ? ', …' : ''}`
}

/** Words in lines of at most `width` columns. */
export const wrap = (text: string, width: number): string[] => {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last === '' || last.length + 1 + word.length <= width) lines[lines.length - 1] = last ? `${last} ${word}` : word
    else lines.push(word)
  }
  return lines
}

const INDENT = 12

const print = (file: string, found: Inspection, why: boolean): void => {
  const { inputs, outputs, layers, removed, memory, labels, preprocess, source, opset } = found
  const room = columns()
  const line = (name: string, text: string) => {
    for (const [i, part] of wrap(text, room - INDENT).entries())
      console.log(`${dim((i === 0 ? name : '').padEnd(INDENT))}${part}`)
  }
  const ports = (shapes: Readonly<Record<string, Shape>>) =>
    Object.entries(shapes)
      .map(([name, shape]) => `${clean(name)} ${showShape(shape)}`)
      .join(', ')

  console.log(bold(file))
  if (source !== undefined) line('source', `${clean(source)}${opset === undefined ? '' : `, opset ${opset}`}`)
  line('input', ports(inputs))
  line('output', ports(outputs))
  line('preprocess', preprocess ? describePreprocess(preprocess) : 'none')
  line('labels', labels ? describeLabels(labels) : 'none')
  console.log(`\n${table(layerColumns(layers), room, 1).join('\n')}\n`)
  if (why) console.log(`${table(whyColumns(layers), room).join('\n')}\n`)
  if (removed.length > 0) line('removed', removed.map(clean).join(', '))
  const { static: fixed, weights, arena, total } = memory
  line('memory', `${bytes(total)}: static ${bytes(fixed)}, weights ${bytes(weights)}, arena ${bytes(arena)}`)
}

const run = async (file: string, { batch, inputShape, memory, why, json }: Options): Promise<void> => {
  await mustBeModel(file)
  const options = {
    ...(batch !== undefined && { batch }),
    ...(inputShape && { inputShape }),
    ...(memory && { memory }),
  }
  const found = await about(file, async () => inspect(await sourceOf(file), options))
  if (json) printJson({ file, ...found })
  else print(file, found, why === true)
}

export const inspectCommand = (): Command =>
  withCommon(
    new Command('inspect')
      .summary('show the layers of a model and what it costs')
      .description(
        'Shows what a file holds and what it will cost: layers after the passes, parameters, multiply-adds,\n' +
          'kernels and memory. Reads no weights.',
      )
      .argument('<model.safetensors>', 'a file or an http(s) address')
      .option('--batch <n>', 'plan for so many images', wholeNumber)
      .option('--input-shape <C,H,W>', 'plan for another size of image', imageShape)
      .addOption(memoryOption())
      .option('--why', 'tell for each layer why its kernel was chosen'),
    ['convlet inspect lenet5.safetensors', 'convlet inspect resnet18.safetensors --batch 8 --input-shape 3,192,192'],
  ).action(run)
