// CIFAR-10's binary version (www.cs.toronto.edu/~kriz/cifar.html): a byte of label, then 32×32 bytes each of red, green and blue.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readPacked } from './packed.js'
import { failData, type ImageSet, inMemory } from './set.js'

const CLASSES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')
const STEP = 1 + 3 * 32 * 32

const isBin = (name: string) => /\.bin(\.gz)?$/.test(name)
const isTest = (name: string) => /^(test|val)/.test(name)
/** The names of the original, and those that say what they are. */
const isTrain = (name: string) => /^(data_batch|train)/.test(name)

export const isCifar = isBin

const read = async (path: string): Promise<Uint8Array> => {
  const bytes = await readPacked(path)
  if (bytes.length === 0 || bytes.length % STEP)
    failData(
      path,
      `CIFAR-10 has ${STEP} bytes for each image, ${bytes.length} are no multiple of it; it is cut short, or another data set`,
    )
  for (let at = 0; at < bytes.length; at += STEP)
    if (bytes[at]! >= CLASSES.length)
      failData(path, `image ${at / STEP} has label ${bytes[at]}, CIFAR-10 has 0 to ${CLASSES.length - 1}`)
  return bytes
}

/** The set of the folder's files to train on, or to test on; `undefined` where there are none. */
export const cifarSet = async (
  folder: string,
  names: readonly string[],
  which: 'train' | 'test',
): Promise<ImageSet | undefined> => {
  const all = names.filter(isBin).sort()
  const known = all.filter(which === 'train' ? isTrain : isTest)
  // Whatever they are called: what is not there to test is there to train.
  const files = known.length === 0 && which === 'train' ? all.filter(name => !isTest(name)) : known
  if (files.length === 0) return undefined
  const parts: Uint8Array[] = []
  for (const name of files) parts.push(await read(join(folder, name)))
  const bytes = Buffer.concat(parts)
  const labels = Uint16Array.from({ length: bytes.length / STEP }, (_, i) => bytes[i * STEP]!)
  return {
    kind: 'CIFAR-10',
    path: files.length === 1 ? join(folder, files[0]!) : folder,
    classes: CLASSES,
    labels,
    ...inMemory(bytes, [3, 32, 32], { begin: 1, step: STEP }),
    usual: {
      gray: { mean: [0.481], std: [0.239] },
      rgb: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
    },
    identity: createHash('sha256').update(new Uint8Array(labels.buffer)).digest('hex'),
  }
}
