import { real, size } from '../../shape.js'
import { type Grad, type TrainOp, unbroadcast } from './tape.js'

/** Kernels of element-wise gradients, what each keeps of the forward run (x or y), and its constants. */
const kernels: Readonly<
  Record<string, readonly [kernel: string, keeps: 'x' | 'y', ...attrs: readonly (readonly [string, number])[]]>
> = {
  Abs: ['abs_grad', 'x'],
  Elu: ['elu_grad', 'y', ['alpha', 1]],
  Exp: ['exp_grad', 'y'],
  Gelu: ['gelu_grad', 'x'],
  HardSigmoid: ['hard_sigmoid_grad', 'y', ['alpha', 0.2]],
  HardSwish: ['hard_swish_grad', 'x'],
  LeakyRelu: ['leaky_relu_grad', 'x', ['alpha', 0.01]],
  Sigmoid: ['sigmoid_grad', 'y'],
  Softplus: ['softplus_grad', 'x'],
  Sqrt: ['sqrt_grad', 'y'],
  Tanh: ['tanh_grad', 'y'],
}

/** Of any function that works number by number: what it kept decides the slope. */
export const unaryGrad: Grad = ({ node, dy, emit, give }) => {
  const [, keeps] = kernels[node.op]!
  give(0, emit('UnaryGrad', [dy, keeps === 'x' ? node.inputs[0]! : node.outputs[0]!], { ...node.attrs, of: node.op }))
}

/** dx from dy and what was kept, of the function `of`. */
export const unaryGradOp = {
  arity: [2, 2],
  run: ({ node, shape, order, read, output, call }) => {
    const [kernel, , ...attrs] = kernels[`${node.attrs.of}`]!
    const name = node.attrs.tanh ? 'gelu_tanh_grad' : kernel
    const s = order(1)
    const y = output(shape(1)!, s, [0])
    call(name, y, read(0, s), read(1, s), size(shape(1)!), ...attrs.map(([a, fallback]) => real(node, a, fallback)))
  },
} satisfies TrainOp

const limited =
  (lo: (tape: Parameters<Grad>[0]) => number, hi: (tape: Parameters<Grad>[0]) => number): Grad =>
  tape => {
    const limits = { lo: lo(tape), hi: hi(tape) }
    tape.give(0, tape.emit('LimitsGrad', [tape.dy, tape.node.outputs[0]!], limits))
  }

export const reluGrad: Grad = limited(
  () => 0,
  () => Infinity,
)
export const clipGrad: Grad = limited(
  ({ node }) => real(node, 'min', -Infinity),
  ({ node }) => real(node, 'max', Infinity),
)

/** dy where lo < y < hi, 0 elsewhere. */
export const limitsGradOp = {
  arity: [2, 2],
  run: ({ node, shape, order, read, output, call }) => {
    const kept = order(1)
    const dx = output(shape(1)!, kept, [0])
    const [lo, hi] = [real(node, 'lo', -Infinity), real(node, 'hi', Infinity)]
    call('clamp_grad', dx, read(0, kept), read(1, kept), size(shape(1)!), lo, hi)
  },
} satisfies TrainOp

/** Gives each operand of a binary operator what is left of its gradient after broadcasting. */
const both =
  (a: (tape: Parameters<Grad>[0]) => string, b: (tape: Parameters<Grad>[0]) => string): Grad =>
  tape => {
    const { node, shape, wants, give } = tape
    const full = shape(node.outputs[0]!)
    for (const [i, gradient] of [a, b].entries())
      if (wants(i)) give(i, unbroadcast(tape, gradient(tape), full, shape(node.inputs[i]!)))
  }

export const addGrad: Grad = both(
  ({ dy }) => dy,
  ({ dy }) => dy,
)
export const subGrad: Grad = both(
  ({ dy }) => dy,
  ({ dy, emit }) => emit('Neg', [dy]),
)
export const mulGrad: Grad = both(
  ({ node, dy, emit }) => emit('Mul', [dy, node.inputs[1]!]),
  ({ node, dy, emit }) => emit('Mul', [dy, node.inputs[0]!]),
)
/** −dy · a / b². */
export const divGrad: Grad = both(
  ({ node, dy, emit }) => emit('Div', [dy, node.inputs[1]!]),
  ({ node, dy, emit }) => {
    const [a, b] = node.inputs as [string, string]
    return emit('Neg', [emit('Div', [emit('Mul', [dy, a]), emit('Mul', [b, b])])])
  },
)
export const negGrad: Grad = ({ dy, emit, give }) => give(0, emit('Neg', [dy]))

/** He et al. 2015: the slope of a channel is a parameter. */
export const preluGrad: Grad = ({ node, dy, emit, give, wants }) => {
  const dx = emit('PReluGrad', [dy, node.inputs[0]!, node.inputs[1]!], { trained: wants(1) })
  if (wants(0)) give(0, dx)
}

export const preluGradOp = {
  arity: [3, 3],
  run: scope => {
    const { node, shape, read, output, call } = scope
    const x = shape(1)!
    const c = size(shape(2)!)
    const order = x.length === 4 ? ([x[1], x[2], x[3]] as [number, number, number]) : undefined
    const slope = read(2)
    const dx = output(x, order, [0])
    call(
      'prelu_grad',
      dx,
      node.attrs.trained ? scope.gradient(slope) : 0,
      read(0, order),
      read(1, order),
      slope,
      size(x) / c,
      c,
    )
  },
} satisfies TrainOp

/** Adds a gradient to that of the trained tensor, input 0. */
export const accumulateOp = {
  arity: [2, 2],
  run: ({ shape, read, gradient, output, call }) => {
    const n = size(shape(0)!)
    const to = gradient(read(0))
    output([1])
    call('add', to, to, read(1), 1, 1, 1, n, 0, 0, 0, 1, 0, 0, 0, 1, -Infinity, Infinity)
  },
} satisfies TrainOp
