// dx of the element-wise functions, from dy and from x or y, whichever the kernel saves. At the kinks as PyTorch has it.
import { erf } from '../eltwise.js'
import { map, type Tensor } from '../tensor.js'

const by = (dy: Tensor, s: Tensor, slope: (v: number) => number): Tensor => map(dy, (d, i) => d * slope(s.data[i]!))

/** 0 at the limits, as relu, relu6 and hardtanh have it; a NaN is neither below nor above. */
export const clampGrad = (dy: Tensor, y: Tensor, lo: number, hi: number): Tensor =>
  map(dy, (d, i) => (y.data[i]! <= lo || y.data[i]! >= hi ? 0 : d))

export const tanhGrad = (dy: Tensor, y: Tensor): Tensor => by(dy, y, v => 1 - v * v)
export const sigmoidGrad = (dy: Tensor, y: Tensor): Tensor => by(dy, y, v => v * (1 - v))
export const expGrad = (dy: Tensor, y: Tensor): Tensor => by(dy, y, v => v)
export const sqrtGrad = (dy: Tensor, y: Tensor): Tensor => map(dy, (d, i) => d / (2 * y.data[i]!))

/** At 0 the slope is α. */
export const leakyReluGrad = (dy: Tensor, s: Tensor, alpha: number): Tensor => by(dy, s, v => (v > 0 ? 1 : alpha))
export const eluGrad = (dy: Tensor, y: Tensor, alpha: number): Tensor => by(dy, y, v => (v <= 0 ? v + alpha : 1))
export const softplusGrad = (dy: Tensor, x: Tensor): Tensor => by(dy, x, v => 1 / (1 + Math.exp(-v)))

const hardSwishSlope = (v: number): number => {
  if (v < -3) return 0
  return v >= 3 ? 1 : v / 3 + 0.5
}
export const hardSwishGrad = (dy: Tensor, x: Tensor): Tensor => by(dy, x, hardSwishSlope)
export const hardSigmoidGrad = (dy: Tensor, y: Tensor, alpha: number): Tensor =>
  map(dy, (d, i) => (y.data[i]! > 0 && y.data[i]! < 1 ? alpha * d : 0))

/** Φ(v) + v·φ(v). */
const geluSlope = (v: number): number => {
  if (!(Math.abs(v) < 30)) return v > 0 ? 1 : v - v
  return (1 + erf(v / Math.SQRT2)) / 2 + (v * Math.exp((-v * v) / 2)) / Math.sqrt(2 * Math.PI)
}
export const geluGrad = (dy: Tensor, x: Tensor): Tensor => by(dy, x, v => (v < -30 ? 0 : geluSlope(v)))

const geluTanhSlope = (v: number): number => {
  const k = 2 * Math.sqrt(2 / Math.PI)
  const s = 1 / (1 + Math.exp(-k * (v + 0.044715 * v ** 3)))
  return s + v * s * (1 / (1 + Math.exp(k * (v + 0.044715 * v ** 3)))) * k * (1 + 3 * 0.044715 * v * v)
}
export const geluTanhGrad = (dy: Tensor, x: Tensor): Tensor =>
  by(dy, x, v => (Math.abs(v) > 30 ? Number(v > 0) : geluTanhSlope(v)))

/** 0 at 0. */
export const absGrad = (dy: Tensor, x: Tensor): Tensor =>
  map(dy, (d, i) => (x.data[i]! > 0 ? d : x.data[i]! < 0 ? -d : 0))
