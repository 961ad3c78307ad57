import type { Node, Shape } from '../types.js'
import type { Layout, Layouts, Op, Operand } from './op.js'

/** True where C×H×W and H×W×C are the same bytes. */
export const trivial = (layout: Layout): boolean =>
  layout === undefined || layout[0] === 1 || layout[1] * layout[2] === 1

export const sameLayout = (a: Layout, b: Layout): boolean =>
  a === b || (trivial(a) && trivial(b)) || (a !== undefined && b !== undefined && a.every((d, i) => d === b[i]))

/** One map in, one map out, channels innermost: convolution and the pools. */
export const nhwc = (_node: Node, inputs: readonly (Operand | undefined)[], output: Shape): Layouts => {
  const [, c, h, w] = inputs[0]!.shape as readonly [number, number, number, number]
  const [, oc, oh, ow] = output as readonly [number, number, number, number]
  return { inputs: [[c, h, w]], output: [oc, oh, ow] }
}

/** Element by element: whatever order comes in goes out. */
export const anyOrder = (_node: Node, inputs: readonly (Operand | undefined)[]): Layouts => ({
  inputs: [inputs[0]!.layout],
  output: inputs[0]!.layout,
})

/** A shape's dimensions from the outermost in memory to the innermost, as indices of the shape. */
export const memoryOrder = (shape: Shape, layout: Layout): readonly number[] =>
  layout !== undefined && shape.length === 4 ? [0, 2, 3, 1] : shape.map((_, i) => i)

const convert = (toNhwc: boolean): Op => ({
  arity: [1, 1],
  shape: (_node, [x]) => x!,
  emit: ({ node, inputs: [x], output }) => {
    const [c, h, w] = node.attrs.map as unknown as readonly [number, number, number]
    const n = x!.shape[0]!
    return [toNhwc ? ['transpose', output.at, x!.at, n, c, h * w] : ['transpose', output.at, x!.at, n, h * w, c]]
  },
  layout: node => {
    const map = node.attrs.map as unknown as Layout
    return toNhwc ? { inputs: [undefined], output: map } : { inputs: [map], output: undefined }
  },
})

/** Inserted by the compile step where a value's order must change; not part of a file's graph. */
export const toNhwc = convert(true) satisfies Op
export const toNchw = convert(false) satisfies Op

/** `Flatten`, `Reshape` and the like: the same bytes. A map's NHWC order survives as long as the map stays recognisable. */
export const viewLayout = (_node: Node, inputs: readonly (Operand | undefined)[], output: Shape): Layouts => {
  const { layout } = inputs[0]!
  if (layout === undefined) return { inputs: [undefined], output: undefined }
  const [c, h, w] = layout
  const kept =
    output[0] === inputs[0]!.shape[0] &&
    ((output.length === 2 && output[1] === c * h * w) ||
      (output.length === 4 && output[1] === c && output[2] === h && output[3] === w))
  return kept ? { inputs: [layout], output: layout } : { inputs: [undefined], output: undefined }
}
