import { get, map, type Tensor, tensor } from './tensor.js'

const limit = (v: number, lo: number, hi: number): number => {
  if (v < lo) return lo
  if (v > hi) return hi
  return v
}

/** x, but at least lo and at most hi. A NaN is neither below nor above and stays; so does −0 at a limit of 0. */
export const clamp = (x: Tensor, lo: number, hi: number): Tensor => map(x, v => limit(v, lo, hi))

/** ONNX Relu-14. */
export const relu = (x: Tensor): Tensor => clamp(x, 0, Number.POSITIVE_INFINITY)

/** ONNX Tanh-13. */
export const tanh = (x: Tensor): Tensor => map(x, Math.tanh)

/** ONNX Sigmoid-13: 1 / (1 + e^−x). */
export const sigmoid = (x: Tensor): Tensor => map(x, v => 1 / (1 + Math.exp(-v)))

/** ONNX Clip-13: min(max(x, least), most), in this order where the limits are the wrong way round. */
export const clip = (x: Tensor, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): Tensor =>
  map(x, v => Math.min(Math.max(v, least), most))

/** ONNX Abs-13, Neg-13, Exp-13, Sqrt-13. */
export const abs = (x: Tensor): Tensor => map(x, Math.abs)
export const neg = (x: Tensor): Tensor => map(x, v => -v)
export const exp = (x: Tensor): Tensor => map(x, Math.exp)
export const sqrt = (x: Tensor): Tensor => map(x, Math.sqrt)

/** ONNX Reciprocal-13, Floor-13, Ceil-13, Sign-13. */
export const reciprocal = (x: Tensor): Tensor => map(x, v => 1 / v)
export const floor = (x: Tensor): Tensor => map(x, Math.floor)
export const ceil = (x: Tensor): Tensor => map(x, Math.ceil)
export const sign = (x: Tensor): Tensor => map(x, Math.sign)

/** ONNX Round-22: halves go to the even neighbour; the sign of 0 stays. */
export const round = (x: Tensor): Tensor =>
  map(x, v => {
    const below = Math.floor(v)
    const nearer = v - below < 0.5 || (v - below === 0.5 && below % 2 === 0) ? below : below + 1
    return Number.isFinite(v) ? Math.abs(nearer) * (v < 0 || Object.is(v, -0) ? -1 : 1) : v
  })

/** ONNX Elu-6. */
export const elu = (x: Tensor, alpha: number): Tensor => map(x, v => (v > 0 ? v : alpha * Math.expm1(v)))

/** ONNX LeakyRelu-16. */
export const leakyRelu = (x: Tensor, alpha: number): Tensor => map(x, v => (v < 0 ? alpha * v : v))

/** ONNX HardSigmoid-6. */
export const hardSigmoid = (x: Tensor, alpha: number, beta: number): Tensor =>
  map(x, v => Math.max(0, Math.min(1, alpha * v + beta)))

/** ONNX HardSwish-14: x·HardSigmoid(x) with α = 1/6 and β = 1/2. */
export const hardSwish = (x: Tensor): Tensor => map(x, v => v * Math.max(0, Math.min(1, (v + 3) / 6)))

/** ONNX Softplus-1: log(1 + e^x). */
export const softplus = (x: Tensor): Tensor => map(x, v => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))))

/** erf z = 2/√π · e^(−z²) · (z + 2/3·z³ + 2²/(3·5)·z⁵ + …); from 6 on it is 1 in double precision. */
export const erf = (z: number): number => {
  if (!(Math.abs(z) < 6)) return Math.sign(z)
  let [term, sum] = [z, z]
  for (let n = 1; n < 200; n++) {
    term *= (2 * z * z) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum
}

/** ONNX Erf-13. */
export const erfs = (x: Tensor): Tensor => map(x, v => (v === 0 ? v : erf(v)))

/** ONNX Gelu-20: x·Φ(x), the normal distribution; 0 for −∞, which it tends to. */
export const gelu = (x: Tensor): Tensor =>
  map(x, v => (v === Number.NEGATIVE_INFINITY ? 0 : (v * (1 + erf(v / Math.SQRT2))) / 2))

/** ONNX Gelu-20 with approximate = tanh; (1 + tanh u)/2 = 1/(1 + e^(−2u)), which does not cancel. */
export const geluTanh = (x: Tensor): Tensor =>
  map(x, v => (v < -100 ? 0 : v / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))))

/** Shapes aligned at their last dimensions, every 1 stretched. */
const broadcastShape = (a: readonly number[], b: readonly number[]): number[] => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const [p, q] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1]
    return p === 1 ? q : p
  })
}

/** The element that an index of the broadcast shape reads. */
const stretched = (x: Tensor, index: readonly number[]): number =>
  get(
    x,
    x.shape.map((d, i) => (d === 1 ? 0 : index[i + index.length - x.shape.length]!)),
  )

/** A function of two numbers, with numpy's broadcasting. */
export const broadcast =
  (f: (a: number, b: number) => number) =>
  (a: Tensor, b: Tensor): Tensor =>
    tensor(broadcastShape(a.shape, b.shape), index => f(stretched(a, index), stretched(b, index)))

/** ONNX Add-14, Sub-14, Mul-14, Div-14, Pow-15, and Max-13 and Min-13 of two: a NaN wins. */
export const add = broadcast((a, b) => a + b)
export const sub = broadcast((a, b) => a - b)
export const mul = broadcast((a, b) => a * b)
export const div = broadcast((a, b) => a / b)
export const pow = broadcast((a, b) => a ** b)
export const max = broadcast(Math.max)
export const min = broadcast(Math.min)

/** ONNX PRelu-16: x below 0 times its slope. */
export const prelu = broadcast((x, slope) => (x < 0 ? x * slope : x))
