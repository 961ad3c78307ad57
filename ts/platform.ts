import type { LoadOptions, Source } from './api.js'
import type { fail } from './error.js'
import type { FileHeader } from './file.js'
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
  readonly digest: (encoding: 'hex') => string | Promise<string>
}

/** What differs between runtimes. Each entry (`convlet` in Node, in browsers, in Workers) hands in its own. */
export interface Platform {
  /** Absent where every text is an address. */
  readonly open?: (path: string | URL) => Promise<Bytes>
  /** Reads with `cache` and `sha256`, which few ask for. */
  readonly cached: () => Promise<{ readonly cached: Cached }>
  /** A module of the package by its file's name. */
  readonly wasm: (name: string) => Promise<Module>
  readonly sha256: () => Hash
}

/** How a file is read. */
export type ReadOptions = Pick<LoadOptions, 'cache' | 'onProgress' | 'sha256' | 'signal'>

/** An open file after its header. */
export interface OpenFile {
  readonly header: FileHeader
  /** Fills the target with the next bytes of the data section. */
  readonly read: (target: Uint8Array) => Promise<Uint8Array>
  /** Throws unless all was read and has the header's hash. */
  readonly end: () => Promise<void>
}

/** Opens any source for reading from its beginning. */
export type Open = (source: Source, platform: Platform, signal: AbortSignal | undefined) => Promise<Bytes>

/** Reads the header of a source's file, and of the rest what `use` reads. */
export type Read = <T>(
  source: Source,
  platform: Platform,
  options: ReadOptions,
  use: (file: OpenFile) => T | Promise<T>,
  begin?: Open,
) => Promise<T>

/** From what reads files, opens them and throws to what reads with `cache` and `sha256`. */
export type Cached = (read: Read, begin: Open, refuse: typeof fail) => Read
