// MNIST's files (yann.lecun.com/exdb/mnist), and those of the data sets made after it: big-endian sizes, then bytes.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readPacked } from './packed.js'
import { failData, type ImageSet, inMemory } from './set.js'

const NAME = /^(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?$/

const MAGIC = { images: 0x0803, labels: 0x0801 }
type Part = keyof typeof MAGIC

export const isIdx = (name: string): boolean => NAME.test(name)

/** The sizes that a file begins with, and what follows them. */
const read = async (path: string, part: Part): Promise<{ sizes: number[]; bytes: Uint8Array }> => {
  const bytes = await readPacked(path)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = MAGIC[part] & 255
  const begin = 4 + 4 * count
  if (bytes.length < begin) failData(path, `it has ${bytes.length} bytes and is cut short, download it again`)
  const hex = (n: number) => n.toString(16).padStart(8, '0')
  if (view.getUint32(0) !== MAGIC[part])
    failData(path, `it begins with ${hex(view.getUint32(0))}, ${part} of idx files begin with ${hex(MAGIC[part])}`)
  const sizes = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i))
  const wanted = begin + sizes.reduce((a, b) => a * b, 1)
  if (bytes.length !== wanted)
    failData(path, `${sizes.join('×')} ${part} take ${wanted} bytes, it has ${bytes.length}; download it again`)
  return { sizes, bytes: bytes.subarray(begin) }
}

/** The set of the folder's files that begin with `train` or `t10k`; `undefined` where there are none. */
export const idxSet = async (
  folder: string,
  names: readonly string[],
  which: 'train' | 't10k',
): Promise<ImageSet | undefined> => {
  const find = (part: Part) => names.find(name => isIdx(name) && name.startsWith(`${which}-${part}`))
  const [images, labels] = [find('images'), find('labels')]
  if (!images && !labels) return undefined
  if (!images) return failData(folder, `${labels} has labels, but there is no ${which}-images-idx3-ubyte`)
  if (!labels) return failData(folder, `${images} has images, but there is no ${which}-labels-idx1-ubyte`)
  const path = join(folder, images)
  const pictures = await read(path, 'images')
  const answers = await read(join(folder, labels), 'labels')
  const [count, height, width] = pictures.sizes as [number, number, number]
  if (count !== answers.sizes[0])
    failData(path, `it has ${count} images, ${labels} has ${answers.sizes[0]} labels: they are not of one set`)
  if (count * height * width === 0) failData(path, 'it has no images')
  const classes = answers.bytes.reduce((a, b) => Math.max(a, b), 0) + 1
  const gray = { mean: [0.1307], std: [0.3081] }
  return {
    kind: 'MNIST',
    path,
    classes: Array.from({ length: classes }, (_, i) => `${i}`),
    labels: Uint16Array.from(answers.bytes),
    ...inMemory(pictures.bytes, [1, height, width], { begin: 0, step: height * width }),
    usual: { gray, rgb: { mean: Array(3).fill(0.1307), std: Array(3).fill(0.3081) } },
    identity: createHash('sha256').update(answers.bytes).digest('hex'),
  }
}
