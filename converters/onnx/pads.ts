import type { Node } from '../../ts/types.js'

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
