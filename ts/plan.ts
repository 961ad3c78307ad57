import { align, type Block } from './trace.js'

/**
 * Gives each block an address from `base` on, and tells the bytes of all: blocks whose lifetimes overlap lie side by side,
 * the others share memory, and parts lie in their wholes. Largest first, each into the smallest gap that holds it (offset
 * planning by size, Pisarchyk & Lee 2020).
 */
export const place = (blocks: Iterable<Block>, base: number): number => {
  // By address.
  const placed: Block[] = []
  let bytes = 0
  const all = [...blocks]
  for (const block of all.toSorted((a, b) => b.bytes - a.bytes)) {
    if (block.whole) continue
    let gap = Infinity
    let end = base
    for (const other of placed) {
      if (other.last < block.first || other.first > block.last) continue
      const free = other.at - end
      if (free >= block.bytes && free < gap) {
        gap = free
        block.at = end
      }
      end = Math.max(end, other.at + align(other.bytes))
    }
    if (gap === Infinity) block.at = end
    const after = placed.findIndex(other => other.at > block.at)
    placed.splice(after < 0 ? placed.length : after, 0, block)
    bytes = Math.max(bytes, block.at + align(block.bytes) - base)
  }
  // A whole comes after its parts.
  for (const block of all.reverse()) if (block.whole) block.at += block.whole.at
  return bytes
}
