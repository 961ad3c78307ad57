import { ints, misfit, size } from '../../shape.js'
import type { Node, Shape } from '../../types.js'
import { nest, steps } from '../nest.js'
import { mapOf, type Pair, slide } from '../window.js'
import type { Grad, TrainOp } from './tape.js'

/** The first maximum of each window takes its gradient, as in PyTorch. */
export const maxPoolGrad: Grad = ({ node, dy, emit, give }) =>
  give(0, emit('MaxPoolGrad', [dy, node.inputs[0]!], { ...node.attrs, global: node.op === 'GlobalMaxPool' }))

/** Every element of a window takes its share. */
export const averagePoolGrad: Grad = ({ node, dy, emit, give, shape }) =>
  give(
    0,
    emit('AveragePoolGrad', [dy], {
      ...node.attrs,
      global: node.op === 'GlobalAveragePool',
      size: shape(node.inputs[0]!).slice(1),
    }),
  )

/** The numbers that describe the pool's window to its kernels, and the output's size. */
const describe = (node: Node, n: number, [c, h, w]: readonly [number, number, number]) => {
  const kernel = node.attrs.global ? ([h, w] as Pair) : (ints(node, 'kernel', [1, 1], 1) as Pair)
  const { stride, dilation, pad, out } = slide(node, [h, w], kernel)
  return { out, pad, dims: [n, h, w, c, ...out, ...kernel, ...stride, pad[0], pad[1], ...dilation] }
}

/** dx of a max pool. dy, x; attributes of the pool. */
export const maxPoolGradOp = {
  arity: [2, 2],
  run: scope => {
    const { node, shape, read, output, call } = scope
    const [n, c, h, w] = shape(1) as readonly [number, number, number, number]
    const { out, dims } = describe(node, n, [c, h, w])
    const dx = output([n, c, h, w], [c, h, w])
    call('max_pool_grad', dx, read(0, [c, ...out]), read(1, [c, h, w]), ...dims)
  },
} satisfies TrainOp

/** dx of an average pool. dy; attributes of the pool and `size` `[c, h, w]` of its input. */
export const averagePoolGradOp = {
  arity: [1, 1],
  run: scope => {
    const { node, read, output, call } = scope
    const [n] = mapOf(scope)
    const [c, h, w] = node.attrs.size as unknown as readonly [number, number, number]
    const { out, pad, dims } = describe(node, n, [c, h, w])
    const dx = output([n, c, h, w], [c, h, w])
    const border = node.attrs.includePad === true ? pad : [0, 0, 0, 0]
    call('avg_pool_grad', dx, read(0, [c, ...out]), ...dims, ...border)
  },
} satisfies TrainOp

/** A mean or sum over axes: its gradient goes to all that it was made of, divided by their count. */
export const reduceGrad: Grad = ({ node, dy, emit, give, shape }) => {
  const x = shape(node.inputs[0]!)
  const axes = ints(node, 'axes', [], 0)
  if (!axes.length || axes.includes(0)) misfit(node, 'training cannot reduce the batch')
  const kept = x.map((d, i) => (axes.includes(i) ? 1 : d))
  const whole = emit('Reshape', [dy], { shape: kept.with(0, 0) })
  give(0, emit('Spread', [whole], { size: x, factor: node.op === 'ReduceMean' ? size(kept) / size(x) : 1 }))
}

/** x stretched to `size` as numpy broadcasts, but for the batch, times `factor`. */
export const spreadOp = {
  arity: [1, 1],
  run: ({ node, shape, read, output, call }) => {
    const from = shape(0)!
    const to = (node.attrs.size as Shape).with(0, from[0]!)
    const inner = steps(from, undefined).map((step, i) => (from[i] === 1 ? 0 : step))
    const y = output(to)
    call('move', y, read(0), ...nest(node, to, steps(to, undefined), inner))
    if (node.attrs.factor !== 1) call('scale', y, size(to), Number(node.attrs.factor))
  },
} satisfies TrainOp
