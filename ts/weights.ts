import type { Program, Weight } from './compile.js'
import { ConvletError } from './error.js'
import { dtypeBytes, type FileHeader } from './file.js'
import type { DType } from './types.js'
import { bind, type Kernels } from './wasm.js'

/** Kernels that turn stored numbers into floats, for the types that need it. */
const widen: Partial<Record<DType, string>> = { F16: 'widen_f16', BF16: 'widen_bf16' }

interface Source extends Weight {
  readonly begin: number
  readonly dtype: DType
  /** Bytes of one part in the file, and as floats. */
  readonly stored: number
  readonly wide: number
}

/** The tensors that the program reads, in the order of the file. */
const sourcesOf = (header: FileHeader, weights: readonly Weight[]): Source[] =>
  weights
    .map((weight): Source => {
      const { dtype, begin, end } = header.tensors.get(weight.tensor)!
      if (dtype !== 'F32' && widen[dtype] === undefined)
        throw new ConvletError(
          'UNSUPPORTED',
          `tensor "${weight.tensor}" is ${dtype}; weights must be F32, F16 or BF16.`,
        )
      const stored = (end - begin) / weight.parts
      return { ...weight, begin, dtype, stored, wide: (stored / dtypeBytes[dtype]) * 4 }
    })
    .sort((a, b) => a.begin - b.begin)

/**
 * Packs weights as their bytes arrive. Of the file there is never more in memory than the chunk at hand: bytes go to the
 * arena, which the network does not use yet, and from there part by part into their packed form.
 */
export const weightWriter = (header: FileHeader, program: Program, memory: ArrayBuffer, kernels: Kernels) => {
  const sources = sourcesOf(header, program.weights)
  const bytes = new Uint8Array(memory)
  const { arena } = program
  let position = 0
  let index = 0
  let done = 0
  let filled = 0

  /** The parts that are gathered before they are packed together. */
  const batch = ({ parts, wide, stored }: Source) => {
    const count = Math.min(parts - done, Math.max(1, Math.floor(program.memory.arena / wide)))
    // Numbers that get wider end where their floats will: then they are widened in place.
    return { count, need: count * stored, at: arena + count * (wide - stored) }
  }

  const flush = ({ dtype, wide, parts, packed }: Source, count: number, at: number) => {
    const kernel = widen[dtype]
    if (kernel !== undefined) kernels[kernel]!(arena, at, (count * wide) / 4)
    for (const { to, rows, pack } of packed)
      for (const call of pack(to, arena, done * (rows / parts), count * (rows / parts))) {
        const { kernel, args } = bind(kernels, call)
        kernel(...args)
      }
  }

  return (chunk: Uint8Array): void => {
    let read = 0
    while (read < chunk.length && index < sources.length) {
      const source = sources[index]!
      const left = chunk.length - read
      if (position < source.begin) {
        const skip = Math.min(source.begin - position, left)
        read += skip
        position += skip
        continue
      }
      const { count, need, at } = batch(source)
      const size = Math.min(need - filled, left)
      bytes.set(chunk.subarray(read, read + size), at + filled)
      read += size
      position += size
      filled += size
      if (filled < need) return
      flush(source, count, at)
      filled = 0
      done += count
      if (done === source.parts) {
        index++
        done = 0
      }
    }
    position += chunk.length - read
  }
}
