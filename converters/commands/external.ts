// Weights that an ONNX model keeps in files beside it. Their names come from the model, which may be a stranger's.
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ConvletError } from '../../ts/error.js'
import type { External } from '../index.js'
import { clean } from '../terminal/text.js'

// Below Linux' limit for one read.
const PIECE = 1 << 30

const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Reads files in the model's folder and below it, and no others: wherever links lead. */
export const besideModel = (model: string): External => {
  const folder = dirname(model)
  return (location, offset, length) => {
    const name = clean(location)
    const fail = (fact: string, cause?: unknown): never => {
      throw new ConvletError('FILE', `${model}: its weights are in "${name}": ${fact}.`, { cause })
    }
    // Whatever system wrote the model, and whatever system reads it.
    if (/^[/\\]|^[a-z]:/i.test(location)) fail('only relative paths are read, put the file beside the model')
    if (location.split(/[/\\]/).includes('..')) fail('".." leads out of the folder of the model, put the file into it')
    if (location.includes('\0')) fail('that is no name of a file')
    try {
      const path = realpathSync(join(folder, location))
      if (!isInside(realpathSync(folder), path))
        fail('it is a link out of the folder of the model, put the file into it')
      // Opening a pipe would wait for its writer.
      const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
      try {
        const found = fstatSync(file)
        if (!found.isFile()) fail('it is no regular file')
        if (offset + length > found.size)
          fail(
            `it has ${found.size} bytes, ${length} from byte ${offset} on are asked for: it is cut short or another model's`,
          )
        const bytes = new Uint8Array(length)
        for (let loaded = 0; loaded < length; ) {
          const count = readSync(file, bytes, loaded, Math.min(PIECE, length - loaded), offset + loaded)
          if (count === 0) fail('it became shorter while it was read')
          loaded += count
        }
        return bytes
      } finally {
        closeSync(file)
      }
    } catch (cause) {
      if (cause instanceof ConvletError || cause instanceof RangeError) throw cause
      const { code, message } = cause as NodeJS.ErrnoException
      return fail(code === 'ENOENT' ? `there is no such file in ${resolve(folder)}` : message, cause)
    }
  }
}
