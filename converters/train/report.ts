// What is said before a training and after it.
import { basename } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { bold, dim } from 'kleur/colors'
import type { Evaluation, Trainer } from '../../ts/train/api.js'
import type { Preprocess } from '../../ts/types.js'
import { describePreprocess, wrap } from '../commands/inspect.js'
import { type Confusion, matrix, topConfusions } from '../terminal/confusion.js'
import { bytes, clean, columns, count, percent, showShape } from '../terminal/text.js'
import type { Material, Sets } from './material.js'
import type { Start } from './network.js'
import type { TrainingOptions } from './options.js'

export const whole = (n: number): string => n.toLocaleString('en')

const INDENT = 11

const line = (name: string, text: string): void => {
  for (const [i, part] of wrap(text, columns() - INDENT).entries())
    console.log(`${dim((i === 0 ? `  ${name}` : '').padEnd(INDENT))}${part}`)
}

const listed = (names: readonly string[]): string =>
  `${names.slice(0, 8).map(clean).join(', ')}${names.length > 8 ? ', …' : ''}`

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

export interface Plan {
  readonly start: Start
  readonly sets: Sets
  readonly material: Material
  readonly preprocess: Preprocess
  /** Whose figures they are. */
  readonly from: string
  readonly trainer: Trainer
  readonly options: TrainingOptions
}

/** Numbers that are trained, and all that could be: no running statistics. */
export const parametersOf = (trainer: Trainer) => {
  const { graph, tensors } = trainer.model()
  const running = new Set(
    graph!.nodes.flatMap(({ op, inputs }) => (op === 'BatchNormalization' ? inputs.slice(3) : [])),
  )
  return {
    trained: trainer.parameters.reduce((sum, { shape }) => sum + size(shape), 0),
    all: [...tensors].reduce((sum, [name, { shape }]) => sum + (running.has(name) ? 0 : size(shape)), 0),
  }
}

const describeTraining = ({ options, trainer, material }: Plan, lr: number): string => {
  const { optimizer, schedule, epochs, batch, accumulate, warmUp, augment, weightDecay } = options
  const parts = [
    `${optimizer}, lr ${lr}${schedule === 'constant' ? '' : `, ${schedule}`}${warmUp ? `, warm-up ${warmUp}` : ''}`,
    ...(weightDecay ? [`weight decay ${weightDecay}`] : []),
    `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} of ${whole(material.train.steps)} ${material.train.steps === 1 ? 'step' : 'steps'}`,
    `batch ${batch}${accumulate > 1 ? ` × ${accumulate}` : ''}`,
    ...(augment ? [`augmented by ${augment}`] : []),
    trainer.build === 'relaxed' ? 'relaxed kernels' : '',
  ]
  return parts.filter(Boolean).join('; ')
}

export const summary = (plan: Plan, lr: number, resumed: string | undefined): void => {
  const { start, sets, material, preprocess, from, trainer } = plan
  const { trained, all } = parametersOf(trainer)
  const { static: fixed, weights, gradients, moments, arena, total, frozen } = trainer.memory
  const head = start.isNewHead ? `, a new last layer for ${start.classes.length} classes` : ''
  console.log(`${bold(start.name)}  ${dim(start.file ? `from ${start.file}${head}` : 'from nothing')}`)
  line('trains', trained === all ? `all ${count(all)} parameters` : `${count(trained)} of ${count(all)} parameters`)
  const { train, validation } = sets
  const measured = material.counts.validation
  const test = measured === 0 ? 'none to measure on' : `${whole(measured)} to measure on`
  line('images', `${whole(material.counts.train)} to train on, ${test}  ${dim(train.kind)}`)
  const leftOut = train.leftOut + (validation?.leftOut ?? 0)
  if (leftOut > 0)
    line('', `${whole(leftOut)} ${leftOut === 1 ? 'file is no image' : 'files are no images'} and left out`)
  line('classes', `${start.classes.length}: ${listed(start.classes)}`)
  line('input', `${showShape(start.shape)}: ${describePreprocess(preprocess)}  ${dim(`(${from})`)}`)
  line('with', describeTraining(plan, lr))
  line(
    'memory',
    `${bytes(total)}: weights ${bytes(weights)}, gradients ${bytes(gradients)}, moments ${bytes(moments)}, activations ${bytes(arena)}${fixed > 65536 ? `, static ${bytes(fixed)}` : ''}${frozen > 0 ? `, what is frozen ${bytes(frozen)}` : ''}`,
  )
  if (resumed !== undefined) line('resumed', `${resumed}, ${whole(trainer.steps)} steps behind it`)
  console.log()
}

/** A matrix for as many classes as there is room for. */
const MATRIX = 20

const confused = (confusion: Confusion, labels: readonly string[], images: string): string[] => {
  const lines = confusion.length > MATRIX ? [] : matrix(confusion, labels)
  const fits = lines.every(text => stripVTControlCharacters(text).length + 2 <= columns())
  return lines.length > 0 && fits
    ? [`classes in rows, answers in columns, on ${images}:`, ...lines.map(text => `  ${text}`)]
    : [`on ${images}:`, ...topConfusions(confusion, labels).map(text => `  ${text}`)]
}

export interface Result {
  readonly out: string
  readonly bytes: number
  readonly picture: string
  readonly measured: Evaluation
  readonly isValidation: boolean
  /** The epoch whose weights were written, and of how many. */
  readonly epoch: number
  readonly epochs: number
  readonly labels: readonly string[]
}

export const results = ({
  out,
  bytes: length,
  picture,
  measured,
  isValidation,
  epoch,
  epochs,
  labels,
}: Result): void => {
  const { count: images, loss, accuracy, confusion } = measured
  const kind = isValidation ? 'validation' : 'training'
  console.log(`\n${confused(confusion, labels, `${whole(images)} ${kind} images`).join('\n')}`)
  const right = Math.round(accuracy * images)
  console.log(
    `\n${bold(`${percent(accuracy)} right`)}: ${whole(right)} of ${whole(images)} ${kind} images, loss ${loss.toFixed(4)}\n`,
  )
  console.log(`${bold(out)}  ${bytes(length)}`)
  if (epoch < epochs) line('weights', `of epoch ${epoch}, which had the lowest validation loss of ${epochs}`)
  line('curve', picture)
  line('next', `convlet run ${basename(out) === out ? out : clean(out)} IMAGE`)
}
