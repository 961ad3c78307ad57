// What a Conv or Gemm of convlet does by itself, where ONNX has a node of its own for it.
import type { Node, Tensor } from '../../ts/types.js'

/** Top, left, bottom and right of a Pad that adds zeros around maps and nothing else. */
const around = ({ op, attrs }: Node): readonly number[] | undefined => {
  const [n, c, top, left, ...rest] = [attrs.pads ?? []].flat() as number[]
  const [n2, c2, bottom, right] = rest
  const fits = op === 'Pad' && attrs.value === 0 && rest.length === 4 && !n && !c && !n2 && !c2
  return fits ? [top!, left!, bottom!, right!] : undefined
}

/** A padding by zeros before a Conv becomes the Conv's own; the Pad stays for those who read it as well. */
export const padConvs = (nodes: readonly Node[]): readonly Node[] => {
  const pads = new Map(nodes.filter(around).map(node => [node.outputs[0], node]))
  return nodes.map(node => {
    const [x, ...weights] = node.inputs
    const pad = pads.get(x!)
    const own = node.attrs.pad
    if (node.op !== 'Conv' || !pad || !Array.isArray(own)) return node
    const sides = around(pad)!.map((n, i) => n + own[i]!)
    return { ...node, inputs: [pad.inputs[0]!, ...weights], attrs: { ...node.attrs, pad: sides } }
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
