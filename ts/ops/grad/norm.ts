import { misfit, real, show, size } from '../../shape.js'
import type { Shape } from '../../types.js'
import { lrnNumbers } from '../norm.js'
import { nhwc } from '../op.js'
import { limits } from '../panels.js'
import { mapOf } from '../window.js'
import type { Grad, TrainOp, TrainScope } from './tape.js'

// Batch normalisation in training (Ioffe & Szegedy 2015) is two nodes: statistics (mean and 1 / standard deviation), of the batch or
// the running ones, and what is done with them.

/** Of the batch: gradient also through its mean and variance; `frozen`: of the running statistics, which are constants. */
export const batchNormGrad: Grad = ({ node, dy, emit, give, wants }) => {
  const [x, stats, scale, shift] = node.inputs as [string, string, string, string]
  const frozen = node.attrs.frozen === true
  const trained = { scale: wants(2), shift: wants(3) }
  const sums =
    frozen && !trained.scale && !trained.shift ? '' : emit('BatchNormSums', [x, stats, scale, shift, dy], trained)
  if (wants(0)) give(0, emit('BatchNormGrad', [dy, x, stats, scale, frozen ? '' : sums]))
}

/** Channels and pixels of a map, or of rows of features, and the order in which the kernels want it. */
const rows = ({ node, shape }: TrainScope, i: number) => {
  const x: Shape = shape(i)!
  if (x.length !== 2 && x.length !== 4)
    misfit(node, `training wants a batch norm of a map or of features, x is ${show(x)}`)
  const c = x[1]!
  return { x, c, pixels: size(x) / c, order: x.length === 4 ? nhwc(x) : undefined }
}

/** Mean and 1 / √(variance + epsilon) of a batch, `[2·C]`; the running ones follow, with `momentum`. x, mean, variance. */
export const batchStatsOp = {
  arity: [3, 3],
  run: scope => {
    const { node, read, output, call } = scope
    const { c, pixels, order } = rows(scope, 0)
    const y = output([2 * c])
    const running = node.attrs.again ? [0, 0] : [read(1), read(2)]
    const constants = [real(node, 'epsilon', 1e-5), real(node, 'momentum', 0.1)]
    call('batch_stats', y, running[0]!, running[1]!, read(0, order), pixels, c, ...constants)
  },
} satisfies TrainOp

/** The same of the running mean and variance. mean, variance. */
export const runningStatsOp = {
  arity: [2, 2],
  run: ({ node, shape, read, output, call }) => {
    const c = size(shape(0)!)
    call('running_stats', output([2 * c]), read(0), read(1), c, real(node, 'epsilon', 1e-5))
  },
} satisfies TrainOp

/** x normalised, scaled and shifted; fused: limits. x, statistics, scale, shift. */
export const batchNormOp = {
  arity: [4, 4],
  run: scope => {
    const { node, read, output, call } = scope
    const { x, c, pixels, order } = rows(scope, 0)
    const y = output(x, order, [0])
    call('batch_norm', y, read(0, order), read(1), read(2), read(3), pixels, c, ...limits(node))
  },
} satisfies TrainOp

/** Σ dy and Σ dy·x̂ of each channel, `[2·C]`, which are also the gradients of shift and scale. x, statistics, scale, shift, dy. */
export const batchNormSumsOp = {
  arity: [5, 5],
  run: scope => {
    const { node, read, output, call, gradient } = scope
    const { c, pixels, order } = rows(scope, 0)
    const [scale, shift] = [read(2), read(3)]
    const d = [node.attrs.scale ? gradient(scale) : 0, node.attrs.shift ? gradient(shift) : 0] as const
    call('batch_norm_sums', output([2 * c]), ...d, read(4, order), read(0, order), read(1), pixels, c)
  },
} satisfies TrainOp

/** dx of a batch norm. dy, x, statistics, scale, sums (none: the statistics are constants). */
export const batchNormGradOp = {
  arity: [4, 5],
  run: scope => {
    const { read, output, call } = scope
    const { x, c, pixels, order } = rows(scope, 1)
    const dx = output(x, order, [0])
    call('batch_norm_grad', dx, read(0, order), read(1, order), read(2), read(4), read(3), pixels, c)
  },
} satisfies TrainOp

/** Local response normalisation (Krizhevsky et al. 2012), across the channels. */
export const lrnGrad: Grad = ({ node, dy, emit, give }) => give(0, emit('LRNGrad', [dy, node.inputs[0]!], node.attrs))

export const lrnGradOp = {
  arity: [2, 2],
  run: scope => {
    const { node, read, output, call } = scope
    const [n, c, h, w] = mapOf(scope)
    const dx = output([n, c, h, w], [c, h, w])
    call('lrn_grad', dx, read(0, [c, h, w]), read(1, [c, h, w]), n * h * w, c, ...lrnNumbers(node, c))
  },
} satisfies TrainOp
