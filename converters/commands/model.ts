import { open } from 'node:fs/promises'
import type { LoadOptions, Net, PlanOptions, Source } from '../../ts/api.js'
import { load } from '../../ts/entry/node.js'
import { shards } from '../../ts/entry/shards.node.js'
import { ConvletError } from '../../ts/error.js'
import { headerLength } from '../../ts/file.js'
import { kindOf } from '../../ts/kinds.js'
import { progressLine } from '../terminal/progress.js'
import { mustExist } from './disk.js'
import { about } from './options.js'

const begin = async (file: string): Promise<Uint8Array | undefined> => {
  const handle = await open(file)
  try {
    // What is read from a pipe is gone for the runtime.
    if (!(await handle.stat()).isFile()) return undefined
    const { buffer, bytesRead } = await handle.read(new Uint8Array(8), 0, 8, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/**
 * Throws where there is no such file, or where it is plainly of another kind: the runtime, which is to be small, says no
 * more than how it begins. Addresses are left to the runtime.
 */
export const mustBeModel = async (file: string): Promise<void> => {
  if (/^(https?|file):/.test(file)) return
  await mustExist(file)
  const first = await begin(file)
  if (first === undefined) return
  try {
    // First of all: a header of 8 bytes, or of 60, begins as an ONNX model or as a page does.
    headerLength(first)
  } catch (cause) {
    const kind = kindOf(first)
    if (kind) throw new ConvletError('FILE', `${file}: not a safetensors file: looks like ${kind}.`, { cause })
  }
}

/** What the runtime reads a model from: a manifest's shards, or the file itself. */
export const sourceOf = async (file: string): Promise<Source> => (file.endsWith('.shards.json') ? shards(file) : file)

/** Loads a model, with a progress line, and tells how many bytes its file has. */
export const loadModel = async (
  file: string,
  { memory }: Pick<PlanOptions, 'memory'>,
): Promise<{ readonly net: Net; readonly bytes: number }> => {
  await mustBeModel(file)
  const progress = progressLine(`loading ${file}`)
  let bytes = 0
  const onProgress: LoadOptions['onProgress'] = ({ loaded, total }) => {
    bytes = loaded
    progress.update(loaded, total)
  }
  try {
    const net = await about(file, async () => load(await sourceOf(file), { onProgress, ...(memory && { memory }) }))
    return { net, bytes }
  } finally {
    progress.end()
  }
}
