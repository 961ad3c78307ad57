import { get, type Tensor, tensor } from '../tensor.js'
import { both, transforms } from '../winograd.js'

type Matrix = readonly (readonly number[])[]

const turned = (m: Matrix): Matrix => m[0]!.map((_, j) => m.map(row => row[j]!))
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/**
 * The gradient of a 3×3 convolution with stride 1 by its weights, Winograd's way: Gᵀ(Σ BᵀxB ⊙ A·dy·Aᵀ)G over tiles of 4×4
 * outputs. `sizes`: with every sign dropped, which bounds all that is added up on the way, and so the roundings.
 */
export const winogradGradWeight = (
  dy: Tensor,
  x: Tensor,
  [top, left]: readonly [number, number],
  sizes = false,
): Tensor => {
  const sign = (m: Matrix): Matrix => (sizes ? m.map(row => row.map(Math.abs)) : m)
  const { A, B, G } = transforms[4]
  const [spread, inward, gather] = [sign(turned(A)), sign(B), sign(turned(G))] as [Matrix, Matrix, Matrix]
  const [n, outputs, oh, ow] = dy.shape as readonly [number, number, number, number]
  const channels = x.shape[1]!
  const patch = (t: Tensor, size: number, image: number, c: number, row: number, column: number) =>
    range(size).map(a => range(size).map(b => (sizes ? Math.abs : Number)(get(t, [image, c, row + a, column + b], 0))))
  const sums = range(outputs * channels).map(() => range(6).map(() => range(6).map(() => 0)))
  for (let image = 0; image < n; image++)
    for (let i = 0; i < oh; i += 4)
      for (let j = 0; j < ow; j += 4) {
        const v = range(channels).map(c => both(inward, patch(x, 6, image, c, i - top, j - left)))
        for (let o = 0; o < outputs; o++) {
          const d = both(spread, patch(dy, 4, image, o, i, j))
          for (let c = 0; c < channels; c++)
            for (let a = 0; a < 6; a++)
              for (let b = 0; b < 6; b++) sums[o * channels + c]![a]![b]! += v[c]![a]![b]! * d[a]![b]!
        }
      }
  const all = sums.map(u => both(gather, u))
  return tensor([outputs, channels, 3, 3], ([o, c, ky, kx]) => all[o! * channels + c!]![ky!]![kx!]!)
}
