/** A stream of numbers from 0 to 1 that a seed determines (mulberry32). */
export const random = (seed: number) => {
  let state = seed | 0
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Single-precision numbers from −1 to 1. */
export const floats = (count: number, seed: number): Float64Array => {
  const next = random(seed)
  return Float64Array.from({ length: count }, () => Math.fround(next() * 2 - 1))
}
