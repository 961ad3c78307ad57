import { shapeError, show, size } from '../shape.js'
import { biasPacking, matrix, panelPacking, RESIDUAL } from './conv.js'
import type { Op } from './op.js'

/**
 * y = x·Wᵀ + b over the last dimension of x: ONNX Gemm-13 and MatMul-13 with constant weights, PyTorch's Linear.
 * x `[…,K]`, w `[OUT,K]`, b `[OUT]`; fused: a residual and limits.
 */
export const gemm = {
  arity: [2, 4],
  shape: (node, [x, w, b]) => {
    if (w!.length !== 2) throw shapeError(node, `needs a weight of 2 dimensions, has ${show(w!)}.`)
    const [out, k] = w as readonly [number, number]
    const last = x!.at(-1)
    if (last !== k)
      throw shapeError(
        node,
        `weight expects ${k} features, input has ${last ?? 'none'} (x ${show(x!)}, w ${show(w!)}).`,
      )
    if (b !== undefined && size(b) !== out)
      throw shapeError(node, `bias has ${size(b)} elements, weight makes ${out} features (w ${show(w!)}).`)
    return [...x!.slice(0, -1), out]
  },
  // A flattened map may stay in NHWC order: the weights' columns are permuted to it while they are packed.
  layout: (_node, [x]) => ({ inputs: [x!.shape.length === 2 ? x!.layout : undefined], output: undefined }),
  macs: (_node, [, w], output) => size(output) * w![1]!,
  inPlace: [RESIDUAL],
  packing: (_node, index, [x, w]) => {
    const [out, k] = w!.shape as readonly [number, number]
    const [c, h, width] = x!.layout ?? [k, 1, 1]
    if (index === 1) return panelPacking(out, 1, c, h * width)
    return index === 2 ? biasPacking(out) : undefined
  },
  emit: ({ node, inputs: [x, w, b, res], output }) => {
    const [oc, k] = w!.shape as readonly [number, number]
    return [matrix(output.at, res?.at ?? 0, x!.at, w!.at, b?.at ?? 0, size(x!.shape) / k, k, oc, node)]
  },
} satisfies Op
