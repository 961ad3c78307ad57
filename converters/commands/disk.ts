// Reading and writing whole files, and saying in one line why it did not work.
import { renameSync, rmSync } from 'node:fs'
import { open, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ConvletError } from '../../ts/error.js'
import { progressLine } from '../terminal/progress.js'

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENAMETOOLONG: 'the name is too long',
}

const fileError = (path: string, what: string, cause: unknown): ConvletError => {
  const { code, message } = cause as NodeJS.ErrnoException
  return new ConvletError('FILE', `${path}: ${what}: ${reasons[code ?? ''] ?? message}.`, { cause })
}

const failWith = (code: string): never => {
  throw Object.assign(new Error(code), { code })
}

// Below Linux' limit for one read, and often enough to tell how far it is.
const PIECE = 1 << 24

/** The bytes of a file, with a progress line for one that takes long. */
export const readWhole = async (path: string): Promise<Uint8Array> => {
  const progress = progressLine(`reading ${basename(path)}`)
  try {
    const file = await open(path)
    try {
      const found = await file.stat()
      if (found.isDirectory()) failWith('EISDIR')
      // A pipe has no size.
      if (!found.isFile()) return await file.readFile()
      const bytes = new Uint8Array(found.size)
      let loaded = 0
      while (loaded < bytes.length) {
        const { bytesRead } = await file.read(bytes, loaded, Math.min(PIECE, bytes.length - loaded))
        if (bytesRead === 0) break
        loaded += bytesRead
        progress.update(loaded, bytes.length)
      }
      return bytes.subarray(0, loaded)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw fileError(path, 'cannot be read', cause)
  } finally {
    progress.end()
  }
}

/** Throws unless there is such a file. */
export const mustExist = async (path: string): Promise<void> => {
  try {
    if ((await stat(path)).isDirectory()) failWith('EISDIR')
  } catch (cause) {
    throw fileError(path, 'cannot be read', cause)
  }
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Where a file of this name will lie, behind links. Throws where none can: known before the work is done. */
export const target = async (path: string): Promise<string> => {
  try {
    if (await exists(path)) {
      const found = await stat(path)
      if (found.isDirectory()) failWith('EISDIR')
      // Renaming a file over /dev/null would replace it.
      if (!found.isFile()) throw new Error('it is no regular file')
      return await realpath(path)
    }
    const folder = await realpath(dirname(path))
    if (!(await stat(folder)).isDirectory()) failWith('ENOTDIR')
    return join(folder, basename(path))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new ConvletError('FILE', `${path}: cannot be written: there is no folder ${dirname(path)}.`, { cause })
    throw fileError(path, 'cannot be written', cause)
  }
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/**
 * Writes whole files, all of them or none: under temporary names beside them first, which no failure and no Ctrl-C leaves
 * behind.
 */
export const writeTogether = async (files: readonly (readonly [path: string, bytes: Uint8Array])[]): Promise<void> => {
  const wholes = await Promise.all(files.map(([path]) => target(path)))
  const temporaries = wholes.map((whole, i) => join(dirname(whole), `.convlet-${process.pid}-${i}.tmp`))
  const remove = () => {
    for (const temporary of temporaries) rmSync(temporary, { force: true })
  }
  const stop = (signal: NodeJS.Signals) => process.exit(128 + SIGNALS[signal as keyof typeof SIGNALS])
  // Who listens already decides what a signal does.
  const signals = Object.keys(SIGNALS).filter(signal => process.listenerCount(signal) === 0)
  process.once('exit', remove)
  for (const signal of signals) process.once(signal, stop)
  let at = 0
  try {
    for (; at < files.length; at++) {
      const file = await open(temporaries[at]!, 'w')
      try {
        await file.writeFile(files[at]![1])
        await file.sync()
      } finally {
        await file.close()
      }
    }
    // At one go: no signal comes between two of them.
    for (at = 0; at < files.length; at++) renameSync(temporaries[at]!, wholes[at]!)
  } catch (cause) {
    throw fileError(files[at]![0], 'cannot be written', cause)
  } finally {
    remove()
    process.off('exit', remove)
    for (const signal of signals) process.off(signal, stop)
  }
}

/** Writes the whole file or none. */
export const writeWhole = (path: string, bytes: Uint8Array): Promise<void> => writeTogether([[path, bytes]])
