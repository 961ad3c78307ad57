import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drop } from '../../ts/passes/drop.js'
import { fuse } from '../../ts/passes/fuse.js'
import { ulp } from '../bounds.js'
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
