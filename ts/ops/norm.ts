import { int, real, size } from '../shape.js'
import type { Node } from '../types.js'
import { checkVectors } from './batchnorm.js'
import { lines, mapOrder, nest } from './nest.js'
import type { Op } from './op.js'
import { limits } from './panels.js'
import { mapOf } from './window.js'

/** ONNX InstanceNormalization-22: each channel of an image by its own mean and variance, in two passes; fused: limits. */
export const instanceNormalization = {
  arity: [3, 3],
  run: (scope, x, ...vectors) => {
    const { node, read, scratch, call } = scope
    checkVectors(node, x, vectors)
    const [n, c, ...rest] = x as readonly [number, number, ...number[]]
    const order = mapOrder(scope)
    const y = scope.output(x, order, [0])
    const means = scratch(n * c)
    const variances = scratch(n * c)
    const [s, t] = [scratch(c), scratch(c)]
    const inner = order ? c : 1
    const dims = [(n * c) / inner, size(rest), inner] as const
    const [from, scale, bias] = [read(0, order), read(1), read(2)]
    call('reduce_mean', means, from, ...dims)
    const loops = nest(node, dims, [dims[1] * inner, inner, 1], [inner, 0, 1])
    call('sub', y, from, means, ...loops, -Infinity, Infinity)
    // What rounding left of the mean is subtracted as well (Chan, Golub and LeVeque 1983).
    call('reduce_mean', means, y, ...dims)
    call('reduce_mean_squares', variances, y, ...dims)
    for (let i = 0; i < n; i++) {
      const at = i * c * 4
      const image = y + at * dims[1]
      call('norm_factors', s, t, scale, bias, means + at, variances + at, c, real(node, 'epsilon', 1e-5))
      call('affine', image, image, s, t, ...lines([1, c, ...rest], order, 1), ...limits(node))
    }
  },
} satisfies Op

/** The numbers that describe an LRN over c channels to its kernels. */
export const lrnNumbers = (node: Node, c: number): readonly number[] => {
  const given = int(node, 'size', 1, 1)
  // A larger window sees all channels from everywhere: only the mean knows of the rest.
  const size = Math.min(given, 2 * c + 1)
  const alpha = Math.fround((real(node, 'alpha', 1e-4) * size) / given)
  return [size, alpha, real(node, 'beta', 0.75), real(node, 'bias', 1)]
}

/** ONNX LRN-13: across the channels of a map. */
export const lrn = {
  run: scope => {
    const { node, read, output, call } = scope
    const [n, c, h, w] = mapOf(scope)
    const y = output([n, c, h, w], [c, h, w])
    call('lrn', y, read(0, [c, h, w]), n * h * w, c, ...lrnNumbers(node, c))
  },
} satisfies Op
