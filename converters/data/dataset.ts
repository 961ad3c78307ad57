// Batches of a set's images, read when their turn comes: the same ones for the same seed and epoch.
import { setImmediate } from 'node:timers/promises'
import { toInput } from '../../ts/image.js'
import type { Batch, Dataset } from '../../ts/train/api.js'
import type { Augmentation } from '../../ts/train/augment.js'
import { shuffled } from '../../ts/train/data.js'
import { generator } from '../../ts/train/random.js'
import type { Preprocess, Shape } from '../../ts/types.js'
import type { ImageSet } from './set.js'

export interface DatasetOptions {
  /** Of the network's input, without the batch. */
  readonly shape: Shape
  readonly preprocess: Preprocess
  readonly batch: number
  readonly seed: number
  readonly shuffle: boolean
  readonly augment: readonly Augmentation[]
  /** Batches that `fit` passes over, since they were trained on before an interruption: they are not read. */
  readonly done?: { readonly epoch: number; readonly batches: number }
}

/** Images decoded at the same time. A photo takes 50 MB while it is. */
const AT_ONCE = 4
/** Inputs that are kept instead of being read in every epoch, in bytes. */
const KEPT = 128 * 1024 * 1024

/** What makes an image the network's input, but for the normalisation: values from 0 to 1, black where nothing is. */
const preparation = (set: ImageSet, shape: Shape, preprocess: Preprocess): ((id: number) => Promise<Float32Array>) => {
  const { color, fit, border = 0 } = preprocess
  const [c, h, w] = shape as readonly [number, number, number]
  const [from, height, width] = set.size ?? []
  const fits = from === c && height! + 2 * border === h && width! + 2 * border === w && color !== 'bgr'
  if (set.pixels && fits) {
    const { pixels } = set
    return async id => {
      const bytes = pixels(id)
      const input = new Float32Array(c * h * w)
      for (let row = 0; row < c * height!; row++) {
        const to = (Math.floor(row / height!) * h + (row % height!) + border) * w + border
        for (let x = 0; x < width!; x++) input[to + x] = bytes[row * width! + x]! / 255
      }
      return input
    }
  }
  const plain: Preprocess = { color, fit, border, mean: Array(c).fill(0), std: Array(c).fill(1) }
  const kept = new Map<number, Float32Array>()
  return async id => {
    const known = kept.get(id)
    if (known) return known.slice()
    const input = toInput(await set.image(id), plain, shape)
    if ((kept.size + 1) * input.byteLength <= KEPT) kept.set(id, input.slice())
    return input
  }
}

/** The results of a function for all, `AT_ONCE` under way at a time. */
const inTurn = async <T, U>(all: readonly T[], run: (one: T, index: number) => Promise<U>): Promise<U[]> => {
  const results: U[] = []
  let next = 0
  const work = async () => {
    while (next < all.length) {
      const index = next++
      results[index] = await run(all[index]!, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, work))
  return results
}

/** Batches of the images `ids` of a set, whose class indices are `labels`. */
export const dataset = (
  set: ImageSet,
  ids: Uint32Array,
  labels: ArrayLike<number>,
  options: DatasetOptions,
): Dataset => {
  const { shape, preprocess, batch, seed, shuffle, augment, done } = options
  const { mean, std } = preprocess
  const [c, h, w] = shape as readonly [number, number, number]
  const [plane, one] = [h * w, c * h * w]
  const prepare = preparation(set, shape, preprocess)

  const load = async (chosen: readonly number[], epoch: number): Promise<Batch> => {
    const input = new Float32Array(chosen.length * one)
    await inTurn(chosen, async (id, i) => {
      const image = await prepare(id)
      if (augment.length > 0) {
        const random = generator(seed, `image ${id} in epoch ${epoch}`)
        for (const change of augment) change(image, [c, h, w], random)
      }
      for (let k = 0; k < c; k++)
        for (let at = k * plane; at < (k + 1) * plane; at++) input[i * one + at] = (image[at]! - mean[k]!) / std[k]!
    })
    // An image that is another one in each epoch has no name.
    return { input, labels: Float32Array.from(chosen, id => labels[id]!), ...(augment.length === 0 && { ids: chosen }) }
  }
  const steps = Math.ceil(ids.length / batch)

  async function* epoch(n: number): AsyncGenerator<Batch> {
    const order = shuffle ? shuffled(ids.length, generator(seed, `epoch ${n}`)).map(i => ids[i]!) : ids
    const passed = done?.epoch === n ? done.batches : 0
    for (let i = 0; i < passed; i++) yield { input: new Float32Array(0), labels: [] }
    const begin = (step: number) => {
      const loading = load([...order.subarray(step * batch, (step + 1) * batch)], n)
      // It is awaited when its turn comes, or never.
      loading.catch(() => {})
      return loading
    }
    let next = begin(passed)
    for (let step = passed; step < steps; step++) {
      const ready = await next
      // Decoded while the network is at work on the batch before.
      next = begin(step + 1)
      // Lets signals through.
      await setImmediate()
      yield ready
    }
  }
  return { steps, epoch }
}
