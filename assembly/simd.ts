// The vector vocabulary shared by all kernels. Two builds come from this one file: with relaxed SIMD, madd is fused.

/** a·b + c. Fused (one rounding) in the relaxed build. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** a·b + c in two roundings in both builds, for short dependency chains: the latency of a fused one makes them slower. */
// @ts-ignore: decorator
@inline
export function mulAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c)
}

/** min(max(v, lo), hi), a NaN in v stays NaN. pmin and pmax are one instruction on x86, min and max are six. */
// @ts-ignore: decorator
@inline
export function clamp(v: v128, lo: v128, hi: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, lo), hi)
}

/** The first count (1 to 4) lanes to memory. */
// @ts-ignore: decorator
@inline
export function storeLanes(y: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(y, v)
  } else {
    if (count & 2) {
      v128.store64_lane(y, v, 0)
      if (count & 1) v128.store32_lane(y, v, 2, 8)
    } else {
      v128.store32_lane(y, v, 0)
    }
  }
}

/** The first count (1 to 4) floats from memory; the other lanes are 0. */
// @ts-ignore: decorator
@inline
export function loadLanes(x: usize, count: i32): v128 {
  if (count >= 4) return v128.load(x)
  if (count & 2) {
    const v = v128.load64_zero(x)
    return count & 1 ? v128.load32_lane(x, v, 2, 8) : v
  }
  return v128.load32_zero(x)
}

/** Four floats, step bytes apart. */
// @ts-ignore: decorator
@inline
export function column(x: usize, step: usize): v128 {
  let v = v128.load32_zero(x)
  v = v128.load32_lane(x + step, v, 1)
  v = v128.load32_lane(x + 2 * step, v, 2)
  return v128.load32_lane(x + 3 * step, v, 3)
}

/** count (1 to 4) floats from p on, step bytes apart (4: as they lie, 0: one repeated). For what is left over: not inlined, which is 80 bytes less of the compressed kernels. */
export function gather(p: usize, step: usize, count: i32): v128 {
  if (step == 4) return loadLanes(p, count)
  if (step == 0) return v128.load32_splat(p)
  let v = v128.load32_zero(p)
  if (count > 1) v = v128.load32_lane(p + step, v, 1)
  if (count > 2) v = v128.load32_lane(p + 2 * step, v, 2)
  if (count > 3) v = v128.load32_lane(p + 3 * step, v, 3)
  return v
}

/** Σ of the four lanes. */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  )
}

const LOG2E: f32 = 1.442695040888963
const LN2_HIGH: f32 = 0.693145751953125 // 14 bits, so that n·LN2_HIGH is exact
const LN2_LOW: f32 = 1.4286068203094173e-6
const ROUND: f32 = 12582912 // 1.5·2²³: adding it rounds to an integer and leaves that integer in the low bits

/**
 * e^x − c = s·(e^r − 1) + (s − c) with x = n·ln2 + r and s = 2ⁿ, for x in [−87, 88].
 * (e^r − 1)/r is a degree-5 minimax polynomial on |r| ≤ ln2/2, relative error 1.1e-8.
 */
// @ts-ignore: decorator
@inline
function expMinus(x: v128, c: f32): v128 {
  const shifted = mulAdd(x, f32x4.splat(LOG2E), f32x4.splat(ROUND))
  const n = f32x4.sub(shifted, f32x4.splat(ROUND))
  const s = i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23)
  let r = mulAdd(n, f32x4.splat(-LN2_HIGH), x)
  r = mulAdd(n, f32x4.splat(-LN2_LOW), r)
  let p = f32x4.splat(0.0013888872978751702)
  p = madd(p, r, f32x4.splat(0.008369082853560838))
  p = madd(p, r, f32x4.splat(0.04166713658144452))
  p = madd(p, r, f32x4.splat(0.1666650609137602))
  p = madd(p, r, f32x4.splat(0.4999999812255481))
  p = madd(p, r, f32x4.splat(1))
  const t = f32x4.mul(p, r)
  return madd(t, s, f32x4.sub(s, f32x4.splat(c)))
}

/** e^x − 1 for x in [−87, 88], accurate near 0, where subtracting 1 from e^x would cancel. */
// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  return expMinus(x, 1)
}

/** e^x for x ≤ 88; below −87, where the result would be subnormal, 0. Not expm1 + 1, which loses the small results. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const low = f32x4.splat(-87)
  return v128.andnot(expMinus(f32x4.pmax(x, low), 0), f32x4.lt(x, low))
}

/** 1 / (1 + e^(−x)). e^(−|x|) never overflows; for negative x the result is 1 − σ(|x|) = e/(1 + e), which does not cancel. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1)
  const e = exp(f32x4.neg(f32x4.abs(x)))
  const top = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)))
  return f32x4.div(top, f32x4.add(one, e))
}
