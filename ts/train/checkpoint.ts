import { fail } from '../error.js'
import { readModel } from '../file.js'
import { parse } from '../meta.js'
import type { Model, Shape, Tensor } from '../types.js'
import type { Epoch } from './api.js'
import type { Running } from './fit.js'
import { numbers } from './weights.js'

/** What a checkpoint holds besides tensors. */
export interface Facts {
  readonly optimizer: string
  readonly steps: number
  /** Batches whose gradients are added up but not used yet: the checkpoint has the gradients too. */
  readonly pending: number
  /** Whether it has the weights of the best epoch too. */
  readonly best: boolean
  readonly history: readonly Epoch[]
  /** Of an epoch that was not finished. */
  readonly running: Running | undefined
}

/** The facts travel as a tensor of bytes, so that a checkpoint is a safetensors file like others. */
const FACTS = 'checkpoint'

export const pack = (facts: Facts, tensors: ReadonlyMap<string, Tensor>): Model => {
  const data = new TextEncoder().encode(JSON.stringify(facts))
  return { tensors: new Map([...tensors, [FACTS, { dtype: 'U8', shape: [data.length], data }]]) }
}

export interface Unpacked {
  readonly facts: Facts
  readonly tensors: ReadonlyMap<string, { readonly shape: Shape; readonly values: Float32Array }>
}

/** Reads a checkpoint back. Throws `INPUT` for a file that is none, or another optimizer's. */
export const unpack = async (bytes: Uint8Array, optimizer: string): Promise<Unpacked> => {
  const { tensors } = await readModel(bytes)
  const own = tensors.get(FACTS)
  if (!own) return fail('INPUT', 'the file is no checkpoint; a model is loaded by `trainer` itself')
  const facts = parse(FACTS, () => new TextDecoder().decode(own.data)) as Facts
  if (facts.optimizer !== optimizer)
    fail('INPUT', `the checkpoint is of ${facts.optimizer}, the trainer has ${optimizer}`)
  const found = Array.from(tensors).filter(([name]) => name !== FACTS)
  return { facts, tensors: new Map(found.map(([name, t]) => [name, { shape: t.shape, values: numbers(t) }])) }
}
