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
  shapeOfInput,
  textAttr,
  toAxis,
} from './context.js'
import type { OnnxNode } from './read.js'
import { type Const, type Dim, isComputed, refuse, sameDim } from './values.js'

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
    return become(node, 'Resize', [x], { ...attrs, sizes: result })
  }
  const list = listFrom(node, 'scales', old ? 1 : 2, ctx)
  const given = list ? dimsOfList(list, 'scales') : (numbersAttr(node, 'scales') ?? failAt(node, 'it has no scales'))
  const scales = lastTwo(node, 'scales', given, rank, d => d === 1).map(d => d ?? 1)
  if (!scales.every(d => d > 0 && Number.isFinite(d))) failAt(node, `scales [${scales}] should be positive`)
  return become(node, 'Resize', [x], { ...attrs, scales })
}
