// Counter-based dropout: whether an element is kept is a function of seed, layer and index.

const hash = (v: number, key: number): number => {
  let h = v ^ (v >>> 16)
  h = Math.imul(h, 0x7feb352d) ^ key
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return h ^ (h >>> 16)
}

/** Whether element `index` is kept. */
export const kept = (seed: number, layer: number, index: number, rate: number): boolean => {
  const key = hash(hash(seed, layer) ^ 0x3c6ef372, layer)
  const drawn = hash((key + index) | 0, hash(key, 0x1b873593)) ^ 0x80000000
  return drawn >>> 0 >= Math.floor(rate * 2 ** 32)
}

/** Kept elements by 1 − rate, the others 0. */
export const dropout = (x: Float64Array, seed: number, layer: number, rate: number): Float64Array =>
  x.map((v, i) => (rate < 1 && kept(seed, layer, i, rate) ? v / (1 - rate) : 0))
