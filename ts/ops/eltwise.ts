import { misfit, real, same, show, size } from '../shape.js'
import type { Shape } from '../types.js'
import { broadcast, mapOrder, nest, ordered, steps } from './nest.js'
import { memoryOrder, type Op } from './op.js'
import { limits } from './panels.js'

/** One number after the other; the kernel's constants are attributes, with these defaults. */
const unary = (kernel: string, constants: Readonly<Record<string, number>> = {}): Op => ({
  run: ({ node, order, read, output, call }, x) => {
    call(
      // Gelu's approximation is a kernel of its own.
      node.attrs.tanh ? `${kernel}_tanh` : kernel,
      ...[output(x, order(0), [0]), read(0, order(0)), size(x)],
      ...Object.entries(constants).map(([name, fallback]) => real(node, name, fallback)),
    )
  },
})

/** Two values with numpy broadcasting; fused: limits. */
const binary = (kernel: string): Op => ({
  arity: [2, 2],
  run: (scope, ...shapes) => {
    const { node, read, output, call } = scope
    const [result, a, b] = broadcast(node, shapes)
    const rank = result.length
    if (kernel === 'prelu' && !same(result, shapes[0]!)) misfit(node, `slope ${show(shapes[1]!)} is larger than x`)
    // Maps meet in any order, their steps tell.
    const [first, second] = [0, 1].map(i => (rank === 4 ? mapOrder(scope, i) : undefined))
    const order = ordered(result, first ?? second)
    const places = memoryOrder(result, order)
    const along = (s: Shape, own: typeof first) => {
      const all = steps(s, own)
      return places.map(i => (s[i] === 1 ? 0 : all[i]!))
    }
    const loops = nest(
      node,
      places.map(i => result[i]!),
      along(a, first),
      along(b, second),
    )
    call(kernel, output(result, order, [0, 1]), read(0, first), read(1, second), ...loops, ...limits(node))
  },
})

/** Operators whose kernels have their names in small letters. */
const named = (make: (kernel: string) => Op, ...names: readonly string[]): Record<string, Op> =>
  Object.fromEntries(names.map(name => [name, make(name.toLowerCase())]))

export const eltwise: Readonly<Record<string, Op>> = {
  // ONNX Tanh-13, Sigmoid-13, Abs-13, Neg-13, Exp-13, Sqrt-13, Softplus-1, Erf-13, Gelu-20.
  ...named(unary, 'Tanh', 'Sigmoid', 'Abs', 'Neg', 'Exp', 'Sqrt', 'Softplus', 'Erf', 'Gelu'),
  // ONNX Reciprocal-13, Floor-13, Ceil-13, Round-22, Sign-13.
  ...named(unary, 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Sign'),
  // ONNX Add-14, Sub-14, Mul-14, Div-14, Pow-15, Max-13 and Min-13 of two, PRelu-16.
  ...named(binary, 'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'PRelu'),
  // ONNX Relu-14, Clip-13.
  Relu: unary('clamp', { min: 0, max: Infinity }),
  Clip: unary('clamp', { min: -Infinity, max: Infinity }),
  // ONNX HardSwish-14, Elu-6, LeakyRelu-16, HardSigmoid-6.
  HardSwish: unary('hard_swish'),
  Elu: unary('elu', { alpha: 1 }),
  LeakyRelu: unary('leaky_relu', { alpha: 0.01 }),
  HardSigmoid: unary('hard_sigmoid', { alpha: 0.2, beta: 0.5 }),
}
