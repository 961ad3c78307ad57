import { int, misfit, real, show, size } from '../shape.js'
import { lines, mapOrder } from './nest.js'
import type { Op } from './op.js'
import { limits } from './panels.js'
import { mapOf } from './window.js'

/** ONNX BatchNormalization-15 at inference, where no Conv takes it in; fused: limits. */
export const batchNormalization = {
  arity: [5, 5],
  run: (scope, x, ...vectors) => {
    const { node, read, call } = scope
    const c = x[1] ?? 0
    for (const [i, v] of vectors.entries())
      if (size(v) !== c) misfit(node, `input ${i + 1} has ${size(v)} channels, x ${c} (${show(x)})`)
    const order = mapOrder(scope)
    const y = scope.output(x, order, [0])
    const [s, t] = [scope.scratch(c), scope.scratch(c)]
    call('norm_factors', s, t, read(1), read(2), read(3), read(4), c, real(node, 'epsilon', 1e-5))
    call('affine', y, read(0, order), s, t, ...lines(x, order, 1), ...limits(node))
  },
} satisfies Op

/** ONNX LRN-13: across the channels of a map. */
export const lrn = {
  run: scope => {
    const { node, read, output, call } = scope
    const [n, c, h, w] = mapOf(scope)
    const given = int(node, 'size', 1, 1)
    // A larger window sees all channels from everywhere: only the mean knows of the rest.
    const size = Math.min(given, 2 * c + 1)
    const constants = [
      Math.fround((real(node, 'alpha', 1e-4) * size) / given),
      real(node, 'beta', 0.75),
      real(node, 'bias', 1),
    ]
    const y = output([n, c, h, w], [c, h, w])
    call('lrn', y, read(0, [c, h, w]), n * h * w, c, size, ...constants)
  },
} satisfies Op
