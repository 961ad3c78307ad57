import type { Hash } from '../platform.js'

// The first 32 bits behind the point of the cube and square roots of the first primes: sixty-four numbers for the rounds,
// eight to begin with (FIPS 180-4). Computed, since written down they would be half of this file.
const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter(
  n => n > 1 && !Array.from({ length: n - 2 }, (_, i) => i + 2).some(d => n % d === 0),
)
const fraction = (root: number): number => ((root % 1) * 2 ** 32) | 0
const rounds = Int32Array.from(PRIMES, p => fraction(Math.cbrt(p)))
const begin = PRIMES.slice(0, 8).map(p => fraction(Math.sqrt(p)))

const turn = (x: number, by: number): number => (x >>> by) | (x << (32 - by))

/**
 * SHA-256, fed piece by piece: `crypto.subtle` hashes only what is in memory as a whole, which a model never is, and is not there
 * on pages without TLS.
 */
export const sha256 = (): Hash => {
  const state = Int32Array.from(begin)
  const words = new Int32Array(64)
  const block = new Uint8Array(64)
  const last = new DataView(block.buffer)
  let length = 0

  const mix = (view: DataView, at: number): void => {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i)
    for (let i = 16; i < 64; i++) {
      const v = words[i - 15]!
      const w = words[i - 2]!
      const x = turn(v, 7) ^ turn(v, 18) ^ (v >>> 3)
      const y = turn(w, 17) ^ turn(w, 19) ^ (w >>> 10)
      words[i] = (((words[i - 16]! + x) | 0) + ((words[i - 7]! + y) | 0)) | 0
    }
    let a = state[0]!
    let b = state[1]!
    let c = state[2]!
    let d = state[3]!
    let e = state[4]!
    let f = state[5]!
    let g = state[6]!
    let h = state[7]!
    for (let i = 0; i < 64; i++) {
      // Each sum is cut to 32 bits at once: it stays an integer of the machine.
      const r = (((h + rounds[i]!) | 0) + words[i]!) | 0
      const p = (((r + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25))) | 0) + (g ^ (e & (f ^ g)))) | 0
      const q = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)))) | 0
      h = g
      g = f
      f = e
      e = (d + p) | 0
      d = c
      c = b
      b = a
      a = (p + q) | 0
    }
    state[0]! += a
    state[1]! += b
    state[2]! += c
    state[3]! += d
    state[4]! += e
    state[5]! += f
    state[6]! += g
    state[7]! += h
  }

  const update = (bytes: Uint8Array): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at < bytes.length; ) {
      const filled = length % 64
      const piece = Math.min(64 - filled, bytes.length - at)
      // Whole blocks are read where they lie.
      if (piece === 64) mix(view, at)
      else {
        block.set(bytes.subarray(at, at + piece), filled)
        if (filled + piece === 64) mix(last, 0)
      }
      at += piece
      length += piece
    }
  }

  return {
    update,
    digest: () => {
      const bits = length * 8
      update(Uint8Array.of(128))
      while (length % 64 !== 56) update(new Uint8Array(1))
      last.setUint32(56, bits / 2 ** 32)
      last.setUint32(60, bits)
      mix(last, 0)
      return Array.from(state, word => (word >>> 0).toString(16).padStart(8, '0')).join('')
    },
  }
}
