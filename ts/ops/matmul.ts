import { misfit, show, size } from '../shape.js'
import type { Shape } from '../types.js'
import { broadcast, nest } from './nest.js'
import type { Op } from './op.js'
import { matrix, panelFloats } from './panels.js'

/**
 * ONNX MatMul-13 of two matrices that a run computes, or of stacks of them with numpy broadcasting: a `[…,M,K]`, b `[…,K,N]`.
 * The right ones become panels, as weights are, when their turn comes.
 */
export const matMul = {
  arity: [2, 2],
  run: ({ node, output, read, scratch, call, macs }, a, b) => {
    const [m, k, n] = [a.at(-2)!, a.at(-1)!, b.at(-1)!]
    const [outer, p, q] = broadcast(node, [a.slice(0, -2), b.slice(0, -2)])
    // One matrix on the right takes all rows on the left at once.
    const one = size(q) === 1
    const [count, rows] = one ? [1, size(a) / k] : [size(outer), m]
    if (!m || b.at(-2) !== k || count * n > 2 ** 20)
      misfit(node, `${show(a)} and ${show(b)} are no matrices that multiply, or have more than 2^20 columns in all`)
    macs(count * rows * k * n)
    const y = output([...outer, m, n])
    const left = read(0)
    const right = read(1)
    const panel = scratch(panelFloats(n, k))
    /** Which matrix of a stack the result's i-th is made of. */
    const place = (stack: Shape, i: number) => {
      let [at, step] = [0, 1]
      for (let d = outer.length; d--; ) {
        if (stack[d]! > 1) at += (i % outer[d]!) * step
        step *= stack[d]!
        i = Math.floor(i / outer[d]!)
      }
      return at
    }
    for (let i = 0; i < count; i++) {
      const from = right + place(q, i) * k * n * 4
      for (let o = 0; o < n; o += 8)
        call('move', panel + o * k * 4, from + o * 4, ...nest(node, [k, Math.min(n - o, 8)], [8, 1], [n, 1]))
      call(...matrix(y + i * rows * n * 4, 0, left + place(p, i) * m * k * 4, panel, 0, rows, k, n, node))
    }
  },
} satisfies Op
