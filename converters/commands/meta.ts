// The JSON file beside a model: names of its classes, and how an image becomes its input.
import { extname } from 'node:path'
import { ConvletError } from '../../ts/error.js'
import { isObject } from '../../ts/guards.js'
import { toMeta } from '../../ts/meta.js'
import type { ModelMeta } from '../../ts/types.js'
import { exists, readWhole } from './disk.js'
import { about } from './options.js'

export interface MetaFile extends Pick<ModelMeta, 'labels' | 'preprocess'> {
  /** `undefined` where none was found. */
  readonly path: string | undefined
}

const parse = (path: string, text: string): Readonly<Record<string, unknown>> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ConvletError('FILE', `${path} is not valid JSON: ${(cause as Error).message}.`, { cause })
  }
  if (isObject(value)) return value
  throw new ConvletError('FILE', `${path} should hold { "labels": […], "preprocess": {…} }.`)
}

const read = async (path: string): Promise<MetaFile & { readonly known: boolean }> => {
  const { labels, preprocess } = parse(path, new TextDecoder().decode(await readWhole(path)))
  const known = labels !== undefined || preprocess !== undefined
  // The reader of convlet's files judges them, so that what is written can be read again.
  const texts = {
    format: 'convlet',
    version: '1',
    ...(labels !== undefined && { labels: JSON.stringify(labels) }),
    ...(preprocess !== undefined && { preprocess: JSON.stringify(preprocess) }),
  }
  const meta = await about(path, async () => toMeta(texts, new Map()))
  return {
    path,
    known,
    ...(meta.labels && { labels: meta.labels }),
    ...(meta.preprocess && { preprocess: meta.preprocess }),
  }
}

/** What `--meta FILE` says; without it the `.json` of the model's name, if there is one that says anything; none for `--no-meta`. */
export const readMeta = async (model: string, option: string | boolean | undefined): Promise<MetaFile> => {
  if (option === false) return { path: undefined }
  if (typeof option === 'string') {
    const meta = await read(option)
    if (meta.known) return meta
    throw new ConvletError('FILE', `${option} has neither labels nor preprocess: it should have one of them or both.`)
  }
  const beside = `${model.slice(0, model.length - extname(model).length)}.json`
  if (beside === model || !(await exists(beside))) return { path: undefined }
  try {
    const meta = await read(beside)
    // Some other program's.
    return meta.known ? meta : { path: undefined }
  } catch (cause) {
    if (!(cause instanceof ConvletError)) throw cause
    // Nobody has asked for this file by name.
    throw new ConvletError(cause.code, `${cause.message} Or leave it out: --no-meta.`, { cause })
  }
}
