import { ConvletError } from '../../ts/error.js'
import { shuffled } from '../../ts/train/data.js'
import { generator } from '../../ts/train/random.js'
import type { ImageSet } from './set.js'

const few = (names: readonly string[]): string => `${names.slice(0, 6).join(', ')}${names.length > 6 ? ', …' : ''}`

/** The class indices of a set's images in a network with these classes, which are found by their names. */
export const labelsIn = (set: ImageSet, classes: readonly string[], wayOut: string): Uint16Array => {
  const places = set.classes.map(name => classes.indexOf(name))
  const unknown = set.classes.filter((_, i) => places[i] === -1)
  if (unknown.length > 0)
    throw new ConvletError(
      'INPUT',
      `${set.path}: ${unknown.length === 1 ? 'the class' : `${unknown.length} classes,`} ${few(unknown)}${unknown.length === 1 ? ' is' : ','} ` +
        `not among the network's ${classes.length}: ${few(classes)}; ${wayOut}.`,
    )
  return set.labels.map(label => places[label]!)
}

/** Keeps a share of the images back, the same share of each class, chosen by the seed. */
export const split = (
  labels: ArrayLike<number>,
  share: number,
  seed: number,
): { rest: Uint32Array; kept: Uint32Array } => {
  const byClass = new Map<number, number[]>()
  for (let id = 0; id < labels.length; id++) {
    const ids = byClass.get(labels[id]!)
    if (ids) ids.push(id)
    else byClass.set(labels[id]!, [id])
  }
  const kept: number[] = []
  const rest: number[] = []
  for (const [label, ids] of byClass) {
    const order = shuffled(ids.length, generator(seed, `validation of class ${label}`))
    const count = Math.round(ids.length * share)
    for (const [i, at] of order.entries()) (i < count ? kept : rest).push(ids[at]!)
  }
  const sorted = (ids: number[]) => Uint32Array.from(ids).sort()
  return { rest: sorted(rest), kept: sorted(kept) }
}

export const everyId = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i)
