import type { Progress } from './api.js'
import type { Module } from './wasm.js'

/** Chunks as they come: an iterator, asynchronous or not. */
export interface Chunks {
  readonly next: () => IteratorResult<Uint8Array> | Promise<IteratorResult<Uint8Array>>
  /** Ends the reading early. */
  readonly return?: (() => unknown) | undefined
}

/** Bytes, and how many there will be if that is known. */
export interface Bytes {
  readonly total?: number | undefined
  readonly chunks: Chunks
}

/** A hash that is fed piece by piece, as node:crypto's. */
export interface Hash {
  readonly update: (chunk: Uint8Array) => unknown
  readonly digest: (encoding: 'hex') => string
}

/** What differs between runtimes. Each entry (`convlet` in Node, in browsers, in Workers) hands in its own. */
export interface Platform {
  readonly open: (path: string | URL) => Promise<Bytes>
  /** A module of the package by its file's name. */
  readonly wasm: (name: string) => Promise<Module>
  readonly sha256: () => Hash
}

export interface ReadOptions {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}
