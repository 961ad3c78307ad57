import { ConvletError } from '../ts/error.js'
import { encodeModel } from '../ts/file.js'
import type { Model, Preprocess, Shape } from '../ts/types.js'
import { convertGraph } from './onnx/graph.js'
import { readOnnx } from './onnx/read.js'
import type { External } from './onnx/tensor.js'
import { type Storage, storeWeights } from './storage.js'

export type { Model, Preprocess, Shape } from '../ts/types.js'
export { ConvletError, type External, type Storage }

export interface ConvertOptions {
  /** Path or name of the ONNX file: what messages call it. Its last part becomes the `source` of the converted file. */
  readonly source?: string
  /** Whole shapes of inputs whose sizes the file leaves open: `{ input: [1, 3, 224, 224] }`. */
  readonly inputShapes?: Readonly<Record<string, Shape>>
  /** Names of the classes, in the order of the output. */
  readonly labels?: readonly string[]
  readonly preprocess?: Preprocess
  /**
   * Reads weights that lie in files beside the model: gives `length` bytes of the file `location` from `offset` on, or
   * `undefined` where there is none. `location` is a relative path that the model names: check it before opening files.
   * Without this, a model with such weights is refused.
   */
  readonly external?: External
  /** How to store the weights, see `storeWeights`. Default: as the file has them. */
  readonly weights?: Storage
}

const inMemory = <T>(file: string, run: () => T): T => {
  try {
    return run()
  } catch (cause) {
    // What engines throw when an array cannot be made.
    if (!(cause instanceof RangeError)) throw cause
    throw new ConvletError('MEMORY', `${file} needs more memory to convert than there is`, { cause })
  }
}

/**
 * Makes a model of an ONNX file's bytes (opset 7 and later, IR 3 and later). The weights are views of `bytes` where they
 * did not have to be changed.
 *
 * Throws `FILE` for bytes that are no ONNX, `GRAPH` for a graph that is not sound, `SHAPE` for an input whose size is
 * open, and `UNSUPPORTED` with the complete list of what convlet cannot do.
 */
export const fromOnnx = (bytes: Uint8Array, options: ConvertOptions = {}): Model => {
  const { source, inputShapes = {}, labels, preprocess, external, weights } = options
  const file = source ?? 'the file'
  const onnx = inMemory(file, () => readOnnx(bytes, file, external))
  const { graph, tensors } = inMemory(file, () => convertGraph(onnx, inputShapes, file))
  // The folder is nobody's business but the machine's.
  const name = source?.split(/[/\\]/).at(-1)
  const from = name && onnx.producer ? `${name} (${onnx.producer})` : name || onnx.producer
  const model = {
    graph,
    tensors,
    opset: onnx.opset,
    ...(from && { source: from }),
    ...(labels && { labels }),
    ...(preprocess && { preprocess }),
  }
  return weights ? storeWeights(model, weights) : model
}

/** The same as the bytes of a file that `load` reads. */
export const convert = async (bytes: Uint8Array, options?: ConvertOptions): Promise<Uint8Array> =>
  encodeModel(fromOnnx(bytes, options))

export { toOnnx } from './onnx/write.js'
export { storeWeights } from './storage.js'
export { fromStateDict } from './weights.js'
