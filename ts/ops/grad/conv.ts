import { int, size } from '../../shape.js'
import type { Node, Shape } from '../../types.js'
import { nhwc } from '../op.js'
import { bias, matrix, panelFloats, panels } from '../panels.js'
import { spread } from '../transposed.js'
import { blockOf, four, hasWays, planesOf, waysOf } from '../ways.js'
import { mapOf, padded, slide } from '../window.js'
import type { Grad, TrainOp, TrainScope } from './tape.js'

/** What a convolution's own attributes say of it, without what was fused. */
const own = ({ attrs: { lo, hi, epsilon, ...attrs } }: Node) => attrs

/** A node without limits. */
const plain = (node: Node): Node => ({ ...node, attrs: {} })

/** y = x ∗ w + b (+ residual): dw = x ∗ dy, db = Σ dy, dx = dy ∗ w flipped, and the residual's gradient is dy. */
export const convGrad: Grad = ({ node, dy, emit, give, wants, sum, shape }) => {
  const [x, w, b, residual] = node.inputs as [string, string, string?, string?]
  const attrs = own(node)
  if (wants(1)) emit('ConvGradWeight', [x, w, dy], attrs)
  if (b && wants(2)) emit('BiasGrad', [dy, '', b])
  if (residual && wants(3)) give(3, dy)
  if (wants(0)) give(0, emit('ConvGradInput', [dy, w, sum(0)], { ...attrs, size: shape(x).slice(1) }), true)
}

/** The same of a fully connected layer. */
export const gemmGrad: Grad = ({ node, dy, emit, give, wants, sum }) => {
  const [x, w, b, residual] = node.inputs as [string, string, string?, string?]
  if (wants(1)) emit('GemmGradWeight', [x, w, dy])
  if (b && wants(2)) emit('BiasGrad', [dy, '', b])
  if (residual && wants(3)) give(3, dy)
  if (wants(0)) give(0, emit('GemmGradInput', [x, w, dy, sum(0)]), true)
}

/** Sizes of a convolution: of x `[c, h, w]`, its weight `[oc, wc, kh, kw]` and its window. */
const sizes = (node: Node, [c, h, w]: readonly [number, number, number], weight: Shape) => {
  const [oc, wc, kh, kw] = weight as readonly [number, number, number, number]
  const groups = int(node, 'groups', 1, 1)
  return {
    ...slide(node, [h, w], [kh, kw]),
    ...{ oc, wc, kh, kw, groups, taps: kh * kw, depthwise: groups === c && groups === oc && c >= 4 },
  }
}

/** Tiles of 4×4 outputs that winograd_grad_weight takes together: the best of 32, 64 and 128. */
const TILES = 64

/** Whether the window moves by one pixel, over channels in fours: what Winograd's way is made for. */
const close = ({ oc, groups, stride, dilation }: ReturnType<typeof sizes>, c: number): boolean =>
  groups * stride[0] * stride[1] * dilation[0] * dilation[1] === 1 && (c | oc) % 4 === 0

const eight = (count: number): number => panelFloats(count, 1)

/** Floats of products that conv_grad_input sums up together: about the first-level cache. */
const ROWS = 8192

/**
 * Time of conv_grad_input as waysOf estimates it: multiply-adds of whole tiles, of which the beginning and the end take as long as
 * six, and so do four of the sums over columns of the window.
 */
const byRows = ({ oc, kh, kw, out: [oh, ow] }: ReturnType<typeof sizes>, n: number, c: number, h: number): number =>
  four(n * ow) * (kh * oh * oc + 6 * h) * eight(kw * c) + 6 * n * h * kw * ow * four(c)

/** Address of the weights in the form in which Conv has them. */
const weights = (scope: TrainScope, { oc, wc, groups, taps, depthwise }: ReturnType<typeof sizes>): number =>
  depthwise
    ? scope.packed(1, oc * taps, 1, (to, from) => [['transpose', to, from, 1, oc, taps]])
    : panels(scope, oc, groups, wc, taps)

/**
 * Scratch for conv_grad_weight and how many pixels it takes together: as many as stay in the second-level cache, with so many
 * outputs each.
 */
const together = ({ scratch }: TrainScope, pixels: number, oc: number): readonly [temp: number, block: number] => {
  const each = Math.ceil(oc / 8) * 8 + 32
  const block = Math.min(pixels, 256, Math.max(16, Math.floor(150_000 / each)))
  return [scratch(block * each), block]
}

/** Adds to the gradient of a Conv's weight. x, w, dy; attributes of the Conv. */
export const convGradWeightOp = {
  arity: [3, 3],
  run: scope => {
    const { node, shape, read, call, scratch, gradient } = scope
    const [n, c, h, w] = mapOf(scope)
    const conv = sizes(node, [c, h, w], shape(1)!)
    const { oc, wc, kh, kw, groups, taps, stride, dilation, pad, out, depthwise } = conv
    const [oh, ow] = out
    const dw = gradient(weights(scope, conv))
    const dy = read(2, [oc, oh, ow])
    let x = read(0, [c, h, w])
    scope.macs(n * oc * oh * ow * wc * taps)
    scope.output([1])
    if (depthwise) {
      const window = [kh, kw, ...stride, pad[0], pad[1], ...dilation]
      call('depthwise_grad_weight', dw, x, dy, scratch(c * taps), n, h, w, c, oh, ow, ...window)
      return
    }
    // Winograd's way, transposed, where it is the shortest forwards too.
    if (
      close(conv, c) &&
      taps === 9 &&
      kh === 3 &&
      waysOf(scope.planned[0]!, c, oc, oh, ow, kh, false)[0]!.tile === 4
    ) {
      const block = Math.min(TILES, n * Math.ceil(oh / 4) * Math.ceil(ow / 4))
      const rooms = [c * 8 + 16, block * c + 16, block * Math.ceil(oc / 8) * 8 + 16, 4].map(floats =>
        scratch(36 * floats),
      )
      call('winograd_grad_weight', dw, x, dy, ...rooms, n, h, w, c, oh, ow, oc, pad[0], pad[1], block)
      return
    }
    const [ih, iw] = [h + pad[0] + pad[2], w + pad[1] + pad[3]]
    x = padded(scope, x, [n, c, h, w], pad)
    const goc = oc / groups
    const row = iw * c * 4
    const [segments, step, length] = groups * dilation[1] === 1 ? [1, 0, kw * c] : [kw, dilation[1] * c * 4, wc]
    const [temp, block] = together(scope, n * oh * ow, goc)
    for (let g = 0; g < groups; g++)
      call(
        ...(['conv_grad_weight', dw + g * panelFloats(goc, wc * taps) * 4, x + g * wc * 4, dy + g * goc * 4] as const),
        ...[temp, n, oh, ow, goc, ih * row, stride[0] * row, stride[1] * c * 4],
        ...[kh, dilation[0] * row, segments, step, length, oc * 4, block],
      )
  },
} satisfies TrainOp

/** Adds to the gradient of a bias: the sum over all pixels. dy, nothing, bias. */
export const biasGradOp = {
  arity: [1, 3],
  run: scope => {
    const { shape, read, gradient, output, call } = scope
    const dy = shape(0)!
    const oc = dy.length === 4 ? dy[1]! : dy.at(-1)!
    const db = gradient(bias(scope, oc))
    output([1])
    call('sum_pixels', db, read(0, dy.length === 4 ? nhwc(dy) : undefined), size(dy) / oc, oc, oc * 4)
  },
} satisfies TrainOp

/**
 * The gradient of a Conv's input: a transposed convolution of dy, by the same weights (Dumoulin & Visin 2016, chapter 4). Where
 * the stride is 1 that is a convolution by the flipped ones, for which Winograd's way, or one row after the other, may be the
 * shortest. dy, w, the gradient so far; attributes of the Conv and `size` `[c, h, w]` of its input.
 */
export const convGradInputOp = {
  arity: [2, 3],
  run: scope => {
    const { node, shape, read, output, call, scratch } = scope
    const n = shape(0)![0]!
    const [c, h, w] = node.attrs.size as unknown as readonly [number, number, number]
    const conv = sizes(node, [c, h, w], shape(1)!)
    const { oc, wc, kh, kw, groups, taps, stride, dilation, pad, out, depthwise } = conv
    const [oh, ow] = out
    scope.macs(n * oc * oh * ow * wc * taps)
    const y = output([n, c, h, w], [c, h, w], depthwise ? [] : [2])
    const res = read(2, [c, h, w])
    let dy = read(0, [oc, oh, ow])
    const at = weights(scope, conv)
    if (depthwise) {
      const window = [kh, kw, ...stride, pad[0], pad[1], ...dilation]
      call('depthwise_grad_input', y, res, dy, at, n, h, w, c, oh, ow, ...window)
      return
    }
    const [reachH, reachW] = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)]
    const [top, left] = [reachH - pad[0], reachW - pad[1]]
    const goc = oc / groups
    const each = panelFloats(wc, goc * taps)
    const flipped = scratch(groups * each)
    const part = (g: number) => [flipped + g * each * 4, at + g * panelFloats(goc, wc * taps) * 4] as const
    const open = groups * stride[0] * stride[1] === 1
    if (open && taps === 1 && top === 0 && left === 0 && oh === h && ow === w) {
      call('flip_panels', ...part(0), oc, 1, c)
      call(...matrix(y, res, dy, flipped, 0, n * h * w, oc, c, plain(node)))
      return
    }
    // A window as large as the map: a fully connected layer.
    if (groups * dilation[0] * dilation[1] === 1 && kh === h && kw === w && pad.every(p => p === 0)) {
      call('flip_panels', ...part(0), oc, 1, c * taps)
      call(...matrix(y, res, dy, flipped, 0, n, oc, c * taps, plain(node)))
      return
    }
    // What reaches beyond the map is no business of Winograd's way.
    const winograd = close(conv, c) && hasWays(kh, kw) && top >= 0 && left >= 0
    const images = scope.planned[0]!
    const { tile, cost } = winograd
      ? waysOf(images, oc, c, h, w, kh, false)[0]!
      : { tile: 0, cost: images * h * four(w) * taps * (oc + 1) * eight(c) }
    if (open && dilation[0] * dilation[1] === 1 && byRows(conv, images, c, h) < cost) {
      call('flip_panels', ...part(0), oc, kh, kw * c)
      const pixels = panelFloats(kw * c, ow)
      const block = Math.min(n, Math.ceil(ROWS / pixels))
      const rooms = [flipped, scratch(block * pixels + 4)]
      call('conv_grad_input', y, res, dy, ...rooms, n, h, w, c, oh, ow, oc, kh, kw, pad[0], pad[1], block)
      return
    }
    if (tile) {
      call('flip_panels', ...part(0), oc, taps, c)
      const planes = planesOf(tile, kh)
      const block = blockOf(n * Math.ceil(h / tile) * Math.ceil(w / tile), oc, planes)
      const rooms = [8 * oc + 16, block * oc + 16, block * 8 + 16, 4].map(floats => scratch(planes * floats))
      const dims = [n, oh, ow, oc, h, w, c, top, left, kh, tile, block, c * 4]
      call('conv_winograd', y, res, dy, flipped, 0, ...rooms, ...dims, -Infinity, Infinity)
      return
    }
    const more = [0, 1].map(i => {
      const [size, reach] = i ? [w, reachW] : [h, reachH]
      return size - (stride[i as 0 | 1] * (out[i as 0 | 1] - 1) + reach + 1 - pad[i]! - pad[i + 2]!)
    })
    const turned = { ...node, attrs: { stride, dilation, pad, outputPad: more } }
    const { stride: steps, pad: zeros, offset } = spread(turned, out, [kh, kw])
    const [ih, iw] = [oh + zeros[0] + zeros[2], ow + zeros[1] + zeros[3]]
    dy = padded(scope, dy, [n, oc, oh, ow], zeros)
    const dims = [ih, iw, oc, goc, h, w, wc, c, kh, kw, ...steps, ...offset, ...dilation]
    for (let g = 0; g < groups; g++) {
      const shift = g * wc * 4
      call('phase_panels', ...part(g), goc, kh, kw, wc, ...steps, ...offset, ...dilation)
      const to = [y + shift, res && res + shift, dy + g * goc * 4, flipped + g * each * 4, 0, n]
      call('conv_transposed', ...(to as [number]), ...dims, -Infinity, Infinity)
    }
  },
} satisfies TrainOp

/** Rows, features and the packed weights of a Gemm, as it reads them itself. */
const linear = (scope: TrainScope) => {
  const { shape, order } = scope
  const x = shape(0)!
  const [oc, k] = shape(1) as readonly [number, number]
  const own = x.length === 2 ? order(0) : undefined
  const [c, h, w] = own ?? [k, 1, 1]
  return { x, oc, k, own, m: size(x) / k, at: panels(scope, oc, 1, c, h * w) }
}

/** Adds to the gradient of a Gemm's weight. x, w, dy. */
export const gemmGradWeightOp = {
  arity: [3, 3],
  run: scope => {
    const { m, k, oc, own, at } = linear(scope)
    scope.macs(m * k * oc)
    scope.output([1])
    const [temp, block] = together(scope, m, oc)
    const dims = [1, 1, m, oc, 0, 0, k * 4, 1, 0, 1, 0, k, oc * 4, block]
    scope.call('conv_grad_weight', scope.gradient(at), scope.read(0, own), scope.read(2), temp, ...dims)
  },
} satisfies TrainOp

/** The gradient of a Gemm's input, which lies in the order of that input. x, w, dy, the gradient so far. */
export const gemmGradInputOp = {
  arity: [3, 4],
  run: scope => {
    const { x, m, k, oc, own, at } = linear(scope)
    scope.macs(m * k * oc)
    const flipped = scope.scratch(panelFloats(k, oc))
    const y = scope.output(x, own, [3])
    scope.call('flip_panels', flipped, at, oc, 1, k)
    scope.call(...matrix(y, scope.read(3, own), scope.read(2), flipped, 0, m, oc, k, scope.node))
  },
} satisfies TrainOp
