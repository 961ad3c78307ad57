import { get, type Tensor, tensor } from './tensor.js'

export interface Resizing {
  readonly mode: 'nearest' | 'linear'
  readonly coordinates: string
  readonly rounding?: string
  readonly scales?: readonly number[]
  readonly sizes?: readonly number[]
}

/** The output's length, and the scale as a fraction: of the lengths, or of the scale where that is another. */
const scaleOf = (length: number, scale: number | undefined, size: number | undefined) => {
  const out = size ?? Math.floor(Math.fround(length * Math.fround(scale!)))
  const exact = size !== undefined || Math.fround(out / length) === Math.fround(scale!)
  return { out, up: exact ? out : Math.fround(scale!), down: exact ? length : 1 }
}

/** ONNX Resize-19: where pixel o of the output lies in the input. */
const coordinate = (o: number, length: number, out: number, up: number, down: number, mode: string): number => {
  const half = ((o + 0.5) * down) / up - 0.5
  const width = (length * up) / down
  switch (mode) {
    case 'half_pixel':
      return half
    case 'half_pixel_symmetric':
      return (length / 2) * (1 - out / width) + half
    case 'pytorch_half_pixel':
      return out > 1 ? half : 0
    case 'align_corners':
      return width === 1 ? 0 : (o * (length - 1)) / (width - 1)
    default:
      return (o * down) / up
  }
}

const rounded = (v: number, how: string | undefined): number => {
  if (how === 'floor') return Math.floor(v)
  if (how === 'ceil') return Math.ceil(v)
  return how === 'round_prefer_ceil' ? Math.floor(v + 0.5) : Math.ceil(v - 0.5)
}

/** ONNX Resize-19 over the height and width of a map. Beyond its border a map goes on as at the border. */
export const resize = (x: Tensor, { mode, coordinates, rounding, scales, sizes }: Resizing): Tensor => {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number]
  const rows = scaleOf(h, scales?.[0], sizes?.[0])
  const columns = scaleOf(w, scales?.[1], sizes?.[1])
  const pixel = (index: readonly number[], i: number, j: number) =>
    get(x, [index[0]!, index[1]!, Math.min(Math.max(i, 0), h - 1), Math.min(Math.max(j, 0), w - 1)])
  return tensor([n, c, rows.out, columns.out], index => {
    const v = coordinate(index[2]!, h, rows.out, rows.up, rows.down, coordinates)
    const u = coordinate(index[3]!, w, columns.out, columns.up, columns.down, coordinates)
    if (mode === 'nearest') return pixel(index, rounded(v, rounding), rounded(u, rounding))
    const [i, j] = [Math.floor(v), Math.floor(u)]
    const [down, across] = [v - i, u - j]
    const top = (1 - across) * pixel(index, i, j) + across * pixel(index, i, j + 1)
    const bottom = (1 - across) * pixel(index, i + 1, j) + across * pixel(index, i + 1, j + 1)
    return (1 - down) * top + down * bottom
  })
}
