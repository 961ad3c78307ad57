// Plain arrays with shapes: `{ data: Float32Array, shape }`.

const half = bits => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction)
}

/** The numbers of a tensor of the file. */
export function floats({ dtype, shape, data }) {
  const bytes = data.slice().buffer
  if (dtype === 'F32') return { shape, data: new Float32Array(bytes) }
  if (dtype === 'F16') return { shape, data: Float32Array.from(new Uint16Array(bytes), half) }
  throw new Error(`the tfjs executor does not read ${dtype}`)
}

/** Like numpy's transpose. */
export function permute({ data, shape }, order) {
  const to = order.map(axis => shape[axis])
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const steps = order.map(axis => strides[axis])
  const result = new Float32Array(data.length)
  const index = to.map(() => 0)
  for (let i = 0, from = 0; i < result.length; i++) {
    result[i] = data[from]
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += steps[axis]
      if (++index[axis] < to[axis]) break
      from -= steps[axis] * to[axis]
      index[axis] = 0
    }
  }
  return { data: result, shape: to }
}

/** Maps turn, everything else stays. */
export const toNhwc = tensor => (tensor.shape.length === 4 ? permute(tensor, [0, 2, 3, 1]) : tensor)
export const toNchw = tensor => (tensor.shape.length === 4 ? permute(tensor, [0, 3, 1, 2]) : tensor)
