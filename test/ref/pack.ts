import type { Tensor } from './tensor.js'

/**
 * Weights O×C×T as panels of 8 output channels: w[o / 8][t][c][o mod 8]. Lanes without an output channel are `blank`:
 * undefined for a kernel that leaves them alone, 0 for one that reads them.
 */
export const panels = <B>({ shape, data }: Tensor, blank: B): (number | B)[] => {
  const [oc, channels, taps] = shape as readonly [number, number, number]
  const result: (number | B)[] = []
  for (let panel = 0; panel < oc; panel += 8)
    for (let t = 0; t < taps; t++)
      for (let c = 0; c < channels; c++)
        for (let o = panel; o < panel + 8; o++) result.push(o < oc ? data[(o * channels + c) * taps + t]! : blank)
  return result
}

/** The number that the bits of a binary floating-point format stand for (IEEE 754, section 3.4). */
const decode = (bits: number, exponentBits: number, fractionBits: number): number => {
  const sign = bits >> (exponentBits + fractionBits) === 0 ? 1 : -1
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1)
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits
  const bias = 2 ** (exponentBits - 1) - 1
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias)
}

/** IEEE half precision: 5 bits of exponent, 10 of fraction. */
export const widenF16 = (bits: number): number => decode(bits, 5, 10)

/** bfloat16: 8 bits of exponent, 7 of fraction. */
export const widenBf16 = (bits: number): number => decode(bits, 8, 7)
