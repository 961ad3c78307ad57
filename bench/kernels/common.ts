// Where the bench keeps its operands: everything fits in a 48 KiB first-level cache for every tile.

/** Steps of the inner product: a 3×3 convolution of 64 channels. */
export const K: i32 = 576
export const OUT: usize = 1024
/** Rows of activations, K floats each. */
export const A: usize = 4096
/** Packed weights, NR floats per step. */
export const W: usize = 32768
export const A_STRIDE: usize = (<usize>K) << 2

/** c + a·b, in one rounding where the build has it. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(c, f32x4.mul(a, b))
}
