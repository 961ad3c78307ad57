import { ints, misfit } from '../shape.js'
import type { Node } from '../types.js'
import { nhwc, type Op } from './op.js'
import { mapOf, type Pair, slide, type Window } from './window.js'

/** Refuses a window that sees padding only: its maximum, or its mean, would be of nothing. */
const checkTouch = (node: Node, size: Pair, kernel: Pair, { stride, dilation, pad, out }: Window): void => {
  for (const i of [0, 1] as const) {
    // The first window may end before the map, the last one begin behind it; taps farther apart than the map is long may miss it.
    const [reach, last] = [(kernel[i] - 1) * dilation[i], (out[i] - 1) * stride[i]]
    if (reach < pad[i] || last - pad[i] >= size[i] || (reach && dilation[i] > size[i]))
      misfit(node, `a window of ${i ? 'columns' : 'rows'} lies wholly in the padding (input ${size}, pad ${pad})`)
  }
}

const pool = (kernelName: string, mean: boolean, global?: boolean): Op => ({
  run: scope => {
    const { node } = scope
    const [n, c, h, w] = mapOf(scope)
    const size: Pair = [h, w]
    const kernel = global ? size : (ints(node, 'kernel', [1, 1], 1) as Pair)
    const window = slide(node, size, kernel)
    checkTouch(node, size, kernel, window)
    const { stride, dilation, pad, out } = window
    const shape = [n, c, ...out]
    const y = scope.output(shape, nhwc(shape))
    const border = mean ? (node.attrs.includePad === true ? pad : [0, 0, 0, 0]) : []
    const dims = [n, h, w, c, ...out, ...kernel, ...stride, pad[0], pad[1], ...dilation, ...border]
    scope.call(kernelName, y, scope.read(0, [c, h, w]), ...dims)
  },
})

export const pools = {
  /** ONNX MaxPool-12 without indices. */
  MaxPool: pool('max_pool', false),
  /** ONNX AveragePool-19: `includePad` is count_include_pad. */
  AveragePool: pool('avg_pool', true),
  /** ONNX GlobalAveragePool-1. */
  GlobalAveragePool: pool('avg_pool', true, true),
  /** ONNX GlobalMaxPool-1. */
  GlobalMaxPool: pool('max_pool', false, true),
} satisfies Record<string, Op>
