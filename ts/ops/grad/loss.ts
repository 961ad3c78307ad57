import { fail } from '../../error.js'
import { int, misfit, real, show, size } from '../../shape.js'
import { nhwc } from '../op.js'
import type { Grad, TrainOp, TrainScope } from './tape.js'

/** Images and numbers per image of scores, whatever dimensions of 1 they have. */
const rows = ({ shape }: TrainScope) => {
  const x = shape(0)!
  const c = size(x) / x[0]!
  const weights = size(shape(2) ?? [c])
  return weights === c
    ? { x, n: x[0]!, c }
    : fail('INPUT', `there are ${weights} class weights, the network has ${c} classes`)
}

const loss = (kernel: string): TrainOp => ({
  arity: [2, 3],
  run: scope => {
    const { node, read, output, call } = scope
    const { n, c } = rows(scope)
    const more = kernel === 'cross_entropy' ? [read(2), n, c, real(node, 'smoothing', 0)] : [n, c]
    call(kernel, output([n]), read(0), read(1), ...more)
  },
})

const gradient = (kernel: string): TrainOp => ({
  arity: [2, 3],
  run: scope => {
    const { node, read, output, call } = scope
    const { x, n, c } = rows(scope)
    const scale = real(node, 'scale', 1)
    const more = kernel === 'cross_entropy_grad' ? [read(2), n, c, real(node, 'smoothing', 0)] : [n, c]
    call(kernel, output(x, undefined), read(0), read(1), ...more, scale)
  },
})

/** Softmax and cross-entropy of each image, `[N]`. Scores, class indices `[N]`, weights of the classes (none: 1). */
export const crossEntropyOp: TrainOp = loss('cross_entropy')
/** Its gradient, of the mean over the images times `scale`. */
export const crossEntropyGradOp: TrainOp = gradient('cross_entropy_grad')
/** Mean squared error of each image, `[N]`. Outputs, targets. */
export const mseOp: TrainOp = loss('mse')
export const mseGradOp: TrainOp = gradient('mse_grad')

/** Drops the same elements, and scales the others, as in the forward run (Srivastava et al. 2014). */
export const dropoutGrad: Grad = ({ node, dy, emit, give }) =>
  give(0, emit('RandomDropout', [dy, node.outputs[0]!], node.attrs))

/** Zeros a share `rate` of the elements at random and divides the others by 1 − rate. x, what it lies in the order of (none: x). */
export const randomDropoutOp = {
  arity: [1, 2],
  run: ({ node, shape, order, read, output, call, seed }) => {
    const x = shape(0)!
    const rate = real(node, 'rate', 0.5)
    if (!(rate >= 0 && rate < 1)) misfit(node, `rate must be from 0 to below 1, is ${rate} (x ${show(x)})`)
    // Which element is dropped goes by its place in memory: forward and backward must agree on it.
    const own = x.length === 4 ? nhwc(x) : order(shape(1) ? 1 : 0)
    call('dropout', output(x, own, [0]), read(0, own), seed, int(node, 'layer', 0, 0), size(x), rate)
  },
} satisfies TrainOp
