// The twins of the gradient kernels are themselves verified: by central differences of the forward twins.
import * as assert from 'uvu/assert'
import type { Tensor } from '../ref/tensor.js'

const H = 1e-5

/** Where the slopes on the two sides are that far apart there is a kink within H; curvature gives H times the second derivative. */
const KINK = 1e-3

/** Σ dy·(f(x + a at i) − f(x + b at i)) */
const change = (f: (x: Tensor) => Tensor, x: Tensor, dy: Tensor, i: number, a: number, b: number): number => {
  const moved = (by: number) => f({ ...x, data: x.data.map((v, j) => (j === i ? v + by : v)) }).data
  const low = moved(b)
  return moved(a).reduce((sum, v, j) => sum + dy.data[j]! * (v - low[j]!), 0)
}

/** Asserts that `dx` is the gradient of Σ dy·f(x) at x. Elements near a kink are skipped, but not more than a few. */
export const confirm = (label: string, dx: Tensor, f: (x: Tensor) => Tensor, x: Tensor, dy: Tensor): void => {
  assert.equal(dx.shape, x.shape, label)
  let skipped = 0
  for (let i = 0; i < x.data.length; i++) {
    const sides = [change(f, x, dy, i, H, 0), change(f, x, dy, i, 0, -H)].map(v => v / H)
    if (Math.abs(sides[0]! - sides[1]!) > KINK * (1 + Math.abs(sides[0]!))) {
      skipped++
      continue
    }
    const slope = change(f, x, dy, i, H, -H) / (2 * H)
    const off = Math.abs(dx.data[i]! - slope)
    assert.ok(off <= 1e-6 * (1 + Math.abs(slope)), `${label}: element ${i} is ${dx.data[i]}, by differences ${slope}`)
  }
  assert.ok(skipped <= x.data.length / 8, `${label}: ${skipped} of ${x.data.length} are near a kink`)
}
