import type { ImageLike } from '../../ts/api.js'
import { ConvletError } from '../../ts/error.js'
import type { Preprocess } from '../../ts/types.js'

/** Labelled images, wherever they lie: each is read when its turn comes. */
export interface ImageSet {
  readonly kind: 'folders' | 'MNIST' | 'CIFAR-10'
  /** What messages call it. */
  readonly path: string
  /** Names, in the order of the indices that `labels` has. */
  readonly classes: readonly string[]
  readonly labels: Uint16Array
  /** Of every image, where all have one. */
  readonly size?: readonly [channels: number, height: number, width: number]
  /** The bytes of an image in that size, channel by channel, where they are in memory. */
  readonly pixels?: (id: number) => Uint8Array
  /** The image with 4 bytes for each pixel. Throws, naming the file. */
  readonly image: (id: number) => Promise<ImageLike>
  /** How such images are usually normalised, in gray and in colour. */
  readonly usual: Readonly<Record<'gray' | 'rgb', Pick<Preprocess, 'mean' | 'std'>>>
  /** Tells this set from another when training goes on. */
  readonly identity: string
  /** Files that are no images. */
  readonly leftOut: number
}

/** What a folder holds: images to train on, images to test on, or both. */
export interface Data {
  readonly train?: ImageSet
  readonly test?: ImageSet
}

export const failData = (path: string, fact: string, cause?: unknown): never => {
  throw new ConvletError('FILE', `${path}: ${fact}.`, { cause })
}

/** Planar bytes as the pixels of a picture. */
export const toImage = (bytes: Uint8Array, [c, height, width]: NonNullable<ImageSet['size']>): ImageLike => {
  const plane = height * width
  const data = new Uint8Array(plane * 4).fill(255)
  for (let i = 0; i < plane; i++) for (let k = 0; k < 3; k++) data[i * 4 + k] = bytes[(k % c) * plane + i]!
  return { data, width, height }
}

/** Images whose bytes lie in memory one after the other, `step` apart. */
export const inMemory = (
  bytes: Uint8Array,
  size: NonNullable<ImageSet['size']>,
  { begin, step }: { readonly begin: number; readonly step: number },
): Pick<ImageSet, 'size' | 'pixels' | 'image' | 'leftOut'> => {
  const one = size[0] * size[1] * size[2]
  const pixels = (id: number) => bytes.subarray(begin + id * step, begin + id * step + one)
  return { size, pixels, image: async id => toImage(pixels(id), size), leftOut: 0 }
}
