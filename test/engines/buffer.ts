// What test/check.ts needs of Node's Buffer, for engines that have none.
class Bytes extends Uint8Array {
  /** 0 where both have the same bytes; both at the same place, which is all that is asked here. */
  compare(other: Bytes, from: number, to: number): number {
    // Nearly all of it by words.
    const first = Math.min(Math.ceil(from / 4) * 4, to)
    const words = Math.max(0, (to - first) >> 2)
    const [a, b] = [this, other].map(bytes => new Uint32Array(bytes.buffer, bytes.byteOffset + first, words))
    for (let i = 0; i < words; i++) if (a![i] !== b![i]) return 1
    for (let i = from; i < first; i++) if (this[i] !== other[i]) return 1
    for (let i = first + 4 * words; i < to; i++) if (this[i] !== other[i]) return 1
    return 0
  }
}

const from = (data: ArrayBuffer | Bytes, at?: number, length?: number) =>
  data instanceof Uint8Array ? new Bytes(data) : new Bytes(data, at, length)

globalThis.Buffer ??= { from } as never
