/** A block of bytes that is needed from step `first` to step `last`, both included. */
export interface Block {
  readonly bytes: number
  readonly first: number
  readonly last: number
}

export interface Placement {
  /** Offset of each block, in the order given. */
  readonly offsets: readonly number[]
  /** Bytes in all. */
  readonly bytes: number
}

/** Everything starts on a cache line. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/**
 * Lays blocks whose lifetimes overlap side by side and lets the others share memory: largest first, each into the
 * smallest gap that holds it (offset planning by size, Pisarchyk & Lee 2020).
 */
export const place = (blocks: readonly Block[]): Placement => {
  const offsets = blocks.map(() => 0)
  const order = blocks.map((_, i) => i).sort((a, b) => blocks[b]!.bytes - blocks[a]!.bytes || a - b)
  const placed: number[] = []
  let total = 0
  for (const i of order) {
    const { bytes, first, last } = blocks[i]!
    const need = align(bytes)
    let [best, bestGap, end] = [-1, Number.POSITIVE_INFINITY, 0]
    for (const j of placed) {
      const other = blocks[j]!
      if (other.last < first || other.first > last) continue
      const gap = offsets[j]! - end
      if (gap >= need && gap < bestGap) [best, bestGap] = [end, gap]
      end = Math.max(end, offsets[j]! + align(other.bytes))
    }
    offsets[i] = best < 0 ? end : best
    total = Math.max(total, offsets[i]! + need)
    // Kept in the order of their offsets, so that the gaps show in one pass.
    const at = placed.findIndex(j => offsets[j]! > offsets[i]!)
    placed.splice(at < 0 ? placed.length : at, 0, i)
  }
  return { offsets, bytes: total }
}
