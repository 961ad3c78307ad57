// Weights in 8 and 16 bits: to single precision, just before they are used.

/**
 * y[o/8][k][o%8] = x[o/8][k][o%8]·scale[o] in so many panels of 8 output channels
 *
 * x, y: panels [P][K][8]; scale: 8·P floats. Four elements of x are `bytes` long: 4 for integers of 8 bits, 8 for IEEE half
 * precision, or for bfloat16 (`brain`). Of 16 bits y may lie over x where x ends with y, or up to 7 numbers earlier.
 *
 * One loop for all: a branch that always goes the same way costs less than the loads.
 */
export function expand(y: usize, x: usize, scale: usize, panels: i32, k: i32, bytes: usize, brain: bool): void {
  assert(bytes == 4 || bytes == 8, 'expand: elements have 1 or 2 bytes')
  for (; panels > 0; --panels) {
    let now = v128.load(scale)
    let next = v128.load(scale, 16)
    for (let i = k << 1; i > 0; --i) {
      let v: v128
      if (bytes == 4) {
        v = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(x))))
      } else {
        v = v128.load16x4_u(x)
        v = brain ? i32x4.shl(v, 16) : half(v)
      }
      v128.store(y, f32x4.mul(v, now))
      v = now
      now = next
      next = v
      x += bytes
      y += 16
    }
    scale += 32
  }
}

// Four halves, each in the low bits of 32, in single precision. Shifting a half's bits to a single's place leaves its exponent
// 112 too small: a product by 2^112 mends that, and makes subnormals right as well. Only infinity and NaN need their exponent set.
// @ts-ignore: decorator
@inline
function half(h: v128): v128 {
  const sign = v128.and(h, i32x4.splat(0x8000))
  const size = v128.xor(h, sign)
  const scaled = f32x4.mul(i32x4.shl(size, 13), f32x4.splat(reinterpret<f32>(0x77800000)))
  const infinite = i32x4.gt_s(size, i32x4.splat(0x7bff))
  return v128.or(v128.or(scaled, i32x4.shl(sign, 16)), v128.and(infinite, i32x4.splat(0x7f800000)))
}
