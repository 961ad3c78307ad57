import { ConvletError } from '../../ts/error.js'
import type { Preprocess, Shape } from '../../ts/types.js'
import type { ImageSet } from './set.js'

/** What the user says of it. */
export interface PreprocessOptions {
  readonly mean?: readonly number[]
  readonly std?: readonly number[]
  readonly fit?: Preprocess['fit']
}

/** Pixels on each side by which images of one size are smaller than the input, if it is the same all around. */
const borderOf = ({ size }: ImageSet, [, h, w]: readonly number[]): number => {
  const [height, width] = [h! - (size?.[1] ?? h!), w! - (size?.[2] ?? w!)]
  return height === width && height > 0 && height % 2 === 0 && height <= h! / 4 ? height / 2 : 0
}

/** One figure for all channels, or one for each. */
const perChannel = (name: string, figures: readonly number[], channels: number): readonly number[] => {
  if (figures.length === 1) return Array(channels).fill(figures[0])
  if (figures.length === channels) return figures
  throw new ConvletError(
    'INPUT',
    `--${name} has ${figures.length} figures, the network's input has ${channels} channels.`,
  )
}

/** How images become the input, and whose words these are: the model's, or what is usual for the data; options come before both. */
export const choosePreprocess = (
  set: ImageSet,
  [channels = 0, ...sides]: Shape,
  known: Preprocess | undefined,
  options: PreprocessOptions,
): { readonly preprocess: Preprocess; readonly from: string } => {
  if (channels !== 1 && channels !== 3)
    throw new ConvletError('INPUT', `the network takes ${channels} channels, images have 1 or 3.`)
  const shape = [channels, ...sides]
  const border = borderOf(set, shape)
  const color = channels === 1 ? 'gray' : 'rgb'
  const usual: Preprocess = {
    color,
    fit: set.kind === 'folders' ? 'cover' : 'contain',
    ...(border > 0 && { border }),
    ...set.usual[color],
  }
  const { mean, std, fit } = options
  const preprocess = {
    ...(known ?? usual),
    ...(fit && { fit }),
    ...(mean && { mean: perChannel('mean', mean, channels) }),
    ...(std && { std: perChannel('std', std, channels) }),
  }
  return { preprocess, from: known ? "the model's" : set.kind === 'folders' ? 'the default' : `usual for ${set.kind}` }
}
