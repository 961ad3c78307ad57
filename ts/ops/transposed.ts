import { nest } from './nest.js'
import type { Call, Scope } from './op.js'
import { panelFloats } from './panels.js'
import type { Spread } from './window.js'

/** Weights `[c·groups][oc/groups][kh][kw]` as panels for conv_transposed, with the taps in the order in which it meets them. */
export const phasePanels = (
  { node, packed }: Scope,
  oc: number,
  groups: number,
  c: number,
  kh: number,
  kw: number,
  { stride, dilation, offset }: Spread,
): number => {
  const taps = kh * kw
  const each = oc / groups
  const floats = panelFloats(each, c * taps)
  /** What is left of an output that the tap makes, by the stride. */
  const phase = (i: 0 | 1, k: number) => (((k * dilation[i] - offset[i]) % stride[i]) + stride[i]) % stride[i]
  const place = (t: number) => (phase(0, Math.floor(t / kw)) * stride[1] + phase(1, t % kw)) * taps - t
  const order = [...Array(taps).keys()].sort((a, b) => place(a) - place(b))
  return packed(1, floats * groups, c * groups, (to, from, first, count) => {
    const calls: Call[] = []
    for (let i = first; i < first + count; ) {
      const g = Math.floor(i / c)
      const channels = Math.min(first + count, (g + 1) * c) - i
      for (let o = 0; o < each; o += 8) {
        const loops = nest(node, [channels, Math.min(each - o, 8)], [8, 1], [each * taps, taps])
        const panel = to + (g * floats + o * taps * c + (i % c) * 8) * 4
        const rows = from + ((i - first) * each + o) * taps * 4
        for (const [k, t] of order.entries()) calls.push(['move', panel + k * c * 32, rows + t * 4, ...loops])
      }
      i += channels
    }
    return calls
  })
}
