import { loadLanes, storeLanes } from '../simd'

// Two rounds of multiplying and folding, by constants that C. Wellons searched for (lowbias32). `key` comes in between, so
// that two streams are never one another's shift.
// @ts-ignore: decorator
@inline
function hash(v: v128, key: v128): v128 {
  v = v128.xor(v, i32x4.shr_u(v, 16))
  v = v128.xor(i32x4.mul(v, i32x4.splat(0x7feb352d)), key)
  v = v128.xor(v, i32x4.shr_u(v, 15))
  v = i32x4.mul(v, i32x4.splat(<i32>0x846ca68b))
  return v128.xor(v, i32x4.shr_u(v, 16))
}

/**
 * y[i] = hash(seed, layer, i) < rate·2³² ? 0 : x[i] / (1 − rate)
 *
 * x, y: n floats, seed: one u32. y may be x. The same call on dy gives dx (Srivastava et al. 2014): nothing is saved but
 * the seed.
 */
export function dropout(y: usize, x: usize, seed: usize, layer: i32, n: i32, rate: f32): void {
  if (rate >= 1) {
    memory.fill(y, 0, <usize>n << 2)
    return
  }
  const key = hash(v128.xor(hash(v128.load32_splat(seed), i32x4.splat(layer)), i32x4.splat(0x3c6ef372)), i32x4.splat(layer))
  const other = hash(key, i32x4.splat(0x1b873593))
  let index = i32x4.add(key, i32x4(0, 1, 2, 3))
  // As signed numbers, the lowest is −2³¹.
  const least = i32x4.splat(<i32>(<f64>rate * 4294967296 - 2147483648))
  const scale = f32x4.splat(<f32>1 / (<f32>1 - rate))
  for (; n > 0; n -= 4) {
    const kept = i32x4.ge_s(hash(index, other), least)
    storeLanes(y, v128.and(f32x4.mul(loadLanes(x, n), scale), kept), n)
    index = i32x4.add(index, i32x4.splat(4))
    x += 16
    y += 16
  }
}
