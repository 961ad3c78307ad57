import { InvalidArgumentError } from 'commander'
import { type Augmentation, crop, cutout, flip, shift } from '../../ts/train.js'

const whole = (n: number): boolean => Number.isInteger(n) && n > 0

/** Each by its name, the figure it takes, and which figures it can take. */
const AUGMENTATIONS: Record<
  string,
  { make: (n?: number) => Augmentation; fits: (n: number) => boolean; takes: string; needed?: true }
> = {
  shift: { make: n => shift(n!), fits: whole, takes: 'pixels', needed: true },
  flip: { make: flip, fits: n => n > 0 && n <= 1, takes: 'a share of the images' },
  crop: { make: crop, fits: n => n > 0 && n < 1, takes: 'a share of the sides' },
  cutout: { make: n => cutout(n!), fits: whole, takes: 'pixels', needed: true },
}

/** `shift=2,flip,crop=0.8,cutout=8`, in this order. */
export const augmentations = (list: string): Augmentation[] =>
  list.split(',').map(part => {
    const [name = '', figure] = part.trim().split('=', 2)
    const known = Object.hasOwn(AUGMENTATIONS, name) && AUGMENTATIONS[name]
    if (!known) throw new InvalidArgumentError(`There is ${Object.keys(AUGMENTATIONS).join(', ')}, no "${name}".`)
    if (figure === undefined && !known.needed) return known.make()
    if (figure && known.fits(Number(figure))) return known.make(Number(figure))
    throw new InvalidArgumentError(
      `${name} takes ${known.takes}, e.g. ${name}=${{ shift: 2, flip: 0.5, crop: 0.8 }[name] ?? 8}.`,
    )
  })
