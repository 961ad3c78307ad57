import { type Sliding, sliding } from './pool.js'
import { get, type Tensor, tensor } from './tensor.js'

// The three transforms of F(4×4, 3×3) with every entry's sign dropped: what passes through them bounds the sizes of all that
// is added up on the way, and so the roundings. Lavin & Gray 2016, the points 0, ±1, ±2.
const B = [
  [4, 0, 5, 0, 1, 0],
  [0, 4, 4, 1, 1, 0],
  [0, 4, 4, 1, 1, 0],
  [0, 2, 1, 2, 1, 0],
  [0, 2, 1, 2, 1, 0],
  [0, 4, 0, 5, 0, 1],
]
const G = [
  [1 / 4, 0, 0],
  [1 / 6, 1 / 6, 1 / 6],
  [1 / 6, 1 / 6, 1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [0, 0, 1],
]
const A = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, 1, 2, 2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, 1, 8, 8, 1],
]

type Matrix = readonly (readonly number[])[]

/** T·M·Tᵀ. */
const both = (t: Matrix, m: Matrix): number[][] => {
  const left = t.map(row => m[0]!.map((_, j) => row.reduce((sum, v, k) => sum + v * m[k]![j]!, 0)))
  return left.map(row => t.map(other => other.reduce((sum, v, k) => sum + v * row[k]!, 0)))
}

/** Roundings on the way to one result: c products added up, and three transforms there and back. */
export const winogradSteps = (c: number): number => c + 40

/** Whether a convolution may be computed Winograd's way. */
export const winogradFits = (w: Tensor, { stride = [1, 1], dilation = [1, 1] }: Partial<Sliding>): boolean =>
  w.shape[2] === 3 && w.shape[3] === 3 && [...stride, ...dilation].every(d => d === 1)

/** For each result of a 3×3 convolution of |x| and |w|, the size of the numbers that Winograd's way adds up. */
export const winogradSizes = (x: Tensor, w: Tensor, window: Omit<Sliding, 'kernel'>): Tensor => {
  const [n, c, h, width] = x.shape as readonly [number, number, number, number]
  const oc = w.shape[0]!
  const { pad, out } = sliding(h, width, { ...window, kernel: [3, 3] })
  const six = [0, 1, 2, 3, 4, 5]
  const weights = Array.from({ length: oc }, (_, o) =>
    Array.from({ length: c }, (_, i) =>
      both(
        G,
        [0, 1, 2].map(ky => [0, 1, 2].map(kx => get(w, [o, i, ky, kx]))),
      ),
    ),
  )
  const tiles = new Map<string, number[][]>()
  const tile = (image: number, o: number, ti: number, tj: number): number[][] => {
    const key = `${image} ${o} ${ti} ${tj}`
    const known = tiles.get(key)
    if (known) return known
    const sums = six.map(() => six.map(() => 0))
    for (let i = 0; i < c; i++) {
      const patch = six.map(a => six.map(b => get(x, [image, i, ti * 4 + a - pad[0], tj * 4 + b - pad[1]], 0)))
      const v = both(B, patch)
      for (const a of six) for (const b of six) sums[a]![b]! += v[a]![b]! * weights[o]![i]![a]![b]!
    }
    const result = both(A, sums)
    tiles.set(key, result)
    return result
  }
  return tensor([n, oc, ...out], ([image, o, i, j]) => tile(image!, o!, i! >> 2, j! >> 2)[i! & 3]![j! & 3]!)
}
