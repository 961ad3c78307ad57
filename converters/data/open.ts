import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cifarSet, isCifar } from './cifar.js'
import { foldersSet, isHidden, isImage } from './folders.js'
import { idxSet, isIdx } from './idx.js'
import { type Data, failData } from './set.js'

const KNOWN =
  'convlet reads a folder of images for each class, the idx files of MNIST (train-images-idx3-ubyte, …) and the .bin files of CIFAR-10'
const TRAIN = /^train(ing)?$/i
const TEST = /^(val|valid|validation|test)$/i

const list = async (folder: string) => {
  try {
    if (!(await stat(folder)).isDirectory()) failData(folder, 'it is a file; give the folder that the data are in')
    const entries = await readdir(folder, { withFileTypes: true })
    const isFolder = async (name: string) => (await stat(join(folder, name))).isDirectory()
    const folders: string[] = []
    const files: string[] = []
    for (const entry of entries) {
      if (isHidden(entry.name)) continue
      // A class may be a link to a folder elsewhere.
      const inside = entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(entry.name)))
      ;(inside ? folders : files).push(entry.name)
    }
    return { folders, files }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return failData(folder, 'there is no such folder', cause)
    throw cause
  }
}

const failUnknown = (folder: string, { folders, files }: { folders: string[]; files: string[] }): never => {
  if (files.some(isImage))
    failData(folder, 'its images are in no folders; put those of each class into a folder of its name')
  const found = [...folders, ...files]
  const some = `${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}`
  return failData(folder, found.length === 0 ? 'the folder is empty' : `no data that are known, but ${some}; ${KNOWN}`)
}

/** The labelled images of a folder, found by what the files are called. */
export const openData = async (folder: string): Promise<Data> => {
  const found = await list(folder)
  const { folders, files } = found
  const only = (data: { [K in keyof Data]: Data[K] | undefined }): Data =>
    Object.fromEntries(Object.entries(data).filter(([, set]) => set))
  if (files.some(isIdx))
    return only({ train: await idxSet(folder, files, 'train'), test: await idxSet(folder, files, 't10k') })
  if (files.some(isCifar))
    return only({ train: await cifarSet(folder, files, 'train'), test: await cifarSet(folder, files, 'test') })
  const [train, test] = [folders.find(name => TRAIN.test(name)), folders.find(name => TEST.test(name))]
  if (folders.every(name => TRAIN.test(name) || TEST.test(name)) && (train || test)) {
    const inside = async (name: string | undefined) =>
      name === undefined ? undefined : foldersSet(join(folder, name), (await list(join(folder, name))).folders)
    return only({ train: await inside(train), test: await inside(test) })
  }
  if (folders.length === 0) return failUnknown(folder, found)
  return { train: await foldersSet(folder, folders) }
}
