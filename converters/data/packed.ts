// Files of a data set as they are published, packed by gzip or not.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { readWhole } from '../commands/disk.js'
import { failData } from './set.js'

const unpack = promisify(gunzip)

/** The bytes of a file, unpacked if its name ends in `.gz`. */
export const readPacked = async (path: string): Promise<Uint8Array> => {
  const bytes = await readWhole(path)
  if (!path.endsWith('.gz')) return bytes
  try {
    return await unpack(bytes)
  } catch (cause) {
    const short = (cause as NodeJS.ErrnoException).code === 'Z_BUF_ERROR'
    return failData(path, short ? 'the gzip file is cut short, download it again' : 'it is no gzip file', cause)
  }
}
