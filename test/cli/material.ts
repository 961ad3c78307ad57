// Data to train on, made up: shapes that a small network tells apart after a few steps.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { random } from '../random.js'

type Bytes = Uint8Array

/** A bar on a dark ground with some noise: upright, lying or slanting, by its class. */
export const drawn = (label: number, id: number, side: number): Bytes => {
  const next = random(id * 7 + label + 1)
  const at = Math.floor(side / 4 + (next() * side) / 2)
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side]
    const off = [x - at, y - at, x - y][label % 3]!
    return Math.abs(off) <= side / 14 ? 230 : Math.floor(next() * 40)
  })
}

const header = (magic: number, ...sizes: number[]): Bytes => {
  const bytes = Buffer.alloc(4 + 4 * sizes.length)
  for (const [i, n] of [magic, ...sizes].entries()) bytes.writeUInt32BE(n, 4 * i)
  return bytes
}

const labelOf = (i: number): number => i % 3

/** The two files of MNIST's training or test set. */
export const writeIdx = (folder: string, which: 'train' | 't10k', count: number, packed = false): void => {
  mkdirSync(folder, { recursive: true })
  const from = which === 'train' ? 0 : 1000
  const images = Array.from({ length: count }, (_, i) => drawn(labelOf(i), from + i, 28))
  const labels = Uint8Array.from({ length: count }, (_, i) => labelOf(i))
  const write = (name: string, bytes: Bytes) =>
    writeFileSync(join(folder, packed ? `${name}.gz` : name), packed ? gzipSync(bytes) : bytes)
  write(`${which}-images-idx3-ubyte`, Buffer.concat([header(0x803, count, 28, 28), ...images]))
  write(`${which}-labels-idx1-ubyte`, Buffer.concat([header(0x801, count), labels]))
}

/** A file in CIFAR-10's form. */
export const writeCifar = (path: string, count: number): void => {
  const parts = Array.from({ length: count }, (_, i) => {
    const plane = drawn(labelOf(i), i, 32)
    return Buffer.concat([Uint8Array.of(labelOf(i)), plane, plane, plane])
  })
  const bytes = Buffer.concat(parts)
  writeFileSync(path, path.endsWith('.gz') ? gzipSync(bytes) : bytes)
}

/** A folder of PNGs for each name. */
export const writeFolders = async (folder: string, names: readonly string[], each: number, from = 0): Promise<void> => {
  const { default: sharp } = await import('sharp')
  for (const [label, name] of names.entries()) {
    mkdirSync(join(folder, name), { recursive: true })
    for (let i = 0; i < each; i++) {
      const raw = { width: 32, height: 32, channels: 1 } as const
      await sharp(drawn(label, from + i, 32), { raw })
        .png()
        .toFile(join(folder, name, `${i}.png`))
    }
  }
}
