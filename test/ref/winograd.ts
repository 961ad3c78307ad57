import { type Sliding, sliding } from './pool.js'
import { get, type Tensor, tensor } from './tensor.js'

type Matrix = readonly (readonly number[])[]

// The transforms of F(4×4, 3×3) and F(2×2, 3×3). Lavin & Gray 2016, the points 0, ±1, ±2 and 0, ±1.
export const transforms = {
  4: {
    B: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
    G: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    A: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, -1, 2, -2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, -1, 8, -8, 1],
    ],
  },
  2: {
    B: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, 1, 0, -1],
    ],
    G: [
      [1, 0, 0],
      [1 / 2, 1 / 2, 1 / 2],
      [1 / 2, -1 / 2, 1 / 2],
      [0, 0, 1],
    ],
    A: [
      [1, 1, 1, 0],
      [0, 1, -1, -1],
    ],
  },
} as const

const product = (a: Matrix, b: Matrix): Matrix =>
  a.map(row => b[0]!.map((_, j) => row.reduce((sum, v, k) => sum + v * b[k]![j]!, 0)))

const signless = (m: Matrix): Matrix => m.map(row => row.map(Math.abs))

/** Multiplies a polynomial by (x − ½): seven values to six. */
const half = [0, 1, 2, 3, 4, 5].map(i => [0, 1, 2, 3, 4, 5, 6].map(j => (j === i ? -1 / 2 : j === i + 1 ? 1 : 0)))

const factors = product(signless(transforms[4].B), signless(half))

/** The transforms of F(3×3, 5×5), the points 0, ±1, ±2, ½. */
const five = {
  B: [
    [-2, 4, 5 / 2, -5, -1 / 2, 1, 0],
    [0, 2, -2, -9 / 2, 1 / 2, 1, 0],
    [0, -2, 6, -7 / 2, -3 / 2, 1, 0],
    [0, 1, -3 / 2, -2, 3 / 2, 1, 0],
    [0, -1, 5 / 2, 0, -5 / 2, 1, 0],
    [0, 4, 0, -5, 0, 1, 0],
    [0, -2, 4, 5 / 2, -5, -1 / 2, 1],
  ],
  G: [
    [-1 / 2, 0, 0, 0, 0],
    [-1 / 3, -1 / 3, -1 / 3, -1 / 3, -1 / 3],
    [1 / 9, -1 / 9, 1 / 9, -1 / 9, 1 / 9],
    [1 / 36, 1 / 18, 1 / 9, 2 / 9, 4 / 9],
    [-1 / 60, 1 / 30, -1 / 15, 2 / 15, -4 / 15],
    [32 / 45, 16 / 45, 8 / 45, 4 / 45, 2 / 45],
    [0, 0, 0, 0, 1],
  ],
  A: [
    [1, 1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 1 / 2, 0],
    [0, 1, 1, 4, 4, 1 / 4, 1],
  ],
  // The kernel makes B of two factors, and between them numbers are larger than B's entries tell.
  sizes: [...factors.slice(0, 5), [0, 4, 0, 5, 0, 1, 0], factors[5]!],
}

/** Results of a tile in each direction: 4 or 2, for a window of 5×5 3. */
export type Tile = 2 | 3 | 4

/** The largest tile of a convolution by weights [OC][C][K][K]. */
export const largestTile = (w: Tensor): Tile => (w.shape[2] === 5 ? 3 : 4)

const transformsOf = (tile: Tile): { A: Matrix; B: Matrix; G: Matrix; sizes?: Matrix } =>
  tile === 3 ? five : transforms[tile]

/** T·M·Tᵀ. */
export const both = (t: Matrix, m: Matrix): number[][] => {
  const left = t.map(row => m[0]!.map((_, j) => row.reduce((sum, v, k) => sum + v * m[k]![j]!, 0)))
  return left.map(row => t.map(other => other.reduce((sum, v, k) => sum + v * row[k]!, 0)))
}

/** Roundings on the way to one result: c products added up, and three transforms there and back. */
export const winogradSteps = (c: number): number => c + 40

/** Whether a convolution may be computed Winograd's way. */
export const winogradFits = (w: Tensor, { stride = [1, 1], dilation = [1, 1] }: Partial<Sliding>): boolean =>
  (w.shape[2] === 3 || w.shape[2] === 5) && w.shape[3] === w.shape[2] && [...stride, ...dilation].every(d => d === 1)

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** GgGᵀ by output and input channel. */
const weightsBy = (G: Matrix, w: Tensor): number[][][][] =>
  range(w.shape[0]!).map(o =>
    range(w.shape[1]!).map(i =>
      both(
        G,
        range(w.shape[2]!).map(ky => range(w.shape[3]!).map(kx => get(w, [o, i, ky, kx]))),
      ),
    ),
  )

/** GgGᵀ of weights [OC][C][K][K], as [OC][C][P][P] with P = tile + K − 1; `sizes`: with every sign dropped. */
export const winogradWeights = (w: Tensor, tile: Tile, sizes = false): Tensor => {
  const { G } = transformsOf(tile)
  const all = weightsBy(sizes ? signless(G) : G, w)
  return tensor([w.shape[0]!, w.shape[1]!, G.length, G.length], ([o, i, a, b]) => all[o!]![i!]![a!]![b!]!)
}

/** The three transforms after each other, with sums over the channels before the last. */
const transformed = (x: Tensor, w: Tensor, window: Omit<Sliding, 'kernel'>, tile: Tile, sizes: boolean): Tensor => {
  const [n, c, h, width] = x.shape as readonly [number, number, number, number]
  const oc = w.shape[0]!
  const { pad, out } = sliding(h, width, { ...window, kernel: w.shape.slice(2) as [number, number] })
  const own = transformsOf(tile)
  const [A, G] = [own.A, own.G].map(m => (sizes ? signless(m) : m)) as [Matrix, Matrix]
  const B = sizes ? (own.sizes ?? signless(own.B)) : own.B
  const points = range(B.length)
  const weights = weightsBy(G, w)
  const tiles = new Map<string, number[][]>()
  const tileOf = (image: number, o: number, ti: number, tj: number): number[][] => {
    const key = `${image} ${o} ${ti} ${tj}`
    const known = tiles.get(key)
    if (known) return known
    const sums = points.map(() => points.map(() => 0))
    for (let i = 0; i < c; i++) {
      const patch = points.map(a =>
        points.map(b => get(x, [image, i, ti * tile + a - pad[0], tj * tile + b - pad[1]], 0)),
      )
      const v = both(B, patch)
      for (const a of points) for (const b of points) sums[a]![b]! += v[a]![b]! * weights[o]![i]![a]![b]!
    }
    const result = both(A, sums)
    tiles.set(key, result)
    return result
  }
  return tensor([n, oc, ...out], ([image, o, i, j]) => {
    const [ti, tj] = [Math.floor(i! / tile), Math.floor(j! / tile)]
    return tileOf(image!, o!, ti, tj)[i! - ti * tile]![j! - tj * tile]!
  })
}

/** A 3×3 or 5×5 convolution Winograd's way, without bias. */
export const winograd = (x: Tensor, w: Tensor, window: Omit<Sliding, 'kernel'>, tile: Tile): Tensor =>
  transformed(x, w, window, tile, false)

/**
 * For each result of such a convolution of |x| and |w|, the size of the numbers that Winograd's way adds up: with every
 * entry's sign dropped the transforms bound the sizes of all that is added up on the way, and so the roundings.
 */
export const winogradSizes = (x: Tensor, w: Tensor, window: Omit<Sliding, 'kernel'>, tile: Tile): Tensor =>
  transformed(x, w, window, tile, true)
