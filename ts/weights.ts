import type { Program } from './compile.js'
import type { OpenFile } from './platform.js'
import { size } from './shape.js'
import { bind, type Instance } from './wasm.js'

/**
 * Packs weights as their bytes arrive. Of the file there is never more in memory than the chunk at hand: bytes go to the
 * arena, which the network does not use yet, and from there part by part into their packed form.
 */
export const readWeights = async (
  { header, read }: { readonly header: Pick<OpenFile['header'], 'tensors'>; readonly read: OpenFile['read'] },
  { packed, finish, arena, memory }: Pick<Program, 'packed' | 'finish' | 'arena' | 'memory'>,
  { buffer, kernels }: Instance,
): Promise<void> => {
  for (const [name, { dtype, shape, begin, end }] of header.tensors) {
    const targets = packed.get(name) ?? []
    const [first] = targets
    // Parts can be taken one by one where all who want the tensor agree what a part is; what nobody wants is passed over.
    const parts = first ? (targets.every(({ rows }) => rows === first.rows) ? first.rows : 1) : end - begin
    const stored = (end - begin) / parts
    const bytes = first ? (size(shape) * 4) / parts : stored
    for (let done = 0; done < parts; ) {
      const count = Math.min(parts - done, Math.max(1, Math.floor(memory.arena / bytes)))
      // Numbers that get wider end where their floats will: then they are widened in place.
      const raw = arena + count * (bytes - stored)
      await read(new Uint8Array(buffer, raw, count * stored))
      if (first && dtype !== 'F32') bind(kernels, [`widen_${dtype.toLowerCase()}`, arena, raw, (count * bytes) / 4])()
      for (const { rows, to, pack } of targets)
        for (const call of pack(to, arena, (done * rows) / parts, (count * rows) / parts)) bind(kernels, call)()
      done += count
    }
  }
  for (const call of finish) bind(kernels, call)()
}
