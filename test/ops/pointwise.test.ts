// Operators that take one number after the other, in the order of their shapes and in that of maps.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compile } from '../../ts/compile.js'
import type { Attr, Node, Shape } from '../../ts/types.js'
import { agree, filled, node } from '../graphs.js'
import { behind, maps, one, point, positive, same3, single, weights } from './maps.js'

const test = suite('number by number')

const shapes: readonly Shape[] = [[17], [3, 5], [3, 4, 5], [1, 1, 1], [2, 3, 2, 2]]

const unary: readonly (readonly [op: string, attrs?: Record<string, Attr>])[] = [
  ['Abs'],
  ['Neg'],
  ['Exp'],
  ['Softplus'],
  ['HardSwish'],
  ['Erf'],
  ['Reciprocal'],
  ['Floor'],
  ['Ceil'],
  ['Round'],
  ['Sign'],
  ['Clip', single({ min: -0.5, max: 0.3 })],
  ['Clip', single({ min: 0.1 })],
  ['Clip', single({ max: 0.1 })],
  ['Clip'],
  ['Clip', { min: 0.5, max: -0.5 }],
  ['Elu', single({ alpha: 0.7 })],
  ['LeakyRelu', single({ alpha: 0.1 })],
  ['HardSigmoid', single({ alpha: 0.3, beta: 0.4 })],
  ['Gelu', { tanh: false }],
  ['Gelu', { tanh: true }],
]

test('one number after the other', async () => {
  for (const [op, attrs] of unary) {
    for (const shape of shapes) await one(op, shape, attrs, [], { batch: 2 })
    await behind(op, attrs)
    const flat = [node('Conv', ['x', 'k3'], 'c', same3), node('Flatten', ['c'], 'f'), node(op, ['f'], 'a', attrs)]
    await maps([...flat, node('Gemm', ['a', 'g'], 'y')])
  }
  await agree({
    inputs: { x: [3, 5] },
    outputs: ['y'],
    nodes: [node('Abs', ['x'], 'a'), node('Sqrt', ['a'], 'y')],
  })
})

test('GELU as exporters write it', async () => {
  const gelu = (x: string) => [
    node('Div', [x, 'root'], 'd'),
    node('Erf', ['d'], 'e'),
    node('Add', ['e', 'one'], 'a'),
    node('Mul', [x, 'a'], 'm'),
    node('Mul', ['m', 'half'], 'y'),
  ]
  const scalar = (v: number) => ({ shape: [], data: Float64Array.of(Math.fround(v)) })
  const constants = { root: scalar(Math.SQRT2), one: scalar(1), half: scalar(0.5) }
  await agree({ inputs: { x: [6, 5, 7] }, outputs: ['y'], nodes: gelu('x'), weights: constants }, { batch: 2 })
  const nodes = [node('Conv', ['x', 'k3', 'b6'], 'c', same3), ...gelu('c')]
  await agree({ inputs: { x: [6, 5, 7] }, outputs: ['y'], nodes, weights: { ...weights, ...constants } })
})

test('two operands with broadcasting', async () => {
  for (const op of ['Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow'])
    for (const constant of [[], [7], [5, 1], [3, 1, 1], [3, 5, 7], [1, 3, 1, 1], [1, 3, 5, 7]]) {
      const w = positive(filled(constant, 2))
      const nodes = (a: string, b: string) => [
        node('Abs', ['x'], 'a'),
        node('Add', ['a', 'half'], 'p'),
        node(op, [a, b], 'y'),
      ]
      for (const [a, b] of [
        ['p', 'w'],
        ['w', 'p'],
      ] as const)
        await agree(
          {
            inputs: { x: [3, 5, 7] },
            outputs: ['y'],
            nodes: nodes(a, b),
            weights: { w, half: { shape: [], data: Float64Array.of(0.5) } },
          },
          { batch: 2 },
        )
    }
  for (const op of ['Sub', 'Mul', 'Max', 'Min']) {
    for (const other of ['c6', 'd6', 's', 'row', 'x', 'c']) await behind(op, {}, [other])
    // Squeeze and excitation: one number per channel of each image.
    await maps([
      node('Conv', ['x', 'k3', 'b6'], 'c', same3),
      node('GlobalAveragePool', ['c'], 'g1'),
      node('Conv', ['g1', 'k1', 'b6'], 'e', point),
      node('HardSigmoid', ['e'], 'h', single({ alpha: 0.2, beta: 0.5 })),
      node(op, ['c', 'h'], 'y'),
    ])
  }
  // A square, and a root.
  for (const exponent of [2, 3])
    await one('Pow', [3, 5], {}, [{ shape: [], data: Float64Array.of(exponent) }], { batch: 2 })
})

test('PRelu', async () => {
  for (const slope of [[], [1], [3, 1, 1], [3, 5, 7], [1, 3, 1, 1]])
    await one('PRelu', [3, 5, 7], {}, [filled(slope, 3)], { batch: 2 })
  await behind('PRelu', {}, ['c6'])
})

test('limits fuse with what makes their numbers', async () => {
  const limits: readonly (readonly [op: string, attrs: Record<string, Attr>])[] = [
    ['Relu', {}],
    ['Clip', { min: 0, max: 0.25 }],
    ['Clip', { min: -0.25 }],
    ['Clip', { max: 0.125 }],
    ['Clip', { min: 0.5, max: 0.25 }],
    ['Clip', {}],
  ]
  const makers: readonly Node[] = [
    node('Conv', ['x', 'k3', 'b6'], 'a', same3),
    node('Add', ['x', 'c6'], 'a'),
    node('Sub', ['x', 'c6'], 'a'),
    node('Mul', ['x', 'c6'], 'a'),
  ]
  for (const maker of makers)
    for (const [op, attrs] of limits) {
      await maps([maker, node(op, ['a'], 'y', attrs)])
      for (const [then, more] of limits) await maps([maker, node(op, ['a'], 'b', attrs), node(then, ['b'], 'y', more)])
      // What is added after the limits stays outside of them.
      await maps([maker, node(op, ['a'], 'b', attrs), node('Add', ['b', 'c6'], 'c'), node('Add', ['c', 'x'], 'y')])
    }
  const graph = {
    inputs: [{ name: 'x', shape: [1, 6, 5, 7] }],
    outputs: ['y'],
    nodes: [
      node('Conv', ['x', 'k3', 'b6'], 'a', same3),
      node('Clip', ['a'], 'b', { min: -1, max: 6 }),
      node('Relu', ['b'], 'y'),
    ],
  }
  const tensors = new Map(
    ['k3', 'b6'].map(name => [name, { dtype: 'F32' as const, shape: weights[name]!.shape, begin: 0, end: 0 }]),
  )
  const { graph: fused } = await compile({ tensors, graph, dataBegin: 0, dataLength: 0 })
  assert.equal(
    fused.nodes.map(n => [n.op, n.attrs.lo, n.attrs.hi]),
    [['Conv', 0, 6]],
  )
})

test.run()
