// A folder of images for each class.
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { readImage } from '../commands/image.js'
import { failData, type ImageSet } from './set.js'

const IMAGE = /\.(png|jpe?g|webp|gif|tiff?|avif)$/i

export const isImage = (name: string): boolean => IMAGE.test(name)
export const isHidden = (name: string): boolean => name.startsWith('.')

/** In the same order on every system. */
const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** All files below a folder. */
const below = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const shown = entries.filter(({ name }) => !isHidden(name)).sort((a, b) => byName(a.name, b.name))
  const found: string[] = []
  for (const entry of shown) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await below(path)))
    else found.push(path)
  }
  return found
}

/** The images of a folder's folders, which are named like the classes. Throws for one without images. */
export const foldersSet = async (folder: string, names: readonly string[]): Promise<ImageSet> => {
  const classes = names.filter(name => !isHidden(name)).sort(byName)
  if (classes.length < 2)
    failData(
      folder,
      `${classes.length ? `it has one class, ${classes[0]}` : 'it has no folders of classes'}; there must be two at least`,
    )
  const files: string[] = []
  const labels: number[] = []
  let leftOut = 0
  const empty: string[] = []
  for (const [label, name] of classes.entries()) {
    const all = await below(join(folder, name))
    const images = all.filter(isImage)
    if (images.length === 0) empty.push(name)
    leftOut += all.length - images.length
    for (const image of images) {
      files.push(image)
      labels.push(label)
    }
  }
  if (empty.length > 0)
    failData(folder, `no images (PNG, JPEG, WebP, …) in ${empty.join(', ')}: fill or remove the folder of the class`)
  const half = { mean: 0.5, std: 0.5 }
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${relative(folder, file)}\n`)
  return {
    kind: 'folders',
    path: folder,
    classes,
    labels: Uint16Array.from(labels),
    image: id => readImage(files[id]!),
    usual: {
      gray: { mean: [half.mean], std: [half.std] },
      rgb: { mean: Array(3).fill(half.mean), std: Array(3).fill(half.std) },
    },
    identity: hash.digest('hex'),
    leftOut,
  }
}
