import type { Program } from './compile.js'
import type { OpenFile } from './platform.js'
import { bind, type Instance } from './wasm.js'

/**
 * Packs weights of single precision as their bytes arrive (others: compact.ts). Of the file there is never more in memory than the
 * chunk at hand: bytes go to the arena, which the network does not use yet, and from there part by part into their packed form.
 */
export const readWeights = async (
  { header, read }: { readonly header: Pick<OpenFile['header'], 'tensors'>; readonly read: OpenFile['read'] },
  { packed, finish, arena, memory }: Pick<Program, 'packed' | 'finish' | 'arena' | 'memory'>,
  { buffer, kernels }: Instance,
): Promise<void> => {
  for (const [name, { begin, end }] of header.tensors) {
    const targets = packed.get(name) ?? []
    // Parts can be taken one by one where all who want the tensor agree what a part is; what nobody wants is passed over.
    const parts = targets.reduce((n, { rows }) => (n === rows ? n : 1), targets[0]?.rows ?? end - begin)
    const bytes = (end - begin) / parts
    for (let done = 0; done < parts; ) {
      const count = Math.min(parts - done, Math.max(1, Math.floor(memory.arena / bytes)))
      await read(new Uint8Array(buffer, arena, count * bytes))
      for (const { rows, to, pack } of targets)
        for (const call of pack(to, arena, (done * rows) / parts, (count * rows) / parts)) bind(kernels, call)()
      done += count
    }
  }
  for (const call of finish) bind(kernels, call)()
}
