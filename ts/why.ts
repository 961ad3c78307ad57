import type { LayerSummary } from './api.js'
import { decide } from './ops/conv.js'
import { phasesOf } from './ops/phases.js'
import { hasWays } from './ops/ways.js'
import { same, show } from './shape.js'
import type { Node, Shape } from './types.js'

/** Both numbers, or one where they are the same. */
const pair = ([a, b]: readonly [number, number]): string => (a === b ? `${a}` : `${a}×${b}`)

const part = (cost: number, of: number): string => (cost / of).toPrecision(2)

const nameOf = (tile: number): string => (tile ? `winograd ${tile}×${tile}` : 'direct')

/** The kernel of a Conv, and the reason: what `decide` found, in words. */
const ofConv = (node: Node, kernels: readonly string[], x: Shape, w: Shape, fast: boolean): [string, string] => {
  const { depthwise, ways, window, groups, oc } = decide(node, x, w, x, fast)
  const { stride, dilation } = window
  if (depthwise) return ['depthwise', 'one channel per group']
  if (kernels.includes('gemv')) return ['gemv', 'one image, one result per channel']
  if (Math.max(...stride) > 1 && kernels.includes('conv_winograd')) {
    const { tile, part } = phasesOf(node, x, w)!
    return [
      nameOf(tile),
      `${part.toPrecision(2)} of the direct kernel's time, in the ${stride[0]}×${stride[1]} phases of its stride`,
    ]
  }
  const odd = [x[1]!, oc].find(channels => channels % 4)
  // What Winograd's way cannot do.
  const hindrance = [
    groups > 1 && `${groups} groups`,
    !hasWays(w[2]!, w[3]!) && `a window of ${w[2]}×${w[3]}`,
    !same(stride, [1, 1]) && `stride ${pair(stride)}`,
    !same(dilation, [1, 1]) && `dilation ${pair(dilation)}`,
    odd && `${odd} channels are not a multiple of 4`,
  ].find(Boolean)
  if (hindrance) return ['direct', hindrance]
  const [best, ...others] = ways as readonly [(typeof ways)[0], ...typeof ways]
  const { cost } = ways.find(({ tile }) => tile === 0)!
  const rest = others.filter(({ tile }) => tile).map(way => `${nameOf(way.tile)} ${part(way.cost, cost)}`)
  const reason = best.tile ? `${part(best.cost, cost)} of the direct kernel's time` : 'the shortest'
  const kept = best.kept ? ', weights kept transformed' : ''
  return [nameOf(best.tile), `${reason}${rest.length ? ` (${rest.join(', ')})` : ''}${kept}`]
}

/**
 * A layer's kernel in short, and why it is that one where there is a choice. Times are the planner's estimates.
 * `shape` tells a value's; `node` is undefined for a step that is none of the graph's.
 */
export const why = (
  { kernels }: LayerSummary,
  node: Node | undefined,
  shape: (value: string) => Shape,
  fast: boolean,
): { kernel: string; why?: string } => {
  const [x, w] = node?.inputs ?? []
  let found: [kernel: string, why: string] | undefined
  if (node?.op === 'ConvTranspose') found = ['transposed', 'phase by phase']
  else if (node?.op === 'Conv') found = ofConv(node, kernels, shape(x!), shape(w!), fast)
  else if (kernels.includes('gemv')) found = ['gemv', 'one row']
  else if (node?.op === 'Gemm') found = ['direct', `${show(shape(x!).slice(0, -1))} rows`]
  if (!found) return { kernel: kernels.join(', ') || '(view)' }
  return { kernel: found[0], why: `${found[0]}: ${found[1]}` }
}
