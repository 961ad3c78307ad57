// What files with weights of 8 or 16 bits need: loaded for those that have some.
import { fail } from './error.js'
import { elements } from './ops/compact.js'
import { dequantise, findScale, scaleOf } from './ops/scales.js'
import type { OpenFile } from './platform.js'
import { size } from './shape.js'
import type { Trace } from './trace.js'
import type { bind, Instance } from './wasm.js'

export { adapt } from './ops/compact.js'

/** Eight factors of 1: below the weights, where kernels could have data of their own. */
const ONES = 64

/** A file's tensors and what reads their bytes. */
export interface Weights {
  readonly header: Pick<OpenFile['header'], 'tensors'>
  readonly read: OpenFile['read']
}

type Dims = [first: number, rows: number, c: number, taps: number]

/** pack_panels for elements of 1 or 2 bytes, at places counted in them. */
const packCells = (memory: Uint8Array | Uint16Array, to: number, from: number, ...[first, rows, c, taps]: Dims) => {
  for (let o = first; o < first + rows; o++)
    for (let i = 0; i < c; i++) {
      let at = to + (o >> 3) * taps * c * 8 + i * 8 + (o & 7)
      for (let t = 0; t < taps; t++) {
        memory[at] = memory[from++]!
        at += c * 8
      }
    }
}

/**
 * The file as one of single precision: what is read is widened in its place, at whose end the stored bytes arrive. Of what
 * stays as it is stored, cells are packed from there.
 */
export const widen = (
  { header, read }: Weights,
  { packed }: Pick<Trace, 'packed'>,
  { buffer, kernels }: Instance,
  run: typeof bind,
): Weights => {
  const { tensors } = header
  const seen = new Map<string, Uint8Array>()
  const all = Array.from(tensors, ([name, info]) => {
    const forms = packed.get(name)
    const { begin, end, dtype, shape } = info
    return { name, info: forms ? { dtype, shape, begin: 0, end: size(shape) * 4 } : info, stored: end - begin, forms }
  })
  let [index, done] = [0, 0]

  const next = async (target: Uint8Array): Promise<Uint8Array> => {
    while (done === all[index]!.info.end - all[index]!.info.begin) [index, done] = [index + 1, 0]
    const { name, info, stored, forms = [] } = all[index]!
    const { dtype, shape, begin, end } = info
    /** What the bytes of the target, or those before it, are of so many of the tensor's. */
    const share = (bytes: number, all: number) => Math.round((bytes / (end - begin)) * all)
    const raw = await read(target.subarray(target.length - share(target.length, stored)))
    const at = done
    done += target.length
    if (name.endsWith(scaleOf(''))) {
      if (!seen.has(name)) seen.set(name, new Uint8Array(stored))
      seen.get(name)!.set(raw, share(at, stored))
    }
    const scales = () =>
      new Float32Array(
        seen.get(scaleOf(name))?.buffer ??
          fail('FILE', `"${scaleOf(name)}" must stand before "${name}"; convert the file again`),
      )
    for (const { rows, to, pack } of forms)
      if (pack.compact) {
        const { cells, scale, groups } = pack.compact
        const memory = dtype === 'I8' ? new Uint8Array(buffer) : new Uint16Array(buffer)
        const one = memory.BYTES_PER_ELEMENT
        for (const [, w, x, ...dims] of cells(share(at, rows), share(target.length, rows)))
          packCells(memory, to / one + w! / 4, raw.byteOffset / one + x! / 4, ...(dims as Dims))
        // Each group of channels begins a panel of its own.
        const values = dtype === 'I8' ? scales() : [1]
        const each = rows / groups
        const room = Math.ceil(each / 8) * 8
        const factors = new Float32Array(buffer, scale, room * groups)
        for (let o = 0; o < rows; o++) factors[Math.floor(o / each) * room + (o % each)] = values[o % values.length]!
      }
    if (dtype !== 'F32' && forms.some(({ pack }) => !pack.compact)) {
      const count = target.length / 4
      if (dtype === 'I8') {
        const [to, from] = [
          new Float32Array(buffer, target.byteOffset, count),
          new Int8Array(buffer, raw.byteOffset, count),
        ]
        dequantise(to, from, share(at, stored), shape, scales(), findScale(tensors, name).shape)
      } else {
        // Rows of 8, the last one beyond the target: the arena it is in ends with a whole row, or later.
        new Float32Array(buffer, ONES, 8).fill(1)
        const rows = Math.ceil(count / 8)
        run(kernels, ['expand', target.byteOffset, raw.byteOffset, ONES, 1, rows, ...elements(dtype)])()
      }
    }
    return target
  }
  return { header: { tensors: new Map(all.map(({ name, info }) => [name, info])) }, read: next }
}
