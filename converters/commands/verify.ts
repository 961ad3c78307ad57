import { basename } from 'node:path'
import { Command } from 'commander'
import { bold, dim } from 'kleur/colors'
import type { Net } from '../../ts/api.js'
import { plainPreprocess } from '../../ts/image.js'
import { progressLine } from '../terminal/progress.js'
import { type Column, table } from '../terminal/table.js'
import { bytes, clean, columns, percent } from '../terminal/text.js'
import { type Difference, difference, mustMatch, type Summary, summarise } from '../verify/compare.js'
import { type Inputs, openInputs } from '../verify/inputs.js'
import { loadModel } from './model.js'
import { type CommonOptions, memoryOption, printJson, wholeNumber, withCommon } from './options.js'

interface Options extends CommonOptions {
  readonly data: string
  readonly limit?: number
  readonly memory?: 'fast' | 'small'
}

interface Side {
  readonly file: string
  readonly bytes: number
  readonly net: Net
}

const open = async (file: string, options: Options): Promise<Side> => ({ file, ...(await loadModel(file, options)) })

/** Rows that a table shows: more are in --json. */
const ROWS = 20

const figure = (n: number): string => n.toPrecision(3)

const labelOf = ({ labels }: Net, index: number): string => labels?.[index] ?? `${index}`

const perInput = (all: readonly Difference[], [a, b]: readonly [Side, Side]): Column[] => [
  { title: 'input', cells: all.map(({ name }) => name), least: 12 },
  { title: 'first', cells: all.map(({ top }) => labelOf(a.net, top[0])), least: 8 },
  { title: 'second', cells: all.map(({ top }) => (top[0] === top[1] ? 'the same' : labelOf(b.net, top[1]))), least: 8 },
  { title: 'largest change', cells: all.map(({ largest }) => figure(largest)), right: true },
  { title: 'mean', cells: all.map(({ mean }) => figure(mean)), right: true },
  { title: 'of values up to', cells: all.map(({ size }) => figure(size)), right: true },
]

const print = (sides: readonly [Side, Side], inputs: Inputs, all: readonly Difference[], sum: Summary): void => {
  const line = (name: string, text: string) => console.log(`${dim(name.padEnd(10))}${text}`)
  for (const [i, { file, bytes: size, net }] of sides.entries())
    line(['first', 'second'][i]!, `${bold(file)}  ${bytes(size)}, runs in ${bytes(net.memory.total)}`)
  line('data', clean(inputs.what))
  if (all.length <= ROWS) console.log(`\n${table(perInput(all, sides), columns()).join('\n')}\n`)
  const share = (n: number) => `${n} of ${sum.inputs} (${percent(n / sum.inputs)})`
  line('top-1', `${share(sum.agree)} agree`)
  if (sum.right) line('right', `first ${share(sum.right[0])}, second ${share(sum.right[1])}`)
  line('change', `at most ${figure(sum.largest)}, on average ${figure(sum.mean)}, of values up to ${figure(sum.size)}`)
}

const run = async (first: string, second: string, options: Options): Promise<void> => {
  const sides = [await open(first, options), await open(second, options)] as const
  const [{ net: a }, { net: b }] = sides
  mustMatch(a, b, [first, second])
  const [, ...shape] = Object.values(a.inputs)[0]!
  const preprocess = a.preprocess ?? b.preprocess ?? plainPreprocess(shape[0]!)
  const classes = Object.values(a.outputs)[0]!
    .slice(1)
    .reduce((x, y) => x * y, 1)
  const inputs = await openInputs(options.data, options.limit ?? Number.POSITIVE_INFINITY, {
    shape,
    preprocess,
    classes,
  })
  const progress = progressLine(`comparing on ${basename(options.data)}`, n => `${n} inputs`)
  const all: Difference[] = []
  try {
    for await (const input of inputs.all()) {
      all.push(difference(a, b, input))
      progress.update(all.length, inputs.count)
    }
  } finally {
    progress.end()
  }
  const summary = summarise(all)
  if (options.json)
    printJson({
      files: sides.map(({ file, bytes, net }) => ({ file, bytes, memory: net.memory })),
      data: options.data,
      ...summary,
      each: all,
    })
  else print(sides, inputs, all, summary)
}

export const verifyCommand = (): Command =>
  withCommon(
    new Command('verify')
      .summary('compare what two files of one network compute')
      .description(
        'Runs two files of one network on the same inputs, e.g. one with weights in fewer bits, and tells how often both\n' +
          'have the same class first and how far their outputs are apart.\n\n' +
          'The folder may hold images, the files of MNIST or CIFAR-10 (of which the test set is taken, and how many are\n' +
          'right is told too), or recorded inputs: input_0.pb of ONNX test data, or .f32, 32-bit floats.',
      )
      .argument('<first.safetensors>', 'the file to compare with')
      .argument('<second.safetensors>', 'the file to be judged')
      .requiredOption('--data <folder>', 'what to run them on')
      .option('--limit <n>', 'take so many files or images at most', wholeNumber)
      .addOption(memoryOption()),
    [
      'convlet verify resnet50.safetensors resnet50.int8.safetensors --data photos',
      'convlet verify lenet5.safetensors lenet5.f16.safetensors --data mnist --limit 1000 --json',
    ],
  ).action(run)
