// What the operators of convlet do by themselves, where ONNX has nodes of their own for it.
import type { Node, Tensor } from '../../ts/types.js'

/** Top, left, bottom and right of a Pad around maps that leaves their number and channels alone. */
const around = ({ op, attrs }: Node): readonly number[] | undefined => {
  const [n, c, top, left, ...rest] = [attrs.pads ?? []].flat() as number[]
  const [n2, c2, bottom, right] = rest
  const fits = op === 'Pad' && rest.length === 4 && !n && !c && !n2 && !c2
  return fits ? [top!, left!, bottom!, right!] : undefined
}

/** No number of a node's result is smaller. */
const least = (node: Node | undefined): number => {
  if (node?.op === 'Relu' || node?.op === 'Sigmoid') return 0
  return node?.op === 'Clip' ? ((node.attrs.min as number | undefined) ?? -Infinity) : -Infinity
}

/**
 * A padding before a window becomes the window's own; the Pad stays for those who read it as well. A Conv pads with zeros, an
 * average counts them, and a maximum does not see them: what it pads with must not be larger than what it finds. In a pool
 * no window may then lie in the padding, nor may rounding up depend on it.
 */
export const padWindows = (nodes: readonly Node[]): readonly Node[] => {
  const makers = new Map(nodes.map(node => [node.outputs[0]!, node]))
  return nodes.map(node => {
    const [x, ...weights] = node.inputs
    const pad = makers.get(x!)
    const more = pad && around(pad)
    const own = node.attrs.pad
    if (!more || !Array.isArray(own)) return node
    const { op, attrs } = node
    const value = pad.attrs.value as number
    const sides = more.map((n, i) => n + own[i]!)
    const kernel = attrs.kernel as readonly number[]
    const small = more.some(n => n > 0) && !attrs.ceil && `${attrs.dilation}` === '1,1'
    const inside = small && sides.every((n, i) => n < kernel[i % 2]!)
    const average = op === 'AveragePool' && inside && value === 0 && (attrs.includePad || !own.some(n => n > 0))
    const fits =
      (op === 'Conv' && value === 0) ||
      average ||
      (op === 'MaxPool' && inside && value <= least(makers.get(pad.inputs[0]!)))
    if (!fits) return node
    const counted = average ? { includePad: true } : {}
    return { ...node, inputs: [pad.inputs[0]!, ...weights], attrs: { ...attrs, pad: sides, ...counted } }
  })
}

/** A Transpose of a Transpose is one of what is before them, or nothing. */
export const mergeTransposes = (nodes: readonly Node[]): readonly Node[] => {
  const turned = new Map<string, Node>()
  const permOf = (node: Node) => node.attrs.perm as readonly number[]
  return nodes.map(node => {
    if (node.op !== 'Transpose') return node
    const before = turned.get(node.inputs[0]!)
    const joins = before && permOf(before).length === permOf(node).length
    const perm = joins ? permOf(node).map(d => permOf(before)[d]!) : permOf(node)
    const inputs = joins ? before.inputs : node.inputs
    if (perm.every((d, i) => d === i)) return { ...node, op: 'Identity', inputs, attrs: {} }
    const result = { ...node, inputs, attrs: { perm } }
    turned.set(node.outputs[0]!, result)
    return result
  })
}

/** What is known of the values beside the nodes. */
export interface Facts {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly reads: (name: string) => number
  readonly rank: (name: string) => number | undefined
  /** Gives a tensor that shape, or puts one beside it where others read it, and tells the name. */
  readonly reshape: (tensor: string, shape: readonly number[]) => string
}

/**
 * One number for each output channel, added to the result of a Conv, ConvTranspose or Gemm that has no bias and no other
 * reader, becomes the bias.
 */
export const addBiases = (nodes: readonly Node[], { tensors, reads, rank, reshape }: Facts): readonly Node[] => {
  const kept = new Map<string, Node>()
  const biased = (add: Node, x: string, b: string): Node | undefined => {
    const maker = kept.get(x)
    const shape = tensors.get(b)?.shape
    const dimensions = rank(x)
    if (!maker || !shape || !dimensions || maker.inputs.length > 2 || reads(x) > 1) return
    if (!['Conv', 'ConvTranspose', 'Gemm'].includes(maker.op)) return
    const [out, groupOut] = tensors.get(maker.inputs[1]!)!.shape as [number, number]
    const channels = maker.op === 'ConvTranspose' ? groupOut * (maker.attrs.groups as number) : out
    const place = shape.length - (maker.op === 'Gemm' ? 1 : dimensions - 1)
    // Of more dimensions than the result, it would give the sum more as well.
    if (shape.length > dimensions || place < 0 || shape.some((n, i) => n !== (i === place ? channels : 1))) return
    kept.delete(x)
    return { ...maker, inputs: [...maker.inputs, reshape(b, [channels])], outputs: add.outputs }
  }
  for (const node of nodes) {
    const [a, b] = node.inputs as [string, string]
    const result = (node.op === 'Add' && (biased(node, a, b) ?? biased(node, b, a))) || node
    kept.set(result.outputs[0]!, result)
  }
  return [...kept.values()]
}
