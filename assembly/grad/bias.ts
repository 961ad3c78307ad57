import { loadLanes, storeLanes } from '../simd'

// Pixels whose sum is taken in single precision; these sums are added in double, so that of a million pixels only the
// rounding errors of so many additions add up.
const RUN = 256

/**
 * db[o] += Σ_p dy[p][o]
 *
 * dy: pixels × OC, pitch bytes between pixels.
 */
export function sum_pixels(db: usize, dy: usize, pixels: i32, oc: i32, pitch: usize): void {
  for (; oc >= 16; oc -= 16) {
    sumLine(db, dy, pixels, pitch)
    db += 64
    dy += 64
  }
  for (; oc > 0; oc -= 4) {
    sumLanes(db, dy, pixels, min(oc, 4), pitch)
    db += 16
    dy += 16
  }
}

// Two sums in double precision.
// @ts-ignore: decorator
@inline
function addLow(sum: v128, v: v128): v128 {
  return f64x2.add(sum, f64x2.promote_low_f32x4(v))
}

// @ts-ignore: decorator
@inline
function addHigh(sum: v128, v: v128): v128 {
  return addLow(sum, v128.shuffle<f64>(v, v, 1, 1))
}

// db[0..count) += low, high
// @ts-ignore: decorator
@inline
function addTo(db: usize, low: v128, high: v128, count: i32): void {
  const v = loadLanes(db, count)
  const sums = v128.shuffle<f64>(
    f32x4.demote_f64x2_zero(addLow(low, v)), f32x4.demote_f64x2_zero(addHigh(high, v)), 0, 2,
  )
  storeLanes(db, sums, count)
}

// Sixteen channels, which is what a line of the cache holds: four additions wait for each other, not one.
function sumLine(db: usize, dy: usize, pixels: i32, pitch: usize): void {
  let a = f64x2.splat(0)
  let b = a
  let c = a
  let d = a
  let e = a
  let f = a
  let g = a
  let h = a
  for (let left = pixels; left > 0; left -= RUN) {
    let v0 = f32x4.splat(0)
    let v1 = v0
    let v2 = v0
    let v3 = v0
    for (let p = min(left, RUN); p > 0; --p) {
      v0 = f32x4.add(v0, v128.load(dy))
      v1 = f32x4.add(v1, v128.load(dy, 16))
      v2 = f32x4.add(v2, v128.load(dy, 32))
      v3 = f32x4.add(v3, v128.load(dy, 48))
      dy += pitch
    }
    a = addLow(a, v0)
    b = addHigh(b, v0)
    c = addLow(c, v1)
    d = addHigh(d, v1)
    e = addLow(e, v2)
    f = addHigh(f, v2)
    g = addLow(g, v3)
    h = addHigh(h, v3)
  }
  addTo(db, a, b, 4)
  addTo(db + 16, c, d, 4)
  addTo(db + 32, e, f, 4)
  addTo(db + 48, g, h, 4)
}

// Up to four channels.
function sumLanes(db: usize, dy: usize, pixels: i32, count: i32, pitch: usize): void {
  let low = f64x2.splat(0)
  let high = low
  for (let left = pixels; left > 0; left -= RUN) {
    let v = f32x4.splat(0)
    for (let p = min(left, RUN); p > 0; --p) {
      v = f32x4.add(v, loadLanes(dy, count))
      dy += pitch
    }
    low = addLow(low, v)
    high = addHigh(high, v)
  }
  addTo(db, low, high, count)
}
