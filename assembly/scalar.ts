// Scalars in double precision, for what is rare or exacting. No tables: the modules have no data of their own.

/** log₂ x for x ≥ 0, relative error 1e-12: the series of atanh, log m = 2·(s + s³/3 + s⁵/5 + …), s = (m − 1)/(m + 1). */
export function log2(x: f64): f64 {
  if (!(x > 0 && x < Infinity)) return x == 0 ? -Infinity : x
  // x = m·2ᵉ with m from √½ to √2.
  const bits = reinterpret<i64>(x)
  const e = (bits - 0x3fe6a09e667f3bcd) >> 52
  const m = reinterpret<f64>(bits - (e << 52))
  const s = (m - 1) / (m + 1)
  const q = s * s
  let p: f64 = 1.0 / 15
  p = p * q + 1.0 / 13
  p = p * q + 1.0 / 11
  p = p * q + 1.0 / 9
  p = p * q + 1.0 / 7
  p = p * q + 1.0 / 5
  p = p * q + 1.0 / 3
  p = p * q + 1
  return <f64>e + s * p * 2.8853900817779268
}

/** 2ᵗ, relative error 1e-12 before it is rounded: the series of e^(f·ln2) for the part f of t beyond an integer. */
function exp2(t: f64): f32 {
  if (t != t) return <f32>t
  t = min<f64>(max<f64>(t, -1000), 1000)
  const n = nearest(t)
  const f = t - n
  let p: f64 = 7.054911620801121e-09
  p = p * f + 1.0178086009239696e-07
  p = p * f + 1.3215486790144305e-06
  p = p * f + 1.5252733804059838e-05
  p = p * f + 0.00015403530393381606
  p = p * f + 0.0013333558146428441
  p = p * f + 0.009618129107628477
  p = p * f + 0.055504108664821576
  p = p * f + 0.2402265069591007
  p = p * f + 0.6931471805599453
  p = p * f + 1
  return <f32>(p * reinterpret<f64>((<i64>n + 1023) << 52))
}

/** xʸ as IEEE 754 has it, but NaN, as in JavaScript, for 1 to the NaN and ±1 to the ±∞. */
export function pow(x: f32, y: f32): f32 {
  if (y == 0) return 1
  const v = exp2(<f64>y * log2(<f64>abs(x)))
  if (reinterpret<i32>(x) >= 0) return v
  if (floor(y) != y) return x < 0 && x != -Infinity ? NaN : v
  // From 2²⁴ on every number is even.
  return abs(y) < 16777216 && (<i32>y & 1) != 0 ? -v : v
}
