// What a picture is, told by its first bytes before anything is decoded.
import { HttpError } from './errors.js'
import { MAX_PIXELS } from './limits.js'

export type Kind = 'png' | 'jpeg'

export interface Picture {
  readonly kind: Kind
  readonly width: number
  readonly height: number
}

export const badImage = (fact: string): HttpError => new HttpError(422, 'bad_image', `the picture is damaged: ${fact}.`)

/** Width and height, of a PNG's first chunk. */
const ofPng = (view: DataView): readonly [number, number] => {
  if (view.byteLength < 33 || view.getUint32(12) !== 0x49484452) throw badImage('it has no IHDR')
  return [view.getUint32(16), view.getUint32(20)]
}

/** Width and height, of a JPEG's frame header (ITU T.81, B.2.2). */
const ofJpeg = (view: DataView): readonly [number, number] => {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) break
    const marker = view.getUint8(at + 1)
    // Any number of bytes may fill the space before a marker.
    if (marker === 0xff) at++
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return [view.getUint16(at + 7), view.getUint16(at + 5)]
    else at += 2 + view.getUint16(at + 2)
  }
  throw badImage('it has no frame header')
}

/** Throws unless it is a PNG or a JPEG with no more pixels than there is memory for. What the bytes say counts, not their type. */
export const measure = (bytes: Uint8Array): Picture => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length === 0) throw new HttpError(400, 'empty_body', 'the body is empty: it should be a PNG or a JPEG.')
  const isPng = bytes.length >= 8 && view.getBigUint64(0) === 0x89504e470d0a1a0an
  const isJpeg = bytes.length >= 3 && view.getUint16(0) === 0xffd8 && bytes[2] === 0xff
  if (!isPng && !isJpeg)
    throw new HttpError(
      415,
      'unsupported_type',
      'the body is neither a PNG nor a JPEG: send the file itself, no form (curl --data-binary @picture.png).',
    )
  const [width, height] = isPng ? ofPng(view) : ofJpeg(view)
  if (width === 0 || height === 0) throw badImage(`it is ${width}×${height}`)
  if (width * height > MAX_PIXELS)
    throw new HttpError(
      422,
      'image_too_large',
      `the picture is ${width}×${height}, there is memory for ${MAX_PIXELS} pixels: scale it down.`,
    )
  return { kind: isPng ? 'png' : 'jpeg', width, height }
}
