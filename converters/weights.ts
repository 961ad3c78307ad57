// Weights of PyTorch, a state dict in a safetensors file, joined with the network of a builder.
import type { Network } from '../models/builder.js'
import { ConvletError } from '../ts/error.js'
import { readModel } from '../ts/file.js'
import { withoutScales } from '../ts/ops/scales.js'
import type { Model, ModelMeta, Shape, Tensor } from '../ts/types.js'
import { floatBytes, isFloat, numbersOf } from './onnx/values.js'

// What wrappers put before every name: DataParallel, Lightning and the like, torch.compile.
const PREFIXES = ['module.', 'model.', '_orig_mod.', 'state_dict.']

const show = (shape: Shape) => shape.join('×') || 'a scalar'

/** Finds the name that a tensor of the file has in the network: its own, or what wrappers have left of it. */
const unwrap = (name: string, isWanted: (name: string) => boolean): string => {
  let rest = name
  while (!isWanted(rest)) {
    const prefix = PREFIXES.find(prefix => rest.startsWith(prefix))
    if (prefix === undefined) return rest
    rest = rest.slice(prefix.length)
  }
  return rest
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title} (${lines.length}):`, ...lines.map(line => `  ${line}`)]

const asFloats = (t: Tensor): Tensor => (t.dtype === 'F64' ? { ...t, dtype: 'F32', data: floatBytes(numbersOf(t)) } : t)

/**
 * Makes a model of a network and the bytes of a plain safetensors file that holds its weights, as
 * `safetensors.torch.save_file(model.state_dict())` and timm write it. Tensors are found by name; `num_batches_tracked` is
 * left out, the prefixes of wrappers (`module.`, `model.`, `_orig_mod.`, `state_dict.`) are taken off, halves stay halves.
 *
 * Throws `FILE` for bytes that are no such file, and `SHAPE` with the complete list of what is missing, too much or of
 * another shape.
 */
export const fromStateDict = async (
  bytes: Uint8Array,
  { inputs, outputs, nodes, parameters, leftOut = [] }: Network,
  meta: Omit<ModelMeta, 'graph' | 'opset'> = {},
): Promise<Model> => {
  const isWanted = (name: string) => Object.hasOwn(parameters, name)
  const isSpare = (name: string) =>
    name.endsWith('num_batches_tracked') || leftOut.some(beginning => name.startsWith(beginning))
  const found = new Map<string, Tensor>()
  const extra: string[] = []
  for (const [name, tensor] of withoutScales((await readModel(bytes)).tensors)) {
    const own = unwrap(name, isWanted)
    if (isWanted(own) && !found.has(own)) found.set(own, tensor)
    else if (!isSpare(own)) extra.push(`${name} ${show(tensor.shape)}${isWanted(own) ? ', a second one' : ''}`)
  }
  const missing: string[] = []
  const wrong: string[] = []
  const tensors = new Map<string, Tensor>()
  for (const [name, shape] of Object.entries(parameters)) {
    const tensor = found.get(name)
    if (tensor === undefined) missing.push(`${name} ${show(shape)}`)
    else if (`${tensor.shape}` !== `${shape}`) wrong.push(`${name} is ${show(tensor.shape)}, should be ${show(shape)}`)
    else if (!isFloat(tensor.dtype)) wrong.push(`${name} is of ${tensor.dtype}, should be F32, F16, BF16 or F64`)
    else tensors.set(name, asFloats(tensor))
  }
  const problems = [
    ...section('missing', missing),
    ...section('of another shape or type', wrong),
    ...section('not in the network', extra),
  ]
  if (problems.length > 0)
    throw new ConvletError(
      'SHAPE',
      [
        'the weights are not those of the network:',
        ...problems.map(line => `  ${line}`),
        'Take the builder of the network they were trained with, and as many classes.',
      ].join('\n'),
    )
  return { ...meta, graph: { inputs, outputs, nodes }, tensors }
}
