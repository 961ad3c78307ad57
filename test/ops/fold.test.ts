import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drop } from '../../ts/passes/drop.js'
import { fuse } from '../../ts/passes/fuse.js'
import { gamma, ulp } from '../bounds.js'
import { check, NONE, reads, updates, writes } from '../check.js'
import { agree, filled, node, weight } from '../graphs.js'
import { floats } from '../random.js'
import type { Tensor } from '../ref/tensor.js'

const test = suite('batch norm folded into a convolution')

const positive = ({ shape, data }: Tensor): Tensor => ({ shape, data: data.map(v => Math.fround(Math.abs(v) + 0.25)) })

/** Scale, shift, mean and variance of so many channels. */
const vectors = (c: number) => ({
  scale: filled([c], 11),
  shift: filled([c], 12),
  mean: filled([c], 13),
  variance: positive(filled([c], 14)),
})

const names = ['scale', 'shift', 'mean', 'variance']
const norm = (from: string, to: string) => node('BatchNormalization', [from, ...names], to, { epsilon: 1e-3 })

const attrs = (groups: number, pad = 1) => ({
  kernel: [3, 3],
  stride: [1, 1],
  pad: [pad, pad, pad, pad],
  dilation: [1, 1],
  groups,
})

for (const [what, c, oc, groups, size, bias] of [
  ['direct', 3, 5, 1, 6, false],
  ['direct with bias', 3, 13, 1, 6, true],
  ['Winograd', 16, 16, 1, 12, false],
  ['groups', 6, 9, 3, 6, true],
  ['depthwise', 7, 7, 7, 9, false],
  ['depthwise with bias', 8, 8, 8, 9, true],
] as const)
  test(`${what}, then a residual and ReLU`, async () => {
    const weights = {
      ...vectors(oc),
      w: weight([oc, c / groups, 3, 3], 1),
      side: weight([oc, c, 1, 1], 3),
      ...(bias && { b: filled([oc], 2) }),
    }
    await agree(
      {
        inputs: { x: [c, size, size] },
        outputs: ['y'],
        nodes: [
          node('Conv', ['x', 'side'], 's', { ...attrs(1, 0), kernel: [1, 1] }),
          node('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], 'a', attrs(groups)),
          norm('a', 'n'),
          node('Add', ['n', 's'], 't'),
          node('Relu', ['t'], 'y'),
        ],
        weights,
      },
      { batch: 2, images: [2, 1] },
    )
  })

const EPSILON = Math.fround(1e-3)

/** The kernels' own work on so many channels; `at` tells the place of weight t of channel o. */
const folded = (
  kernel: string,
  oc: number,
  taps: number,
  length: number,
  at: (o: number, t: number) => number,
  bias: boolean,
) => {
  const [b, scale, shift, mean, spread] = [1, 2, 3, 4, 5].map(seed => Array.from(floats(oc, seed))) as number[][]
  const variance = spread!.map(v => Math.fround(Math.abs(v) + 0.25))
  const random = floats(oc * taps, 6)
  const w = new Float64Array(length)
  const wanted = new Float64Array(length)
  const factors = scale!.map((v, o) => v / Math.sqrt(variance[o]! + EPSILON))
  for (let o = 0; o < oc; o++)
    for (let t = 0; t < taps; t++) {
      w[at(o, t)] = random[o * taps + t]!
      wanted[at(o, t)] = random[o * taps + t]! * factors[o]!
    }
  const own = (o: number) => (bias ? b![o]! : 0)
  const moved = factors.map((f, o) => (own(o) - mean![o]!) * f + shift![o]!)
  // Root, division and product are a rounding each, and so are the sums.
  const size = (o: number) => (Math.abs(own(o)) + Math.abs(mean![o]!)) * Math.abs(factors[o]!) + Math.abs(shift![o]!)
  check(
    kernel,
    `${oc} channels of ${taps}${bias ? ', bias' : ''}`,
    writes(moved, o => 6 * ulp(size(o))),
    updates(w, wanted, i => 4 * ulp(wanted[i]!)),
    bias ? reads(b!) : NONE,
    ...[scale!, shift!, mean!, variance].map(values => reads(values)),
    ...[EPSILON, oc, taps],
  )
}

for (const oc of [1, 3, 4, 5, 7, 8, 9, 13, 16])
  for (const bias of [false, true]) {
    test(`fold_panels, ${oc} channels${bias ? ', bias' : ''}`, () => {
      const panels = Math.ceil(oc / 8) * 8
      folded('fold_panels', oc, 5, panels * 5, (o, t) => ((o >> 3) * 5 + t) * 8 + (o & 7), bias)
    })
    test(`fold_taps, ${oc} channels${bias ? ', bias' : ''}`, () => {
      folded('fold_taps', oc, 9, oc * 9, (o, t) => t * oc + o, bias)
    })
  }

/** fold_before, of taps of c channels each. */
const foldedBefore = (oc: number, taps: number, c: number, bias: boolean) => {
  const [b, w] = [floats(Math.ceil(oc / 8) * 8, 1), floats(oc * taps * c, 2)]
  const [scale, shift, mean, spread] = [3, 4, 5, 6].map(seed => Array.from(floats(c, seed))) as number[][]
  const variance = spread!.map(v => Math.fround(Math.abs(v) + 0.25))
  const factor = (i: number) => scale![i]! / Math.sqrt(variance[i]! + EPSILON)
  const length = Math.ceil(oc / 8) * 8 * taps * c
  const [panels, wanted] = [new Float64Array(length), new Float64Array(length)]
  const moved = b.map(v => (bias ? v : 0))
  const sizes = moved.map(Math.abs)
  for (let o = 0; o < oc; o++)
    for (let t = 0; t < taps; t++)
      for (let i = 0; i < c; i++) {
        const v = w[(o * c + i) * taps + t]!
        const at = (((o >> 3) * taps + t) * c + i) * 8 + (o & 7)
        panels[at] = v
        wanted[at] = v * factor(i)
        moved[o]! += v * (shift![i]! - mean![i]! * factor(i))
        sizes[o]! += Math.abs(v) * (Math.abs(shift![i]!) + Math.abs(mean![i]! * factor(i)))
      }
  check(
    'fold_before',
    `${oc} channels of ${taps} taps of ${c}${bias ? ', bias' : ''}`,
    writes(moved, o => gamma(taps * c + 5) * sizes[o]!),
    updates(panels, wanted, i => 4 * ulp(wanted[i]!)),
    bias ? reads(b) : NONE,
    ...[scale!, shift!, mean!, variance].map(values => reads(values)),
    ...[EPSILON, oc, taps * c, c],
  )
}

for (const oc of [1, 3, 4, 5, 7, 8, 9, 13, 16])
  test(`fold_before, ${oc} channels`, () => {
    for (const bias of [false, true])
      for (const c of [1, 3, 4, 5]) for (const taps of [1, 9]) foldedBefore(oc, taps, c, bias)
  })

for (const [what, c, oc, groups, kernel, more] of [
  ['one pixel', 5, 9, 1, 1, {}],
  ['a window', 3, 13, 1, 3, { stride: [2, 1] }],
  ['Winograd', 16, 16, 1, 3, {}],
  ['groups', 6, 9, 3, 3, {}],
  ['the whole map', 4, 8, 1, 8, {}],
] as const)
  test(`a norm before a Conv of ${what} is folded into it`, async () => {
    for (const bias of [[], ['b']])
      for (const memory of ['small', 'fast'] as const) {
        const conv = { ...attrs(groups, 0), kernel: [kernel, kernel], ...more }
        const nodes = [norm('x', 'n'), node('Conv', ['n', 'w', ...bias], 'a', conv), node('Relu', ['a'], 'y')]
        const w = weight([oc, c / groups, kernel, kernel], 1)
        const graph = { inputs: [{ name: 'x', shape: [1, c, 8, 8] }], outputs: ['y'], nodes }
        const shapes: Record<string, readonly number[]> = { w: w.shape, n: [1, c, 8, 8] }
        assert.equal(
          fuse(graph, value => shapes[value] ?? []).nodes.map(({ op, fused = [] }) => [op, ...fused]),
          [['Conv', 'BatchNormalization "n"', 'Relu "y"']],
        )
        await agree(
          { inputs: { x: [c, 8, 8] }, outputs: ['y'], nodes, weights: { ...vectors(c), w, b: filled([oc], 2) } },
          { batch: 2, memory },
        )
      }
  })

test('a norm before a Conv stays where there is padding, where it is read twice, or has limits; depthwise; transposed', async () => {
  const nodes = (pad: readonly number[] | string, groups: number, op = 'Conv') => [
    norm('x', 'n'),
    node(op, ['n', 'w'], 'a', { ...attrs(groups), pad }),
    node('Tanh', ['a'], 'y'),
  ]
  const plain = nodes([0, 0, 0, 0], 1)
  for (const [list, shape, outputs] of [
    [nodes([0, 0, 0, 1], 1), [4, 4, 3, 3], ['y']],
    [nodes('same_upper', 1), [4, 4, 3, 3], ['y']],
    [nodes([0, 0, 0, 0], 4), [4, 1, 3, 3], ['y']],
    [nodes([0, 0, 0, 0], 1, 'ConvTranspose'), [4, 4, 3, 3], ['y']],
    [plain, [4, 4, 3, 3], ['y', 'n']],
    [[plain[0]!, node('Relu', ['n'], 'r'), node('Conv', ['r', 'w'], 'y', attrs(1, 0))], [4, 4, 3, 3], ['y']],
  ] as const) {
    const weights = { ...vectors(4), w: weight(shape, 1) }
    const shapes: Record<string, readonly number[]> = { w: shape, n: [1, 4, 6, 6] }
    const graph = { inputs: [{ name: 'x', shape: [1, 4, 6, 6] }], outputs, nodes: list }
    const left = fuse(graph, value => shapes[value] ?? []).nodes.map(({ op }) => op)
    assert.ok(left.includes('BatchNormalization'), `${left}`)
    await agree({ inputs: { x: [4, 6, 6] }, outputs, nodes: list, weights })
  }
})

test('a result that is also read elsewhere keeps its own value', async () => {
  await agree({
    inputs: { x: [4, 5, 5] },
    outputs: ['y', 'a'],
    nodes: [node('Conv', ['x', 'w'], 'a', attrs(1)), norm('a', 'y')],
    weights: { ...vectors(4), w: weight([4, 4, 3, 3], 1) },
  })
})

test('two in a row: the first is folded, the second stays', async () => {
  const second = vectors(4)
  const nodes = [
    node('Conv', ['x', 'w'], 'a', attrs(1)),
    norm('a', 'n'),
    node('BatchNormalization', ['n', 'scale', 'shift', 'mean', 'variance'], 'y', { epsilon: 1e-5 }),
  ]
  const graph = { inputs: [{ name: 'x', shape: [1, 4, 5, 5] }], outputs: ['y'], nodes }
  assert.equal(
    fuse(graph, () => [1, 4, 5, 5]).nodes.map(({ op, fused = [] }) => [op, ...fused]),
    [['Conv', 'BatchNormalization "n"'], ['BatchNormalization']],
  )
  await agree({ inputs: { x: [4, 5, 5] }, outputs: ['y'], nodes, weights: { ...second, w: weight([4, 4, 3, 3], 1) } })
})

test('behind a residual or limits the norm stays', async () => {
  const conv = node('Conv', ['x', 'w'], 'a', attrs(1))
  for (const [between, folded] of [
    [node('Add', ['a', 'x'], 'b'), false],
    [node('Relu', ['a'], 'b'), false],
    [node('Identity', ['a'], 'b'), true],
  ] as const) {
    const nodes = [conv, between, norm('b', 'y')]
    const graph = { inputs: [{ name: 'x', shape: [1, 4, 5, 5] }], outputs: ['y'], nodes }
    const { nodes: left } = fuse(drop(graph), () => [1, 4, 5, 5])
    assert.is(
      left.some(({ op }) => op === 'BatchNormalization'),
      !folded,
    )
    await agree({
      inputs: { x: [4, 5, 5] },
      outputs: ['y'],
      nodes,
      weights: { ...vectors(4), w: weight([4, 4, 3, 3], 1) },
    })
  }
})

test.run()
