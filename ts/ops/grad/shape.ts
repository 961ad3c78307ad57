import { int, ints, misfit, size } from '../../shape.js'
import type { Shape } from '../../types.js'
import { mapOrder, nest, ordered, steps } from '../nest.js'
import { memoryOrder } from '../op.js'
import type { Grad, Tape, TrainOp } from './tape.js'

/** A shape as Reshape takes it, free in the batch where both have one. */
const likeInput = ({ shape, node }: Tape): Shape => {
  const [x, y] = [shape(node.inputs[0]!), shape(node.outputs[0]!)]
  return x[0] === y[0] ? [0, ...x.slice(1)] : x
}

/** Reshape, Flatten and Identity: the same numbers. */
export const viewGrad: Grad = tape => tape.give(0, tape.emit('Reshape', [tape.dy], { shape: likeInput(tape) }))

export const transposeGrad: Grad = ({ node, dy, emit, give }) => {
  const perm = ints(node, 'perm', [], 0)
  give(0, emit('Transpose', [dy], { perm: perm.map((_, i) => perm.indexOf(i)) }))
}

/** Each input takes its part. */
export const concatGrad: Grad = ({ node, dy, shape, emit, give, wants }) => {
  const axis = int(node, 'axis', 1, 0)
  let start = 0
  for (const [i, input] of node.inputs.entries()) {
    const end = start + shape(input)[axis]!
    if (wants(i)) give(i, emit('Slice', [dy], { axes: [axis], starts: [start], ends: [end], steps: [1] }))
    start = end
  }
}

/** What was added falls away. */
export const padGrad: Grad = ({ node, dy, emit, give }) =>
  give(0, emit('Pad', [dy], { pads: ints(node, 'pads', [], -(2 ** 31)).map(p => -p), value: 0 }))

/** Zeros for what was cut away. */
export const sliceGrad: Grad = ({ node, dy, emit, give, shape }) =>
  give(0, emit('SliceGrad', [dy], { ...node.attrs, size: shape(node.inputs[0]!) }))

/** dy put back to where a Slice took it from. dy; attributes of the Slice and `size`, the shape of its input. */
export const sliceGradOp = {
  arity: [1, 1],
  run: scope => {
    const { node, shape, read, output, call } = scope
    const dy = shape(0)!
    const x = (node.attrs.size as Shape).slice()
    const starts = ints(node, 'starts', [], -(2 ** 31))
    const axes = node.attrs.axes ? ints(node, 'axes', [], -(2 ** 31)) : [...starts.keys()]
    const by = node.attrs.steps ? ints(node, 'steps', [], -(2 ** 31)) : starts.map(() => 1)
    if (axes.some(axis => axis % x.length === 0)) misfit(node, 'training cannot slice the batch')
    const full = [dy[0]!, ...x.slice(1)]
    const from = mapOrder(scope)
    const to = ordered(full, from)
    const outer = steps(full, to)
    let skip = 0
    for (const [k, given] of axes.entries()) {
      const axis = given < 0 ? given + x.length : given
      const length = full[axis]!
      const start = starts[k]! < 0 ? starts[k]! + length : starts[k]!
      skip += Math.min(Math.max(start, 0), by[k]! < 0 ? length - 1 : length) * outer[axis]!
      outer[axis]! *= by[k]!
    }
    const y = output(full, to)
    const places = memoryOrder(full, to)
    const along = (list: Shape) => places.map(i => list[i]!)
    call('zero', y, size(full))
    call('move', y + skip * 4, read(0, from), ...nest(node, along(dy), along(outer), along(steps(dy, from))))
  },
} satisfies TrainOp

/** (dy − Σ dy·y)·y along the axis. */
export const softmaxGrad: Grad = ({ node, dy, emit, give }) => {
  const y = node.outputs[0]!
  const sum = emit('ReduceSum', [emit('Mul', [dy, y])], { axes: [int(node, 'axis', -1, 0)], keepDims: true })
  give(0, emit('Mul', [emit('Sub', [dy, sum]), y]))
}

/** dy − e^y·Σ dy along the axis. */
export const logSoftmaxGrad: Grad = ({ node, dy, emit, give }) => {
  const sum = emit('ReduceSum', [dy], { axes: [int(node, 'axis', -1, 0)], keepDims: true })
  give(0, emit('Sub', [dy, emit('Mul', [emit('Exp', [node.outputs[0]!]), sum])]))
}
