/** A tensor of the references: in the order that its shape says, in double precision. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Position of an index in the data; undefined outside the shape. */
export const position = (shape: readonly number[], index: readonly number[]): number | undefined => {
  let result = 0
  for (let i = 0; i < shape.length; i++) {
    if (index[i]! < 0 || index[i]! >= shape[i]!) return undefined
    result = result * shape[i]! + index[i]!
  }
  return result
}

/** The element at an index, or `outside` where there is none. */
export const get = ({ shape, data }: Tensor, index: readonly number[], outside = Number.NaN): number => {
  const at = position(shape, index)
  return at === undefined ? outside : data[at]!
}

/** A tensor whose elements are given by their index. */
export const tensor = (shape: readonly number[], element: (index: readonly number[]) => number): Tensor => {
  const index: number[] = shape.map(() => 0)
  const data = new Float64Array(size(shape))
  for (let at = 0; at < data.length; at++) {
    data[at] = element(index)
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0
  }
  return { shape, data }
}

export const map = ({ shape, data }: Tensor, f: (value: number, i: number) => number): Tensor => ({
  shape,
  data: data.map(f),
})

export const abs = (x: Tensor): Tensor => map(x, Math.abs)

/** A map N×C×H×W with its channels innermost. */
export const toNhwc = (x: Tensor): Tensor => {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number]
  return tensor([n, h, w, c], ([i, y, x_, k]) => get(x, [i!, k!, y!, x_!]))
}
