import type { Build, Progress } from './api.js'
import type { Module } from './wasm.js'

/** Bytes as they come, and how many there will be if that is known. */
export interface Bytes {
  readonly total: number | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}

/** A hash that is fed piece by piece. */
export interface Hash {
  readonly update: (chunk: Uint8Array) => void
  readonly hex: () => string
}

/** What differs between runtimes. Each entry (`convlet` in Node, in browsers, in Workers) hands in its own. */
export interface Platform {
  readonly open: (path: string | URL, signal: AbortSignal | undefined) => Promise<Bytes>
  readonly wasm: (build: Build) => Promise<Module>
  readonly sha256: () => Hash
}

export interface ReadOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}
