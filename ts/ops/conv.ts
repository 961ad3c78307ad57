import { int, same } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { nhwc, type Op, type Scope } from './op.js'
import { limits, matrix, normalised, panelFloats, panels, pitchOf, RESIDUAL, residual } from './panels.js'
import { blockOf, hasWays, planesOf, waysOf } from './ways.js'
import { checkWeight, mapOf, padded, slide } from './window.js'

/**
 * How a Conv of input x and weight w is computed. `ways` has all there are where Winograd's is one, the shortest first. They
 * must not depend on the images at hand, which change from run to run: `planned` is the shape of x for which memory is planned.
 */
export const decide = (node: Node, x: Shape, w: Shape, planned: Shape, fast: boolean) => {
  const [, c, ...map] = x as readonly [number, number, number, number]
  const [oc, wc, kh, kw] = w as readonly [number, number, number, number]
  const groups = int(node, 'groups', 1, 1)
  checkWeight(node, x, w, wc * groups, groups)
  const window = slide(node, map, [kh, kw])
  const { stride, dilation } = window
  const { before } = node.attrs
  const depthwise = !before && groups === c && groups === oc && c >= 4
  const fits = hasWays(kh, kw) && same([groups, ...stride, ...dilation, (c | oc) % 4], [1, 1, 1, 1, 1, 0])
  const [n, , ...plannedMap] = planned as readonly [number, number, number, number]
  const ways = fits ? waysOf(n, c, oc, ...slide(node, plannedMap, [kh, kw]).out, kh, fast && !before) : []
  return { window, groups, oc, wc, depthwise, ways }
}

const run = (scope: Scope, shape: Shape, weight: Shape): void => {
  const { node, planned, fast, read, call, scratch } = scope
  const map = mapOf(scope)
  const [n, c, h, w] = map
  const { window, groups, oc, wc, depthwise, ways } = decide(node, shape, weight, planned, fast)
  const { stride, dilation, pad, out } = window
  const [, , kh, kw] = weight as readonly [number, number, number, number]
  const [oh, ow] = out
  const taps = kh * kw
  scope.macs(n * oc * wc * taps * oh * ow)

  const result = [n, oc, oh, ow]
  // The depthwise kernel takes the last channels twice where they are not a multiple of 4: its residual must stay as it is.
  const y = scope.output(result, nhwc(result), depthwise && c % 4 ? [] : [RESIDUAL])
  const res = residual(scope, result, nhwc(result))
  const { tile = 0, kept = false } = ways[0] ?? {}
  const planes = planesOf(tile, kh)
  const at = depthwise
    ? scope.packed(1, c * taps, 1, (to, from) => [['transpose', to, from, 1, c, taps]])
    : kept
      ? scope.packed(1, panelFloats(oc, planes * (c + 2)), oc / 4, (to, from, first, count) => [
          ['pack_winograd', to, from, first * 4, count * 4, c, kh, tile],
        ])
      : panels(scope, oc, groups, wc, taps)
  // Transformed weights are as many numbers for each channel as there are in all planes, and are scaled as others are.
  const k = depthwise ? taps : kept ? planes * (c + 2) : wc * taps
  const b = normalised(scope, oc, at, depthwise ? 1 : groups, k, depthwise, c)
  let x = read(0, [c, h, w])
  if (depthwise) {
    const numbers = [kh, kw, ...stride, pad[0], pad[1], ...dilation]
    call('conv_depthwise', y, res, x, at, b, n, h, w, c, oh, ow, ...numbers, ...limits(node))
    return
  }
  const pitch = pitchOf(scope, oc)
  if (tile) {
    const block = blockOf(n * Math.ceil(oh / tile) * Math.ceil(ow / tile), c, planes)
    const rooms = [8 * c + 16, block * c + 16, block * 8 + 16, 4].map((floats, i) =>
      kept && !i ? 0 : scratch(planes * floats),
    )
    const dims = [n, h, w, c, oh, ow, oc, pad[0], pad[1], kh, tile, block, pitch * 4]
    call('conv_winograd', y, res, x, at, b, ...rooms, ...dims, ...limits(node))
    return
  }
  const [ih, iw] = [h + pad[0] + pad[2], w + pad[1] + pad[3]]
  x = padded(scope, x, map, pad)
  // A window that covers the whole input, or one pixel at a time, is a run of floats: a matrix product.
  const whole = kh === ih && kw === iw && dilation[0] * dilation[1] === 1
  if (groups === 1 && (whole || taps * stride[0] * stride[1] === 1)) {
    call(...matrix(y, res, x, at, b, n * oh * ow, taps * c, oc, node, pitch))
    return
  }
  const goc = oc / groups
  const row = iw * c * 4
  const segments = groups * dilation[1] === 1 ? [1, 0, kw * c] : [kw, dilation[1] * c * 4, wc]
  const dims = [
    oh,
    ow,
    goc,
    ih * row,
    stride[0] * row,
    stride[1] * c * 4,
    kh,
    dilation[0] * row,
    ...segments,
    pitch * 4,
  ]
  for (let g = 0; g < groups; g++) {
    const shift = g * goc * 4
    call(
      'conv_direct',
      ...[y + shift, res && res + shift, x + g * wc * 4, at + g * panelFloats(goc, k) * 4, b && b + shift, n],
      ...dims,
      ...limits(node),
    )
  }
}

/**
 * ONNX Conv-11, two-dimensional. x `[N,C,H,W]`, w `[OC,C/groups,KH,KW]`, b `[OC]`; fused: a residual, limits, and a batch
 * normalisation's scale, shift, mean and variance `[OC]`.
 */
export const conv = { arity: [2, 8], run } satisfies Op
