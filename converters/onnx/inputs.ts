import { ConvletError } from '../../ts/error.js'
import type { GraphInput, Shape } from '../../ts/types.js'
import type { OnnxInput } from './read.js'
import type { Problem } from './report.js'
import { MAX_RANK } from './tensor.js'

const isShape = (shape: Shape) => shape.length <= MAX_RANK && shape.every(n => Number.isSafeInteger(n) && n > 0)

// Something to start from: an image of the usual size where the file says nothing.
const example = (dims: OnnxInput['dims']) =>
  (dims ?? ['N', 3, 'H', 'W']).map((d, i) => (typeof d === 'number' ? d : i === 0 ? 1 : i === 1 ? 3 : 224)).join()

/**
 * Shape of a graph input: what the caller says, else what the file says, where a symbolic batch is 1. A shape that is
 * still open, or in which both differ, is a `SHAPE` error.
 */
const resolve = ({ name, dims }: OnnxInput, given: Shape | undefined): GraphInput | ConvletError => {
  const declared = dims ? dims.join('×') || 'a scalar' : 'of unknown rank'
  const wayOut = `--input-shape ${name}=${example(dims)}`
  const fail = (fact: string) => new ConvletError('SHAPE', `input "${name}" is ${declared} in the file${fact}`)
  const shape = given ?? dims?.map((d, i) => (i === 0 && typeof d === 'string' ? 1 : d))
  if (!shape?.every(d => typeof d === 'number')) return fail(`: say how large it is, e.g. ${wayOut}`)
  if (!isShape(shape)) return fail(`, ${shape.join('×')} is no shape: use positive integers, e.g. ${wayOut}`)
  const fits =
    !dims || (dims.length === shape.length && dims.every((d, i) => i === 0 || d === shape[i] || typeof d === 'string'))
  return fits ? { name, shape } : fail(`, ${shape.join('×')} does not fit: only the batch and open sizes can be chosen`)
}

export interface BoundInputs {
  readonly inputs: readonly GraphInput[]
  readonly problems: readonly Problem[]
  /** Why an input has no shape yet. */
  readonly open: ConvletError | undefined
}

/** Gives every input that is read its shape. What is wrong is returned, for the caller to say which of its complaints come first. */
export const bindInputs = (
  inputs: readonly OnnxInput[],
  shapes: Readonly<Record<string, Shape>>,
  isRead: (name: string) => boolean,
  file: string,
): BoundInputs => {
  const stray = Object.keys(shapes).find(name => inputs.every(input => input.name !== name))
  if (stray !== undefined) {
    const names = inputs.map(({ name }) => `"${name}"`).join(', ')
    throw new ConvletError('INPUT', `a shape is given for "${stray}", the inputs of ${file} are ${names || 'none'}`)
  }
  const read = inputs.filter(({ name }) => isRead(name))
  const bound = read
    .filter(({ refused }) => refused === undefined)
    .map(input => resolve(input, Object.hasOwn(shapes, input.name) ? shapes[input.name] : undefined))
  return {
    inputs: bound.flatMap(b => (b instanceof ConvletError ? [] : [b])),
    problems: read.flatMap(({ name, refused }) => (refused ? [{ kind: 'input', name, reason: refused }] : [])),
    open: bound.find(b => b instanceof ConvletError),
  }
}
