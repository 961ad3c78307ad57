// Resize, and Upsample, which it took the place of.
import {
  type Builder,
  become,
  type Context,
  computedInput,
  constInput,
  dimsOfList,
  failAt,
  numberAttr,
  numbersAttr,
  numbersFrom,
  shapeOfInput,
  textAttr,
  toAxis,
} from './context.js'
import type { OnnxNode } from './read.js'
import { type Const, type Dim, isComputed, isConst, refuse, sameDim } from './values.js'

const COORDINATES = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric']
const ROUNDING = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']

const oneOf = (node: OnnxNode, name: string, supported: readonly string[], fallback = supported[0]!): string => {
  const given = textAttr(node, name) ?? fallback
  return supported.includes(given) ? given : refuse(`its ${name} is "${given}", supported are ${supported.join(', ')}`)
}

/** An empty list is none. */
const listFrom = (node: OnnxNode, name: string, i: number, ctx: Context): Const | undefined => {
  const c = constInput(node, i, name, ctx)
  return c?.shape.length === 1 && c.shape[0] === 0 ? undefined : c
}

/** The numbers of height and width in a list for `axes`; `isWhole` tells those that leave another axis as it is. */
const lastTwo = (
  node: OnnxNode,
  what: string,
  dims: ArrayLike<Dim>,
  rank: number,
  isWhole: (d: Dim, axis: number) => boolean,
): readonly [number | undefined, number | undefined] => {
  const axes =
    numbersAttr(node, 'axes')?.map(axis => toAxis(node, axis, rank)) ?? Array.from({ length: rank }, (_, d) => d)
  if (dims.length !== axes.length) failAt(node, `it has ${dims.length} ${what} for ${axes.length} dimensions`)
  const all = new Map(axes.map((axis, i) => [axis, dims[i]!]))
  for (const [axis, d] of all)
    if (axis < 2 && !isWhole(d, axis)) refuse(`it resizes dimension ${axis}, only height and width are supported`)
  const [h, w] = [2, 3].map(axis => {
    const d = all.get(axis)
    return typeof d === 'object' ? refuse(`its ${what} depend on the batch`) : d
  })
  return [h, w]
}

// Longer than any exporter's arithmetic on shapes.
const MAX_STEPS = 100

/** Whether number `i` of a list goes back to the height or width of a value: another image size changes it. */
const follows = (list: string, i: number, ctx: Context): boolean => {
  const seen = new Set<string>()
  const lengthOf = (name: string) => {
    const v = ctx.value(name)
    return isConst(v) ? (v.shape[0] ?? 1) : Number.POSITIVE_INFINITY
  }
  const walk = (name: string, i: number): boolean => {
    const node = ctx.maker(name)
    const key = `${i} ${name}`
    if (!node || seen.has(key) || seen.size > MAX_STEPS) return false
    seen.add(key)
    if (node.op === 'Shape') return i >= 2
    if (node.op === 'Gather') return walk(node.inputs[0]!, numbersFrom(node, 'indices', 1, ctx)?.[i] ?? 0)
    if (node.op === 'Slice') return walk(node.inputs[0]!, i + (numbersFrom(node, 'starts', 1, ctx)?.[0] ?? 0))
    if (node.op !== 'Concat') return node.inputs.some(input => walk(input, i))
    let from = 0
    for (const part of node.inputs) {
      if (i < from + lengthOf(part)) return walk(part, i - from)
      from += lengthOf(part)
    }
    return false
  }
  return walk(list, i)
}

/** The single-precision scale that makes `to` of `from`. */
const scaleTo = (from: number, to: number): number | undefined => {
  const scale = Math.fround(to / from)
  return [scale, Math.fround(scale * (1 + 2 ** -23))].find(s => Math.floor(Math.fround(from * s)) === to)
}

export const resize: Builder = (node, ctx) => {
  const x = computedInput(node, 0, ctx)
  // Until opset 10 as Upsample.
  const old = node.op === 'Upsample' || ctx.opset < 11
  const v = ctx.value(x)
  const dims = isComputed(v) ? v.computed : undefined
  const rank = dims?.length ?? 4
  if (rank !== 4) refuse(`it resizes ${rank} dimensions, only maps of 4 are supported`)
  const mode = oneOf(node, 'mode', ['nearest', 'linear'])
  if (mode === 'linear' && numberAttr(node, 'antialias')) refuse('it smooths what it makes smaller (antialias=1)')
  if (numberAttr(node, 'exclude_outside')) refuse('it leaves out what is outside (exclude_outside=1)')
  const policy = textAttr(node, 'keep_aspect_ratio_policy') ?? 'stretch'
  if (policy !== 'stretch') refuse(`its keep_aspect_ratio_policy is "${policy}", only "stretch" is supported`)
  const attrs = {
    mode,
    coordinates: old ? 'asymmetric' : oneOf(node, 'coordinate_transformation_mode', COORDINATES),
    ...(mode === 'nearest' && { rounding: old ? 'floor' : oneOf(node, 'nearest_mode', ROUNDING) }),
  }

  const sizes = old ? undefined : listFrom(node, 'sizes', 3, ctx)
  if (sizes) {
    const from = shapeOfInput(node, 0, ctx)
    // The batch may be written as the number that the file was made for.
    const isWhole = (d: Dim, axis: number) => sameDim(d, from[axis]!) || (axis === 0 && d === ctx.batch)
    const [h, w] = lastTwo(node, 'sizes', dimsOfList(sizes, 'sizes'), rank, isWhole)
    const size = (d: number | undefined, axis: number) => d ?? (from[axis] as number)
    const result = [size(h, 2), size(w, 3)]
    if (!result.every(d => Number.isSafeInteger(d) && d > 0)) failAt(node, `sizes [${result}] should be positive`)
    // Sizes that go back to those of the image become scales: they hold for every image.
    const axes = numbersAttr(node, 'axes')?.map(axis => toAxis(node, axis, rank)) ?? [0, 1, 2, 3]
    const all = [2, 3].every(axis => axes.includes(axis) && follows(node.inputs[3]!, axes.indexOf(axis), ctx))
    const scales = all ? result.map((to, i) => scaleTo(from[i + 2] as number, to)) : [undefined]
    const fit = scales.every(scale => scale !== undefined)
    return become(node, 'Resize', [x], { ...attrs, ...(fit ? { scales } : { sizes: result }) })
  }
  const list = listFrom(node, 'scales', old ? 1 : 2, ctx)
  const given = list ? dimsOfList(list, 'scales') : (numbersAttr(node, 'scales') ?? failAt(node, 'it has no scales'))
  const scales = lastTwo(node, 'scales', given, rank, d => d === 1).map(d => d ?? 1)
  if (!scales.every(d => d > 0 && Number.isFinite(d))) failAt(node, `scales [${scales}] should be positive`)
  return become(node, 'Resize', [x], { ...attrs, scales })
}
