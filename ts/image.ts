import type { ImageLike } from './api.js'
import { fail } from './error.js'
import { show } from './shape.js'
import type { Preprocess, Shape } from './types.js'

/**
 * Scales the rows of a picture to `to` samples around its centre, and turns it, so that two times scale both ways. A triangle
 * filter, as wide as the scale when shrinking: bilinear interpolation that does not alias, as PIL and torchvision
 * (antialias) do it. Outside the picture, and in the border, there is nothing.
 */
const resample = (
  line: (row: number) => Float32Array,
  rows: number,
  from: number,
  to: number,
  scale: number,
  border: number,
): Float32Array => {
  const support = Math.max(1 / scale, 1)
  // For each result the first sample it reads, and what it takes of each.
  const taps = Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5 - to / 2) / scale + from / 2
    const first = Math.max(0, Math.ceil(centre - support - 0.5))
    const length = Math.min(from, Math.floor(centre + support + 0.5)) - first
    const isInside = i >= border && i < to - border && centre >= 0 && centre <= from
    const raw = Array.from({ length: isInside ? length : 0 }, (_, k) => support - Math.abs(first + k + 0.5 - centre))
    const sum = raw.reduce((a, b) => a + b, 0)
    return { first, weights: raw.map(weight => weight / sum) }
  })
  const result = new Float32Array(to * rows)
  for (let row = 0; row < rows; row++) {
    const samples = line(row)
    for (const [i, { first, weights }] of taps.entries()) {
      let sum = 0
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * samples[first + k]!
      result[i * rows + row] = sum
    }
  }
  return result
}

type Mix = readonly (readonly [red: number, green: number, blue: number])[]

const rgb: Mix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
]

/** What each channel of the input takes of red, green and blue. */
const mixes: Record<Preprocess['color'], Mix> = { gray: [[0.299, 0.587, 0.114]], rgb, bgr: [...rgb].reverse() }

/** Where no preprocess is known: the whole image, stretched to the input, pixel / 255. */
export const plainPreprocess = (channels: number): Preprocess => ({
  color: channels === 1 ? 'gray' : 'rgb',
  fit: 'stretch',
  mean: [0, 0, 0],
  std: [1, 1, 1],
})

/** An image as the network's input `[C,H,W]`. Transparent pixels lie on black. */
export const toInput = ({ data, width, height }: ImageLike, preprocess: Preprocess, shape: Shape): Float32Array => {
  const { color, fit, border = 0, mean, std } = preprocess
  const mix = mixes[color]
  const [c, h, w] = shape as readonly [number, number, number]
  const [boxHeight, boxWidth] = [h - 2 * border, w - 2 * border]
  if (!(width > 0 && height > 0) || data?.length !== width * height * 4)
    fail('INPUT', `an image has width, height and 4 bytes for each pixel; got ${width}×${height} and ${data?.length}`)
  if (shape.length !== 3 || c !== mix.length || boxHeight < 1 || boxWidth < 1)
    fail('INPUT', `the input is ${show(shape)}, preprocess makes ${color} with border ${border}; pass a Float32Array`)
  const [x, y] = [boxWidth / width, boxHeight / height]
  const scale = fit === 'stretch' ? 0 : fit === 'contain' ? Math.min(x, y) : Math.max(x, y)

  const line = new Float32Array(width)
  const result = new Float32Array(c * h * w)
  for (const [channel, [red, green, blue]] of mix.entries()) {
    const light = (row: number) => {
      for (let i = 0, at = row * width * 4; i < width; i++, at += 4)
        line[i] = ((red * data[at]! + green * data[at + 1]! + blue * data[at + 2]!) * data[at + 3]!) / 255
      return line
    }
    // Of this the rows are the picture's columns.
    const narrow = resample(light, height, width, w, scale || x, border)
    const column = (i: number) => narrow.subarray(i * height, (i + 1) * height)
    const values = resample(column, w, height, h, scale || y, border)
    result.set(
      values.map(value => (value / 255 - mean[channel]!) / std[channel]!),
      channel * h * w,
    )
  }
  return result
}
