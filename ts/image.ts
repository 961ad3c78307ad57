import type { ImageLike } from './api.js'
import { ConvletError } from './error.js'
import { show } from './shape.js'
import type { Preprocess, Shape } from './types.js'

/** For each output position, the first input position it reads and their weights, which add up to 1. */
type Taps = readonly { readonly first: number; readonly weights: readonly number[] }[]

/**
 * A triangle filter from `from` to `to` samples, as wide as the scale when shrinking: bilinear interpolation that does not
 * alias, as PIL and torchvision (antialias) do it. Outside [0, to) of the scaled picture there is nothing.
 */
const filter = (from: number, to: number, scale: number, offset: number): Taps =>
  Array.from({ length: to }, (_, i) => {
    const centre = (i - offset + 0.5) / scale
    if (centre < 0 || centre > from) return { first: 0, weights: [] }
    const support = Math.max(1 / scale, 1)
    const first = Math.max(0, Math.ceil(centre - support - 0.5))
    const last = Math.min(from - 1, Math.floor(centre + support - 0.5))
    const raw = Array.from({ length: last - first + 1 }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / support),
    )
    const sum = raw.reduce((a, b) => a + b, 0)
    return { first, weights: raw.map(weight => weight / sum) }
  })

/** What each channel of the input takes of red, green and blue. */
const mixes: Record<Preprocess['color'], readonly (readonly [number, number, number])[]> = {
  gray: [[0.299, 0.587, 0.114]],
  rgb: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  bgr: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
}

/** Where no preprocess is known: the whole image, stretched to the input, pixel / 255. */
export const plainPreprocess = (channels: number): Preprocess => ({
  color: channels === 1 ? 'gray' : 'rgb',
  fit: 'stretch',
  mean: channels === 1 ? [0] : [0, 0, 0],
  std: channels === 1 ? [1] : [1, 1, 1],
})

const check = ({ data, width, height }: ImageLike, mixed: number, border: number, shape: Shape): void => {
  if (data.length !== width * height * 4 || width < 1 || height < 1)
    throw new ConvletError(
      'INPUT',
      `an image of ${width}×${height} pixels has ${width * height * 4} bytes of RGBA, got ${data.length}.`,
    )
  if (shape.length !== 3 || shape[0] !== mixed || shape[1]! <= 2 * border || shape[2]! <= 2 * border)
    throw new ConvletError(
      'INPUT',
      `the network's input is ${show(shape)}, its preprocess makes ${mixed} channels with a border of ${border} pixels. ` +
        'Pass the input as a Float32Array instead.',
    )
}

/** An image as the network's input `[C,H,W]`. Transparent pixels lie on black. */
export const toInput = (image: ImageLike, preprocess: Preprocess, shape: Shape): Float32Array => {
  const { color, fit, border = 0, mean, std } = preprocess
  const mix = mixes[color]
  check(image, mix.length, border, shape)
  const { data, width, height } = image
  const [c, h, w] = shape as readonly [number, number, number]
  const [boxHeight, boxWidth] = [h - 2 * border, w - 2 * border]
  let [scaleX, scaleY] = [boxWidth / width, boxHeight / height]
  if (fit !== 'stretch') scaleX = scaleY = fit === 'contain' ? Math.min(scaleX, scaleY) : Math.max(scaleX, scaleY)
  const columns = filter(width, boxWidth, scaleX, (boxWidth - width * scaleX) / 2)
  const rows = filter(height, boxHeight, scaleY, (boxHeight - height * scaleY) / 2)

  const result = new Float32Array(c * h * w)
  for (const [channel, [red, green, blue]] of mix.entries()) {
    // Along the rows first: what is left has the output's width.
    const narrow = new Float32Array(height * boxWidth)
    for (let y = 0; y < height; y++)
      for (const [x, { first, weights }] of columns.entries()) {
        let sum = 0
        for (let k = 0; k < weights.length; k++) {
          const at = (y * width + first + k) * 4
          const light = red * data[at]! + green * data[at + 1]! + blue * data[at + 2]!
          sum += (weights[k]! * light * data[at + 3]!) / 255
        }
        narrow[y * boxWidth + x] = sum
      }
    const normal = (value: number) => (value / 255 - mean[channel]!) / std[channel]!
    const plane = result.subarray(channel * h * w, (channel + 1) * h * w).fill(normal(0))
    for (const [y, { first, weights }] of rows.entries())
      for (let x = 0; x < boxWidth; x++) {
        let sum = 0
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * narrow[(first + k) * boxWidth + x]!
        plane[(y + border) * w + x + border] = normal(sum)
      }
  }
  return result
}
