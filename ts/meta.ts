import { toGraph } from './graph.js'
import { failWith, isNumbers, isObject, isSize, isStrings } from './guards.js'
import type { ModelMeta, Preprocess } from './types.js'

const fail = failWith('FILE')

const parse = (what: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return fail(`the file's ${what} is not valid JSON; convert the model again`)
  }
}

const toPreprocess = (v: unknown): Preprocess => {
  if (!isObject(v)) return fail('preprocess is not an object')
  const { color, fit, border, mean, std } = v
  const is = (value: unknown, ...allowed: string[]) => typeof value === 'string' && allowed.includes(value)
  if (!is(color, 'gray', 'rgb', 'bgr')) return fail('preprocess: color must be gray, rgb or bgr')
  if (!is(fit, 'contain', 'cover', 'stretch')) return fail('preprocess: fit must be contain, cover or stretch')
  if (border !== undefined && !isSize(border)) return fail('preprocess: border must be a count of pixels')
  const channels = color === 'gray' ? 1 : 3
  if (!isNumbers(mean) || !isNumbers(std) || mean.length !== channels || std.length !== channels || std.includes(0))
    return fail(`preprocess: mean and std must be ${channels} numbers each for ${color}, std not zero`)
  return { color, fit, ...(border !== undefined && { border }), mean, std } as Preprocess
}

const toLabels = (v: unknown) => (isStrings(v) ? v : fail('labels must be a list of texts'))

const toOpset = (text: string) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : fail(`opset "${text}" is no number`))

/** Reads the header's `__metadata__`: text to text, of which convlet knows the keys of its own files. */
export const toMeta = (
  v: unknown,
  tensors: ReadonlyMap<string, unknown>,
): ModelMeta & { sha256: string | undefined } => {
  if (!isObject(v) || !isStrings(Object.values(v))) return fail('the metadata of the file must map text to text')
  const { format, version, graph, preprocess, labels, sha256, source, opset } = v as Record<string, string | undefined>
  // Keys of other writers may have other meanings.
  if (format !== 'convlet') return { sha256: undefined }
  if (version !== '1') return fail(`file version ${version}, this convlet reads 1; update convlet or convert again`)
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) return fail(`sha256 "${sha256}" is not 64 hex digits`)
  return {
    sha256,
    ...(graph !== undefined && { graph: toGraph(parse('graph', graph), tensors) }),
    ...(preprocess !== undefined && { preprocess: toPreprocess(parse('preprocess', preprocess)) }),
    ...(labels !== undefined && { labels: toLabels(parse('labels', labels)) }),
    ...(source !== undefined && { source }),
    ...(opset !== undefined && { opset: toOpset(opset) }),
  }
}
