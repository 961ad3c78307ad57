// Numbers of 32 bits in fewer, to the nearest, of two as near to the even one (IEEE 754, roundTiesToEven).

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length)

/** IEEE half precision: 5 bits of exponent, 10 of fraction. From 65520 on it is infinite. */
const half = (bits: number): number => {
  const sign = (bits >>> 16) & 0x8000
  const size = bits & 0x7fffffff
  if (size > 0x7f800000) return sign | 0x7e00
  if (size >= 0x477ff000) return sign | 0x7c00
  // Normal: the exponent's bias goes from 127 to 15, and what is rounded up may carry into it.
  if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13)
  // Subnormal: a multiple of 2^-24, in which the leading 1 is written out. 2^-25 itself is a tie, whose even side is 0.
  const shift = 126 - (size >>> 23)
  if (shift > 24) return sign
  const fraction = (size & 0x7fffff) | 0x800000
  return sign | ((fraction + (1 << (shift - 1)) - 1 + ((fraction >>> shift) & 1)) >>> shift)
}

/** bfloat16: single precision's upper 16 bits. */
const brain = (bits: number): number =>
  (bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16

/** The bits of the nearest numbers of 16 bits. */
export const round16 = {
  F16: (values: Float32Array): Uint16Array => Uint16Array.from(bitsOf(values), half),
  BF16: (values: Float32Array): Uint16Array => Uint16Array.from(bitsOf(values), brain),
} as const

/** The largest finite numbers, and what is rounded to infinity. */
export const beyond = { F16: 65520, BF16: 2 ** 128 - 2 ** 119 } as const

/** The integer nearest to a number, of two the even one. */
export const nearest = (v: number): number => {
  const up = Math.round(v)
  return up - v === 0.5 && up % 2 !== 0 ? up - 1 : up
}
