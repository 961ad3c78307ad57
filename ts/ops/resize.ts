import { ints, misfit, show } from '../shape.js'
import type { Op } from './op.js'
import { mapOf } from './window.js'

// The least step below an integer keeps an integer from being rounded up.
const LEAST = 2 ** -24

/** What to add to a coordinate before it is cut to an integer, by ONNX's nearest_mode. */
const rounder = (mode: string): number => {
  if (mode === 'ceil') return 1 - LEAST
  return mode === 'floor' ? 0 : mode.endsWith('ceil') ? 0.5 : 0.5 - LEAST
}

/**
 * ONNX Resize-19 of a map's height and width, nearest or linear. A pixel o of the output lies at (o + a)·p/q + b of the input:
 * fractions of integers wherever the scale is one, so that what lies between two pixels lies exactly there.
 */
export const resize = {
  run: scope => {
    const { node, read, output, call } = scope
    const [n, c, ...size] = mapOf(scope)
    const { mode, scales = [] } = node.attrs
    const [coordinates, rounding] = [`${node.attrs.coordinates}`, `${node.attrs.rounding}`]
    const sizes = ints(node, 'sizes', [], 1)
    const linear = mode === 'linear'
    const half = coordinates.includes('half')
    const axis = (i: 0 | 1) => {
      const length = size[i]!
      const scale = Math.fround((scales as readonly number[])[i]!)
      const out = sizes[i] ?? Math.floor(Math.fround(length * scale))
      if (!(out > 0 && out < 2 ** 31)) misfit(node, `cannot bring ${show(size)} to scale ${scales}`)
      // A scale that is the output's size by the input's, but for its last digit, is that.
      const exact = sizes.length || Math.fround(out / length) === scale
      const whole = exact ? out : length * scale
      let [p, q, b] = exact ? [length, out, 0] : [1, scale, 0]
      if (half) b -= 0.5
      if (coordinates.endsWith('_symmetric')) b += (length / 2) * (1 - out / whole)
      if (coordinates.startsWith('align')) [p, q] = whole === 1 ? [0, 1] : [length - 1, whole - 1]
      if (coordinates.startsWith('pytorch') && out === 1) [p, b] = [0, 0]
      if (!linear) b += rounder(rounding)
      return [out, p, Math.fround(q), Math.fround(b)] as const
    }
    const [oh, ...rows] = axis(0)
    const [ow, ...columns] = axis(1)
    const y = output([n, c, oh, ow], [c, oh, ow])
    const dims = [n, ...size, c, oh, ow, half ? 0.5 : 0, ...rows, ...columns]
    call(linear ? 'resize_linear' : 'resize_nearest', y, read(0, [c, size[0]!, size[1]!]), ...dims)
  },
} satisfies Op
