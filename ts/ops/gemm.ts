import { misfit, show, size } from '../shape.js'
import type { Op } from './op.js'
import { bias, matrix, panels, pitchOf, RESIDUAL, residual } from './panels.js'

/**
 * y = x·Wᵀ + b over the last dimension of x: ONNX Gemm-13 and MatMul-13 with constant weights, PyTorch's Linear.
 * x `[…,K]`, w `[OUT,K]`, b `[OUT]`; fused: a residual and limits.
 */
export const gemm = {
  arity: [2, 4],
  run: (scope, x, w) => {
    const { node, read } = scope
    const [oc, k] = w as readonly [number, number]
    if (w.length !== 2 || x.at(-1) !== k)
      misfit(node, `weight expects ${k} features, input has ${x.at(-1) ?? 'none'} (x ${show(x)}, w ${show(w)})`)
    const m = size(x) / k
    scope.macs(m * k * oc)
    const result = [...x.slice(0, -1), oc]
    const y = scope.output(result, undefined, [RESIDUAL])
    // A flattened map may stay in NHWC order: the weights' columns are permuted to it while they are packed.
    const order = x.length === 2 ? scope.order(0) : undefined
    const [c, h, width] = order ?? [k, 1, 1]
    const at = panels(scope, oc, 1, c, h * width)
    const b = bias(scope, oc)
    scope.call(...matrix(y, residual(scope, result), read(0, order), at, b, m, k, oc, node, pitchOf(scope, oc)))
  },
} satisfies Op
