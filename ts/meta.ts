import { fail } from './error.js'
import { toGraph } from './graph.js'
import { all, isSize, kind, map, oneOf, optional, type Reader, record, text, texts } from './guards.js'
import type { ModelMeta, Preprocess } from './types.js'

/** The value of a JSON text. */
export const parse = (what: string, text: () => string): unknown => {
  try {
    return JSON.parse(text())
  } catch (cause) {
    return fail('FILE', `${what} is not valid JSON; download it again`, cause)
  }
}

const json = <T>(read: Reader<T>): Reader<T | undefined> =>
  optional((v, at, code) =>
    read(
      parse(at, () => v as string),
      at,
      code,
    ),
  )

const fields = record<Preprocess>({
  color: oneOf('gray', 'rgb', 'bgr'),
  fit: oneOf('contain', 'cover', 'stretch'),
  border: optional(kind('a count of pixels', isSize)) as Reader<number>,
  mean: kind('a list of numbers', all(Number.isFinite)),
  std: kind(
    'a list of numbers other than 0',
    all(v => Number.isFinite(v) && v !== 0),
  ),
})

const preprocess: Reader<Preprocess> = (v, at, code) => {
  const known = fields(v, at, code)
  const { color, mean, std } = known
  const channels = color === 'gray' ? 1 : 3
  return mean.length === channels && std.length === channels
    ? known
    : fail(code, `${at}: mean and std must be ${channels} numbers each for ${color}`)
}

/** Reads the header's `__metadata__`: text to text, of which convlet knows the keys of its own files. */
export const toMeta = (v: unknown, tensors: ReadonlyMap<string, unknown>): ModelMeta & { readonly sha256?: string } => {
  const metadata = map(text)(v, 'metadata', 'FILE')
  // Keys of other writers may have other meanings.
  if (metadata.format !== 'convlet') return {}
  const { version, ...meta } = record({
    version: kind('1 (update convlet or convert again)', v => v === '1'),
    graph: json(v => toGraph(v, tensors)),
    preprocess: json(preprocess),
    labels: json(texts),
    sha256: optional(text),
    source: optional(text),
    opset: json(kind<number>('a number', isSize)),
  })(metadata, 'metadata', 'FILE')
  return meta as ModelMeta
}
