// Pictures as RGBA bytes. Decoding is sharp's, which the user installs: the library itself never needs it.
import type { ImageLike } from '../../ts/api.js'
import { ConvletError } from '../../ts/error.js'
import { mustExist } from './disk.js'

const importSharp = async () => {
  try {
    return (await import('sharp')).default
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    throw new ConvletError(
      'UNSUPPORTED',
      missing
        ? 'images are decoded by sharp, which is not installed: npm install sharp.'
        : `images are decoded by sharp, which does not start: ${(cause as Error).message.split('\n')[0]}`,
      { cause },
    )
  }
}

/** The picture turned as its EXIF data says. */
export const readImage = async (file: string): Promise<ImageLike> => {
  await mustExist(file)
  const sharp = await importSharp()
  try {
    const picture = sharp(file).rotate().toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' })
    const { data, info } = await picture.toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.height }
  } catch (cause) {
    const fact = (cause as Error).message.split('\n')[0]
    throw new ConvletError('INPUT', `${file}: is no image that can be read: ${fact}.`, { cause })
  }
}

/** Dark on light becomes light on dark. What is transparent counts as paper. */
export const inverted = ({ data, width, height }: ImageLike): ImageLike => {
  const result = new Uint8Array(data.length).fill(255)
  for (let i = 0; i < data.length; i += 4)
    for (let c = 0; c < 3; c++) result[i + c] = Math.round((data[i + 3]! * (255 - data[i + c]!)) / 255)
  return { data: result, width, height }
}
