import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { keeper } from '../cache.js'

const DAY = 86_400_000

/** Where the system's programs keep what they can fetch again. */
const folder = (): string => {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env
  const usual = process.platform === 'darwin' ? 'Library/Caches' : '.cache'
  return join((process.platform === 'win32' && LOCALAPPDATA) || XDG_CACHE_HOME || join(homedir(), usual), 'convlet')
}

/** Removes what processes that ended have left half-written. */
const sweep = async (path: string): Promise<void> => {
  for (const name of await readdir(path)) {
    const file = join(path, name)
    if (name.endsWith('.part') && (await stat(file)).mtimeMs < Date.now() - DAY) await rm(file, { force: true })
  }
}

/** Node: one file for each address in a folder, put in place as a whole. */
export const cached = /* @__PURE__ */ keeper(async (_, name) => {
  const path = join(folder(), `${name}.safetensors`)
  return {
    get: async () => {
      await access(path)
      return path
    },
    put: async stream => {
      await mkdir(folder(), { recursive: true })
      const part = `${path}.${randomUUID()}.part`
      try {
        await sweep(folder())
        await writeFile(part, stream)
        await rename(part, path)
      } catch (error) {
        await rm(part, { force: true })
        // The stream's writer is not to wait for more to be read.
        await stream.cancel(error).catch(() => undefined)
        throw error
      }
    },
    drop: () => rm(path, { force: true }),
  }
})
