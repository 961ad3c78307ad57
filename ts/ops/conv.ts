import { int, misfit, show } from '../shape.js'
import type { Node, Shape } from '../types.js'
import { nhwc, type Op, type Scope } from './op.js'
import { limits, matrix, normalised, panelFloats, panels, pitchOf, RESIDUAL, residual } from './panels.js'
import { phasePanels } from './transposed.js'
import { blockOf, planesOf, waysOf } from './ways.js'
import { mapOf, type Spread, slide, spread } from './window.js'

/**
 * How a Conv of input x and weight w is computed. Of Winograd's way either `hindrance` says what it cannot do, or `ways` has
 * all there are, the shortest first. They must not depend on the images at hand, which change from run to run: `planned` is
 * the shape of x for which memory is planned.
 */
export const decide = (node: Node, x: Shape, w: Shape, planned: Shape, fast: boolean) => {
  const [, c, ...map] = x as readonly [number, number, number, number]
  const [first, second, kh, kw] = w as readonly [number, number, number, number]
  const groups = int(node, 'groups', 1, 1)
  const transposed = node.op === 'ConvTranspose'
  const [oc, wc] = transposed ? [second * groups, first / groups] : [first, second]
  if (w.length !== 4) misfit(node, `weight must have 4 dimensions, is ${show(w)}`)
  if (c !== wc * groups)
    misfit(
      node,
      `weight expects ${wc * groups} channels, input has ${c} (x ${show(x)}, w ${show(w)}); the input must be NCHW`,
    )
  if (first % groups) misfit(node, `${first} channels do not divide into ${groups} groups`)
  const window = (transposed ? spread : slide)(node, map, [kh, kw])
  const { stride, dilation } = window
  const { before } = node.attrs
  const hindrances = {
    transposed,
    depthwise: !before && groups === c && groups === oc && c >= 4,
    groups: groups > 1,
    window: kh !== 3 || kw !== 3,
    stride: stride[0] * stride[1] > 1,
    dilation: dilation[0] * dilation[1] > 1,
    channels: (c | oc) % 4 > 0,
  }
  const hindrance = (Object.keys(hindrances) as (keyof typeof hindrances)[]).find(key => hindrances[key])
  const [n, , ...plannedMap] = planned as readonly [number, number, number, number]
  const ways = hindrance ? [] : waysOf(n, c, oc, ...slide(node, plannedMap, [kh, kw]).out, fast && !before)
  return { window, groups, oc, wc, hindrance, ways }
}

const run = (scope: Scope, shape: Shape, weight: Shape): void => {
  const { node, planned, fast, read, call, scratch } = scope
  const [n, c, h, w] = mapOf(scope)
  const { window, groups, oc, wc, hindrance, ways } = decide(node, shape, weight, planned, fast)
  const { stride, dilation, pad, out } = window
  const [, , kh, kw] = weight as readonly [number, number, number, number]
  const [oh, ow] = out
  const taps = kh * kw
  const transposed = hindrance === 'transposed'
  const depthwise = hindrance === 'depthwise'
  scope.macs(n * oc * wc * taps * (transposed ? h * w : oh * ow))

  const result = [n, oc, oh, ow]
  // The depthwise kernel takes the last channels twice where they are not a multiple of 4: its residual must stay as it is.
  const y = scope.output(result, nhwc(result), depthwise && c % 4 ? [] : [RESIDUAL])
  const res = residual(scope, result, nhwc(result))
  const { tile = 0, kept = false } = ways[0] ?? {}
  const planes = planesOf(tile)
  const at = depthwise
    ? scope.packed(1, c * taps, 1, (to, from) => [['transpose', to, from, 1, c, taps]])
    : kept
      ? scope.packed(1, panelFloats(oc, planes * (c + 2)), oc / 4, (to, from, first, count) => [
          ['pack_winograd', to, from, first * 4, count * 4, c, tile],
        ])
      : transposed
        ? phasePanels(scope, oc, groups, wc, kh, kw, window as Spread)
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
    const block = blockOf(n * Math.ceil(oh / tile) * Math.ceil(ow / tile), c, tile)
    const rooms = [8 * c + 16, block * c + 16, block * 8 + 16, 4].map((floats, i) =>
      kept && !i ? 0 : scratch(planes * floats),
    )
    const dims = [n, h, w, c, oh, ow, oc, pad[0], pad[1], tile, block, pitch * 4]
    call('conv_winograd', y, res, x, at, b, ...rooms, ...dims, ...limits(node))
    return
  }
  const [ih, iw] = [h + pad[0] + pad[2], w + pad[1] + pad[3]]
  if (ih > h || iw > w) {
    const copy = scratch(n * ih * iw * c)
    // A row at a time: pixel by pixel the copy of 224² pixels of 3 channels takes 450 µs instead of 20.
    call('pad', copy, x, n, h, 1, w * c, n, ih, 1, iw * c, 0, pad[0], 0, pad[1] * c, 0)
    x = copy
  }
  // A window that covers the whole input, or one pixel at a time, is a run of floats: a matrix product.
  const whole = kh === ih && kw === iw && dilation[0] * dilation[1] === 1
  if (!transposed && groups === 1 && (whole || taps * stride[0] * stride[1] === 1)) {
    call(...matrix(y, res, x, at, b, n * oh * ow, taps * c, oc, node, pitch))
    return
  }
  const goc = oc / groups
  const row = iw * c * 4
  const segments = groups * dilation[1] === 1 ? [1, 0, kw * c] : [kw, dilation[1] * c * 4, wc]
  const dims = transposed
    ? [ih, iw, c, wc, oh, ow, goc, pitch, kh, kw, ...stride, ...(window as Spread).offset, ...dilation]
    : [oh, ow, goc, ih * row, stride[0] * row, stride[1] * c * 4, kh, dilation[0] * row, ...segments, pitch * 4]
  for (let g = 0; g < groups; g++) {
    const shift = g * goc * 4
    call(
      transposed ? 'conv_transposed' : 'conv_direct',
      ...[y + shift, res && res + shift, x + g * wc * 4, at + g * panelFloats(goc, k) * 4, b && b + shift, n],
      ...dims,
      ...limits(node),
    )
  }
}

/**
 * ONNX Conv-11 and ConvTranspose-22, two-dimensional. x `[N,C,H,W]`, w `[OC,C/groups,KH,KW]`, transposed
 * `[C,OC/groups,KH,KW]`, b `[OC]`; fused: a residual, limits, and a batch normalisation's scale, shift, mean and variance `[OC]`.
 */
export const conv = { arity: [2, 8], run } satisfies Op
