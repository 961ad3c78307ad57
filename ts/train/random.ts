/** Mixes 32 bits (the finaliser of MurmurHash3, Appleby 2011). */
export const mix = (value: number): number => {
  let v = value | 0
  v = Math.imul(v ^ (v >>> 16), 0x85ebca6b)
  v = Math.imul(v ^ (v >>> 13), 0xc2b2ae35)
  return (v ^ (v >>> 16)) >>> 0
}

/** A seed that belongs to a purpose. */
export const seedOf = (seed: number, purpose: string | number): number => {
  let state = mix(seed)
  for (const char of `${purpose}`) state = mix(state ^ char.codePointAt(0)!)
  return state
}

/** Random numbers from 0 to below 1 that only depend on a seed and what they are for: a counter, mixed. */
export const generator = (seed: number, purpose: string | number): (() => number) => {
  const state = seedOf(seed, purpose)
  let count = 0
  return () => mix(state ^ mix((count += 1))) / 2 ** 32
}
