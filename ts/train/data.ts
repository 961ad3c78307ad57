import { fail } from '../error.js'
import { show } from '../shape.js'
import type { Batch, Dataset } from './api.js'
import type { Augmentation } from './augment.js'
import { between, positive } from './check.js'
import { generator } from './random.js'

/** Labelled images in memory. */
export interface Images {
  /** All images one after the other, each `[channels, height, width]`: bytes as pixels have them, or floats as the network wants them. */
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array
  readonly shape: readonly [channels: number, height: number, width: number]
  /** Class indices, one for each image. */
  readonly labels: ArrayLike<number>
  /** Of bytes: input = (pixel / 255 − mean) / std, a figure per channel or one for all. Default 0 and 1. */
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  /** Black pixels added on each side. Default 0. */
  readonly border?: number
}

export interface BatchesOptions {
  /** Images per batch; the last one may have fewer. Default 32. */
  readonly batch?: number
  /** Leaves out a last batch that would have fewer. Default false. */
  readonly dropLast?: boolean
  /** A new order in every epoch, of the seed. Default true. */
  readonly shuffle?: boolean
  readonly seed?: number
  /** Changes made to every image anew in every epoch, before it is normalised. */
  readonly augment?: readonly Augmentation[]
}

/** The numbers 0 to n − 1 in an order of the seed (Fisher & Yates 1938). */
export const shuffled = (n: number, random: () => number): Uint32Array => {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
  return order
}

/** Cuts images into batches: shuffled, augmented and normalised, the same ones for the same seed and epoch. */
export const batches = (images: Images, options: BatchesOptions = {}): Dataset => {
  const { data, shape, labels, mean = [0], std = [1], border = 0 } = images
  const { batch = 32, dropLast = false, shuffle = true, seed = 0, augment = [] } = options
  const [c, h, w] = shape
  const one = c * h * w
  const count = labels.length
  if (data.length !== count * one)
    fail('INPUT', `${count} labels and images of ${show(shape)} want ${count * one} numbers, there are ${data.length}`)
  if (!(data instanceof Float32Array || data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    fail('INPUT', 'data must be a Uint8Array or a Float32Array')
  positive('batch', batch)
  if (!Number.isInteger(border)) fail('INPUT', `border must be a whole number, is ${border}`)
  between('border', border, 0)
  if (data instanceof Float32Array && (border || images.mean || images.std))
    fail('INPUT', 'mean, std and border are for images of bytes; floats are as the network wants them')
  const [oh, ow] = [h + 2 * border, w + 2 * border]
  const full = [c, oh, ow] as const
  const plane = oh * ow
  const bytes = !(data instanceof Float32Array)

  const place = (to: Float32Array, id: number, epoch: number): void => {
    if (border === 0) to.set(data.subarray(id * one, (id + 1) * one))
    else
      for (let k = 0, from = id * one; k < c; k++)
        for (let y = 0; y < h; y++) {
          const row = k * plane + (y + border) * ow + border
          for (let x = 0; x < w; x++) to[row + x] = data[from++]!
        }
    if (augment.length) {
      const random = generator(seed, `image ${id} in epoch ${epoch}`)
      for (const change of augment) change(to, full, random)
    }
    if (bytes)
      for (let k = 0; k < c; k++) {
        const s = std[k % std.length]!
        const [scale, shift] = [1 / (255 * s), mean[k % mean.length]! / s]
        for (let i = k * plane; i < (k + 1) * plane; i++) to[i] = to[i]! * scale - shift
      }
  }
  function* epoch(n: number): Generator<Batch> {
    const order = shuffle
      ? shuffled(count, generator(seed, `epoch ${n}`))
      : Uint32Array.from({ length: count }, (_, i) => i)
    for (let begin = 0; begin + (dropLast ? batch : 1) <= count; begin += batch) {
      const ids = order.subarray(begin, begin + batch)
      let made: Float32Array | undefined
      yield {
        // Made when somebody asks for it: where features are kept, nobody does after the first epoch.
        get input() {
          if (made) return made
          made = new Float32Array(ids.length * c * plane)
          for (const [i, id] of ids.entries()) place(made.subarray(i * c * plane, (i + 1) * c * plane), id, n)
          return made
        },
        labels: Float32Array.from(ids, id => labels[id]!),
        // An image that is another one in each epoch has no name.
        ...(augment.length === 0 && { ids }),
      }
    }
  }
  return { steps: Math[dropLast ? 'floor' : 'ceil'](count / batch), epoch }
}
