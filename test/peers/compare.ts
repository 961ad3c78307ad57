import * as assert from 'uvu/assert'

/** The largest of the absolute values. */
export const largest = (values: ArrayLike<number>): number => {
  let most = 0
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!))
  return most
}

/** The largest difference as a share of the largest value wanted; NaN where there is one. */
export const difference = (found: ArrayLike<number>, wanted: ArrayLike<number>): number => {
  assert.is(found.length, wanted.length)
  let most = 0
  for (let i = 0; i < wanted.length; i++) {
    const d = Math.abs(found[i]! - wanted[i]!)
    // Not a number is larger than nothing, and must not pass as no difference.
    if (!(d <= most)) most = d
  }
  return most / largest(wanted)
}
