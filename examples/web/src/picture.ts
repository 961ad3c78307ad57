import type { ImageLike } from 'convlet'

/** Pixels along a side: what is larger than any network's input, and no camera's whole picture. */
const MOST = 1024

/** An image file's pixels, white for black where that is wanted. */
export const decode = async (file: Blob, invert: boolean): Promise<ImageLike> => {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file instanceof File ? file.name : 'the file'} is not an image that this browser can read`)
  })
  const scale = Math.min(1, MOST / Math.max(bitmap.width, bitmap.height))
  const [width, height] = [bitmap.width, bitmap.height].map(side => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ]
  const context = new OffscreenCanvas(width, height).getContext('2d')!
  context.imageSmoothingQuality = 'high'
  // Transparent pixels are paper.
  context.fillStyle = invert ? 'white' : 'black'
  context.fillRect(0, 0, width, height)
  context.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  const image = context.getImageData(0, 0, width, height)
  if (invert) for (let i = 0; i < image.data.length; i++) if (i % 4 < 3) image.data[i] = 255 - image.data[i]!
  return image
}
