import { integers, map4, shapeError, slide, type Window } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { nhwc } from './layouts.js'
import type { Bound, Call, Op } from './op.js'

type Pair = readonly [number, number]

/** Refuses a window that sees padding only: its maximum, or its mean, would be of nothing. */
const touching = (node: Node, window: Window, h: number, w: number): Window => {
  const { kernel, stride, dilation, pad, out } = window
  for (const [axis, length] of [h, w].entries()) {
    for (let o = 0; o < out[axis]!; o++) {
      const start = o * stride[axis]! - pad[axis]!
      const first = start >= 0 ? 0 : Math.ceil(-start / dilation[axis]!)
      if (first >= kernel[axis]! || start + first * dilation[axis]! >= length)
        throw shapeError(
          node,
          `window ${o} along the ${axis === 0 ? 'height' : 'width'} lies wholly in the padding (kernel ${kernel[axis]}, ` +
            `stride ${stride[axis]}, pad ${pad[axis]} and ${pad[axis + 2]}, input ${length}).`,
        )
    }
  }
  return window
}

const windowOf = (node: Node, x: Shape): Window => {
  const [, , h, w] = map4(node, x)
  return touching(node, slide(node, h, w, integers(node, 'kernel', [1, 1], 1) as Pair), h, w)
}

const shape: Op['shape'] = (node, [x]) => [x![0]!, x![1]!, ...windowOf(node, x!).out]

const dims = ({ inputs: [x] }: Bound, { kernel, stride, dilation, pad, out }: Window): number[] => {
  const [n, c, h, w] = x!.shape as readonly [number, number, number, number]
  return [n, h, w, c, ...out, ...kernel, ...stride, pad[0], pad[1], ...dilation]
}

/** ONNX MaxPool-12 without indices. */
export const maxPool = {
  arity: [1, 1],
  shape,
  layout: nhwc,
  emit: bound => {
    const window = windowOf(bound.node, bound.inputs[0]!.shape)
    return [['max_pool', bound.output.at, bound.inputs[0]!.at, ...dims(bound, window)]]
  },
} satisfies Op

const average = (bound: Bound, window: Window, border: readonly number[]): Call[] => [
  ['avg_pool', bound.output.at, bound.inputs[0]!.at, ...dims(bound, window), ...border],
]

/** ONNX AveragePool-19: `includePad` is count_include_pad. */
export const averagePool = {
  arity: [1, 1],
  shape,
  layout: nhwc,
  emit: bound => {
    const window = windowOf(bound.node, bound.inputs[0]!.shape)
    return average(bound, window, bound.node.attrs.includePad === true ? window.pad : [0, 0, 0, 0])
  },
} satisfies Op

/** ONNX GlobalAveragePool-1. */
export const globalAveragePool = {
  arity: [1, 1],
  shape: (node, [x]) => [...map4(node, x!).slice(0, 2), 1, 1],
  layout: nhwc,
  emit: bound => {
    const [h, w] = bound.inputs[0]!.shape.slice(2) as unknown as Pair
    const whole = { kernel: [h, w], stride: [1, 1], dilation: [1, 1], pad: [0, 0, 0, 0], out: [1, 1] } as const
    return average(bound, whole, [0, 0, 0, 0])
  },
} satisfies Op
