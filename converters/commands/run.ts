import { Command } from 'commander'
import { bold, dim } from 'kleur/colors'
import type { Net, Prediction } from '../../ts/api.js'
import { plainPreprocess, toInput } from '../../ts/image.js'
import { bar, clean, milliseconds, percent, shorten } from '../terminal/text.js'
import { inverted, readImage } from './image.js'
import { loadModel } from './model.js'
import { about, type CommonOptions, memoryOption, printJson, wholeNumber, withCommon } from './options.js'

interface Options extends CommonOptions {
  readonly top: number
  readonly repeat: number
  readonly invert?: true
  readonly memory?: 'fast' | 'small'
}

interface Result {
  readonly file: string
  readonly width: number
  readonly height: number
  readonly predictions: readonly Prediction[]
  /** `prepare`: from pixels to the network's input; `first` and `median` (of the runs after the first): the network. */
  readonly milliseconds: { readonly prepare: number; readonly first: number; readonly median: number | null }
}

const median = (times: readonly number[]): number => {
  const sorted = [...times].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const classify = async (net: Net, file: string, { top, repeat, invert }: Options): Promise<Result> => {
  const decoded = await readImage(file)
  const image = invert ? inverted(decoded) : decoded
  const start = performance.now()
  const shape = Object.values(net.inputs)[0]!.slice(1)
  const input = await about(file, async () => toInput(image, net.preprocess ?? plainPreprocess(shape[0]!), shape))
  const prepare = performance.now() - start
  const times: number[] = []
  let predictions: readonly Prediction[] = []
  for (let i = 0; i < repeat; i++) {
    const began = performance.now()
    predictions = net.classify(input, { top })
    times.push(performance.now() - began)
  }
  const [first, ...later] = times as [number, ...number[]]
  const { width, height } = image
  const measured = { prepare, first, median: later.length > 0 ? median(later) : null }
  return { file, width, height, predictions, milliseconds: measured }
}

const BAR = 24

const print = ({ file, width, height, predictions, milliseconds: ms }: Result, runs: number): void => {
  console.log(`${bold(file)}  ${dim(`${width}×${height}`)}`)
  const labels = predictions.map(({ label }) => shorten(clean(label), 36))
  const widest = Math.max(...labels.map(label => label.length))
  for (const [i, { probability }] of predictions.entries())
    console.log(
      `  ${labels[i]!.padEnd(widest)}  ${bar(probability, BAR)} ${percent(probability).replace(' %', '').padStart(7)} %`,
    )
  const network =
    ms.median === null
      ? `network ${milliseconds(ms.first)} ms (the first run on this image)`
      : `network ${milliseconds(ms.median)} ms (median of ${runs - 1}; the first ${milliseconds(ms.first)})`
  console.log(dim(`  prepared in ${milliseconds(ms.prepare)} ms, ${network}`))
}

const run = async (file: string, images: readonly string[], options: Options): Promise<void> => {
  const { net } = await loadModel(file, options)
  const [, channels] = Object.values(net.inputs)[0]!
  if (net.preprocess === undefined) {
    const { color, fit } = plainPreprocess(channels!)
    console.error(
      `convlet: ${file} says nothing of preprocess: taking ${color}, ${fit}, pixel / 255. Convert it with --meta to say more.`,
    )
  }
  const results: Result[] = []
  for (const image of images) {
    const result = await classify(net, image, options)
    if (options.json) results.push(result)
    else print(result, options.repeat)
  }
  if (options.json)
    printJson({ file, build: net.build, preprocess: net.preprocess ?? null, memory: net.memory, images: results })
}

export const runCommand = (): Command =>
  withCommon(
    new Command('run')
      .summary('classify images')
      .description("Classifies images. They are brought to the network's input as the file's preprocess says.")
      .argument('<model.safetensors>', 'a file or an http(s) address')
      .argument('<image...>', 'PNG, JPEG, WebP and whatever else sharp reads')
      .option('--top <n>', 'how many classes to show', wholeNumber, 3)
      .option('--invert', 'the image is dark on light, the network was trained on light on dark')
      .option('--repeat <n>', 'run each image so many times, to measure', wholeNumber, 1)
      .addOption(memoryOption()),
    [
      'convlet run lenet5.safetensors digit.png',
      'convlet run resnet18.safetensors *.jpg --top 5 --json',
      'convlet run lenet5.safetensors scan.png --invert --repeat 100',
    ],
  ).action(run)
