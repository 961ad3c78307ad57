import { align, type Block } from './trace.js'

/**
 * An offset for each block, and the bytes of all: blocks whose lifetimes overlap lie side by side, the others share memory.
 * Largest first, each into the smallest gap that holds it (offset planning by size, Pisarchyk & Lee 2020).
 */
export const place = (blocks: readonly Block[]): { offsets: ReadonlyMap<Block, number>; bytes: number } => {
  const offsets = new Map<Block, number>()
  let total = 0
  for (const block of blocks.toSorted((a, b) => b.bytes - a.bytes)) {
    const need = align(block.bytes)
    let [best, gap, end] = [-1, Number.POSITIVE_INFINITY, 0]
    for (const [other, offset] of [...offsets].sort(([, a], [, b]) => a - b)) {
      if (other.last < block.first || other.first > block.last) continue
      if (offset - end >= need && offset - end < gap) [best, gap] = [end, offset - end]
      end = Math.max(end, offset + align(other.bytes))
    }
    const offset = best < 0 ? end : best
    offsets.set(block, offset)
    total = Math.max(total, offset + need)
  }
  return { offsets, bytes: total }
}
