/** The largest value of all outputs, the largest difference from it, and that difference as a part of that value. */
export function difference(reference, outputs) {
  let [absolute, largest] = [0, 0]
  for (const [name, expected] of Object.entries(reference)) {
    const got = outputs[name]
    if (got?.length !== expected.length) throw new Error(`output "${name}" is ${got?.length} numbers`)
    for (const [i, value] of expected.entries()) {
      const d = Math.abs(value - got[i])
      // Not a number compares as equal to nothing, and must not compare as no difference.
      if (!(d <= absolute)) absolute = d
      largest = Math.max(largest, Math.abs(value))
    }
  }
  return { absolute, largest, relative: largest > 0 ? absolute / largest : absolute }
}
