import { misfit, real, show, size } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { lines, mapOrder } from './nest.js'
import type { Op } from './op.js'
import { limits } from './panels.js'

/** Refuses vectors that have not one number for each channel of x. */
export const checkVectors = (node: Node, x: Shape, vectors: readonly Shape[]): void => {
  for (const [i, v] of vectors.entries())
    if (size(v) !== x[1]) misfit(node, `input ${i + 1} has ${size(v)} channels, x ${x[1]} (${show(x)})`)
}

/** ONNX BatchNormalization-15 at inference, where no Conv takes it in; fused: limits. */
export const batchNormalization = {
  arity: [5, 5],
  run: (scope, x, ...vectors) => {
    const { node, read, scratch, call } = scope
    checkVectors(node, x, vectors)
    const c = x[1]!
    const order = mapOrder(scope)
    const y = scope.output(x, order, [0])
    const [s, t] = [scratch(c), scratch(c)]
    call('norm_factors', s, t, read(1), read(2), read(3), read(4), c, real(node, 'epsilon', 1e-5))
    call('affine', y, read(0, order), s, t, ...lines(x, order, 1), ...limits(node))
  },
} satisfies Op
