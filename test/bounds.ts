// How far single precision may be from the truth: stated, not guessed.
import type { Within } from './check.js'

/** Half a unit in the last place of 1, the largest relative error of one operation. */
export const U = 2 ** -24

/** Smallest number above 0: what a subnormal result may be off by, however small it is. */
export const TINY = 2 ** -149

/** Relative error of n operations one after the other: γₙ = n·u / (1 − n·u) (Higham, Accuracy and Stability, 3.1). */
export const gamma = (n: number): number => (n * U) / (1 - n * U)

/**
 * Bound of a sum of k products in any order, fused or not: γ·Σ|x||w|, where `magnitude` holds Σ|x||w| with everything
 * added to it. Three operations more: bias, residual, and the sum of partial sums.
 */
export const dot =
  (k: number, magnitude: ArrayLike<number>): Within =>
  i =>
    gamma(k + 3) * magnitude[i]! + (k + 3) * TINY

/** Distance between y and the next single-precision number. */
export const ulp = (y: number): number => {
  const size = Math.abs(y)
  return size < 2 ** -126 ? TINY : 2 ** (Math.floor(Math.log2(size)) - 23)
}

/** So many units in the last place of each number of `y`, and `least` besides; 0 must be 0. */
export const ulps =
  (count: number, y: ArrayLike<number>, least = 0): Within =>
  i =>
    y[i] === 0 ? 0 : count * ulp(y[i]!) + least
