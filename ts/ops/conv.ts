import { int, misfit, show } from '../shape.js'
import { nhwc, type Op, type Scope } from './op.js'
import { limits, matrix, normalised, panelFloats, panels, pitchOf, RESIDUAL, residual } from './panels.js'
import { phasePanels } from './transposed.js'
import { mapOf, type Spread, slide, spread } from './window.js'

/**
 * Tiles of 4×4 results that conv_winograd takes together: as many as keep their transformed inputs, 36 planes of c channels,
 * about in the second-level cache, but enough of them for the work on the weights to be shared.
 */
const blockOf = (tiles: number, c: number): number =>
  Math.min(Math.ceil(tiles / 4) * 4, Math.max(28, Math.floor(3000 / c) * 4))

/**
 * Whether Winograd's way is the shorter one for a map of so many pixels, in multiply-adds of one core: the products, the
 * transforms of tiles (370 for each channel going in or out) and of weights (86, once per block). Measured on the layers of
 * ResNet-18; the choice must not depend on the batch, which may change from run to run.
 */
const winogradPays = (oh: number, ow: number, c: number, oc: number): boolean => {
  const tiles = Math.ceil(oh / 4) * Math.ceil(ow / 4)
  const blocks = Math.ceil(tiles / blockOf(tiles, c))
  const products = 36 * Math.ceil(tiles / 4) * 4 * c * oc
  return products + 370 * tiles * (c + oc) + 86 * blocks * c * oc < 9 * oh * ow * c * oc
}

/**
 * Weights, c·oc, that are kept transformed at most: 4.7 MB in 36 planes. Beyond, what is saved by not transforming them goes
 * into reading four times as much (at 256 → 256 channels of 14² 0 to 10 % more time, of 8² at 64 → 64 38 % less).
 */
const KEPT = 2 ** 15

const run = (scope: Scope): void => {
  const { node, shape, read, call, scratch } = scope
  const [n, c, h, w] = mapOf(scope)
  const weight = shape(1)!
  const [first, second, kh, kw] = weight as readonly [number, number, number, number]
  const groups = int(node, 'groups', 1, 1)
  const transposed = node.op === 'ConvTranspose'
  const [oc, wc] = transposed ? [second * groups, first / groups] : [first, second]
  if (weight.length !== 4) misfit(node, `weight must have 4 dimensions, is ${show(weight)}`)
  if (c !== wc * groups)
    misfit(
      node,
      `weight expects ${wc * groups} channels, input has ${c} (x ${show(shape(0)!)}, w ${show(weight)}); the input must be NCHW`,
    )
  if (first % groups) misfit(node, `${first} channels do not divide into ${groups} groups`)
  const window = (transposed ? spread : slide)(node, [h, w], [kh, kw])
  const { stride, dilation, pad, out } = window
  const [oh, ow] = out
  const taps = kh * kw
  scope.macs(n * oc * wc * taps * (transposed ? h * w : oh * ow))

  const { before } = node.attrs
  const depthwise = !transposed && !before && groups === c && groups === oc && c >= 4
  const result = [n, oc, oh, ow]
  // The depthwise kernel takes the last channels twice where they are not a multiple of 4: its residual must stay as it is.
  const y = scope.output(result, nhwc(result), depthwise && c % 4 ? [] : [RESIDUAL])
  const res = residual(scope, result, nhwc(result))
  const close = !transposed && stride[0] * stride[1] * dilation[0] * dilation[1] === 1
  const winograd = groups * taps === 9 && kh === 3 && close && (c | oc) % 4 === 0 && winogradPays(oh, ow, c, oc)
  const kept = winograd && scope.fast && !before && c * oc <= KEPT
  const at = depthwise
    ? scope.packed(1, c * taps, 1, (to, from) => [['transpose', to, from, 1, c, taps]])
    : kept
      ? scope.packed(1, panelFloats(oc, 36 * (c + 2)), oc / 4, (to, from, first, count) => [
          ['pack_winograd', to, from, first * 4, count * 4, c, 4],
        ])
      : transposed
        ? phasePanels(scope, oc, groups, wc, kh, kw, window as Spread)
        : panels(scope, oc, groups, wc, taps)
  // Transformed weights are as many numbers for each channel as there are in all planes, and are scaled as others are.
  const k = depthwise ? taps : kept ? 36 * (c + 2) : wc * taps
  const b = normalised(scope, oc, at, depthwise ? 1 : groups, k, depthwise, c)
  let x = read(0, [c, h, w])
  if (depthwise) {
    const numbers = [kh, kw, ...stride, pad[0], pad[1], ...dilation]
    call('conv_depthwise', y, res, x, at, b, n, h, w, c, oh, ow, ...numbers, ...limits(node))
    return
  }
  const pitch = pitchOf(scope, oc)
  if (winograd) {
    const block = blockOf(n * Math.ceil(oh / 4) * Math.ceil(ow / 4), c)
    const rooms = [8 * c + 16, block * c + 16, block * 8 + 16, 4].map((floats, i) =>
      kept && !i ? 0 : scratch(36 * floats),
    )
    const dims = [n, h, w, c, oh, ow, oc, pad[0], pad[1], 4, block, pitch * 4]
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
