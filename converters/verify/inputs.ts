// What networks are compared on: images, data sets, or inputs that were recorded.
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { toInput } from '../../ts/image.js'
import type { Preprocess, Shape } from '../../ts/types.js'
import { readWhole } from '../commands/disk.js'
import { readImage } from '../commands/image.js'
import { isCifar } from '../data/cifar.js'
import { isHidden, isImage } from '../data/folders.js'
import { isIdx } from '../data/idx.js'
import { openData } from '../data/open.js'
import { failData, type ImageSet } from '../data/set.js'
import { TensorProto } from '../onnx/proto.js'
import { readTensor } from '../onnx/tensor.js'
import { numbersOf, sizeOf } from '../onnx/values.js'

/** One input of a network, for one image. */
export interface Input {
  /** The file it is from, and which one of it. */
  readonly name: string
  readonly values: Float32Array
  /** The index of its class, where the data have labels. */
  readonly label?: number
}

export interface Inputs {
  readonly what: string
  readonly count: number
  /** Reads them when their turn comes. */
  readonly all: () => AsyncGenerator<Input>
}

/** What the network takes: the shape without the batch, what makes an image of it, and its classes. */
export interface Wanted {
  readonly shape: Shape
  readonly preprocess: Preprocess
  readonly classes: number
}

const RECORDED = /(^|[/\\])input_0\.pb$|\.f32$/

/** The numbers of a recorded input: an ONNX tensor, or nothing but 32-bit floats. */
const readRecorded = async (path: string): Promise<Float32Array> => {
  const bytes = await readWhole(path)
  if (path.endsWith('.f32')) {
    if (bytes.length % 4) failData(path, `${bytes.length} bytes are no 32-bit floats`)
    return new Float32Array(new Uint8Array(bytes).buffer)
  }
  try {
    const tensor = readTensor(TensorProto.decode(bytes) as Parameters<typeof readTensor>[0], path)
    if (!('data' in tensor)) throw new Error('its numbers are not in it')
    return Float32Array.from(numbersOf(tensor))
  } catch (cause) {
    return failData(path, `it is no ONNX tensor: ${(cause as Error).message}`, cause)
  }
}

const ofFiles = (folder: string, files: readonly string[], { shape, preprocess }: Wanted): Inputs => ({
  what: `${folder}, ${files.length} ${RECORDED.test(files[0]!) ? 'recorded inputs' : 'images'}`,
  count: files.length,
  all: async function* () {
    const one = sizeOf(shape)
    for (const file of files) {
      const name = relative(folder, RECORDED.test(file) && file.endsWith('.pb') ? dirname(file) : file)
      if (!RECORDED.test(file)) {
        yield { name, values: toInput(await readImage(file), preprocess, shape) }
        continue
      }
      const values = await readRecorded(file)
      const images = values.length / one
      if (images < 1 || images % 1)
        failData(file, `${values.length} numbers are no inputs of ${shape.join('×')}, which take ${one} each`)
      for (let i = 0; i < images; i++)
        yield { name: images > 1 ? `${name} ${i}` : name, values: values.subarray(i * one, (i + 1) * one) }
    }
  },
})

const ofSet = (set: ImageSet, limit: number, { shape, preprocess, classes }: Wanted): Inputs => {
  const count = Math.min(limit, set.labels.length)
  // Labels of a network of other classes say nothing.
  const labelled = classes === set.classes.length
  return {
    what: `${set.path}, ${count} images of ${set.kind}`,
    count,
    all: async function* () {
      for (let i = 0; i < count; i++)
        yield {
          name: `image ${i}`,
          values: toInput(await set.image(i), preprocess, shape),
          ...(labelled && { label: set.labels[i]! }),
        }
    },
  }
}

/** All files below a folder, in the same order on every system. */
const below = async (folder: string): Promise<string[]> => {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !isHidden(name))
  const lists = await Promise.all(
    entries
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(entry => (entry.isDirectory() ? below(join(folder, entry.name)) : [join(folder, entry.name)])),
  )
  return lists.flat()
}

/**
 * The inputs in a folder: recorded ones (`input_0.pb` of ONNX's test data, `.f32`), images of any names in it and its folders, or the files of
 * MNIST or CIFAR-10, of which the test set is taken. At most `limit` files or images of a set. Throws where there are none.
 */
export const openInputs = async (folder: string, limit: number, wanted: Wanted): Promise<Inputs> => {
  const found = await stat(folder).catch(cause => failData(folder, 'there is no such folder', cause))
  if (!found.isDirectory()) failData(folder, 'it is a file; give the folder that the data are in')
  const here = await readdir(folder)
  if (here.some(isIdx) || here.some(isCifar)) {
    const { train, test } = await openData(folder)
    return ofSet((test ?? train)!, limit, wanted)
  }
  const files = await below(folder)
  const recorded = files.filter(file => RECORDED.test(file))
  const chosen = recorded.length > 0 ? recorded : files.filter(isImage)
  if (chosen.length === 0)
    failData(
      folder,
      'no inputs in it: images, input_0.pb of ONNX test data, .f32 (32-bit floats), or the files of MNIST or CIFAR-10',
    )
  return ofFiles(folder, chosen.slice(0, limit), wanted)
}
