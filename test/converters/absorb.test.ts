// Nodes of ONNX that become part of their neighbours.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { mergeTransposes, padWindows } from '../../converters/onnx/absorb.js'
import type { Node } from '../../ts/types.js'
import { filled, node } from '../graphs.js'
import { interpret } from '../ref/graph.js'
import { brief, floats, graphOf, ints, type Spec } from './build.js'

const w = floats([4, 3, 3, 2])
const windowDefaults = { kernel: [3, 2], stride: [1, 1], pad: [0, 0, 0, 0], dilation: [1, 1] }

const pads = (...sides: number[]) => ints(0, 0, sides[0]!, sides[1]!, 0, 0, sides[2]!, sides[3]!)
const chain = (...nodes: Spec['nodes']) =>
  brief(graphOf({ nodes, tensors: { p: pads(1, 0, 1, 1), none: pads(0, 0, 0, 0), w } }))

test('Pad before a pool becomes its padding where that is the same', () => {
  const average = ['y = AveragePool(b)', { kernel_shape: [3, 2] }] as const
  assert.equal(chain('b = Pad(x, p)', average), [
    ['y = AveragePool(x)', { ...windowDefaults, pad: [1, 0, 1, 1], ceil: false, includePad: true }],
  ])
  const maximum = (attrs = {}) => ['y = MaxPool(b)', { kernel_shape: [3, 2], ...attrs }] as const
  for (const before of ['a = Relu(x)', 'a = Sigmoid(x)'])
    assert.equal(chain(before, 'b = Pad(a, p)', maximum({ pads: [1, 1, 0, 0] })).slice(1), [
      ['y = MaxPool(a)', { ...windowDefaults, pad: [2, 1, 1, 1], ceil: false }],
    ])
  // Where it is not: numbers below zero, a border that the average does not count, rounding up, windows in the padding.
  for (const nodes of [
    ['b = Pad(x, p)', maximum()],
    ['a = Tanh(x)', 'b = Pad(a, p)', maximum()],
    ['b = Pad(x, p)', ['y = AveragePool(b)', { kernel_shape: [3, 2], pads: [1, 0, 0, 0] }]],
    ['b = Pad(x, p)', ['y = AveragePool(b)', { kernel_shape: [3, 2], ceil_mode: 1 }]],
    ['b = Pad(x, p)', ['y = AveragePool(b)', { kernel_shape: [1, 2] }]],
    ['a = Relu(x)', 'b = Pad(a, p)', maximum({ dilations: [2, 1] })],
    ['a = Relu(x)', 'b = Pad(a, p)', maximum({ auto_pad: 'SAME_UPPER' })],
    ['b = Pad(x, none)', average],
  ] as const)
    assert.ok(
      chain(...nodes).some(([text]) => text.includes('= Pad(')),
      JSON.stringify(nodes),
    )
})

test('what is absorbed gives the same numbers', () => {
  let changed = 0
  const value = (nodes: readonly Node[]) => {
    const graph = { inputs: [{ name: 'x', shape: [1, 2, 5, 6] }], outputs: ['y'], nodes }
    return interpret(graph, new Map([['x', filled([1, 2, 5, 6], 1)]]), new Map()).get('y')!.value
  }
  for (const op of ['MaxPool', 'AveragePool'])
    for (const [kernel, stride, own] of [
      [
        [2, 3],
        [1, 1],
        [0, 0, 0, 0],
      ],
      [
        [3, 3],
        [2, 2],
        [0, 1, 0, 0],
      ],
      [
        [4, 2],
        [3, 1],
        [1, 0, 1, 0],
      ],
    ] as const)
      for (const sides of [
        [1, 1, 1, 1],
        [0, 1, 1, 0],
        [2, 0, 0, 1],
        [0, 0, 0, 3],
      ])
        for (const [includePad, fill] of [
          [true, 0],
          [false, 0],
          [true, -1],
          [false, 0.5],
        ] as const) {
          const attrs = { kernel, stride, dilation: [1, 1], pad: own, ceil: false, includePad }
          const [top, left, bottom, right] = sides as [number, number, number, number]
          const nodes = [
            node('Relu', ['x'], 'r'),
            node('Pad', ['r'], 'p', { pads: [0, 0, top, left, 0, 0, bottom, right], value: fill }),
            node(op, ['p'], 'y', attrs),
          ]
          const absorbed = padWindows(nodes)
          if (absorbed[2]!.inputs[0] === 'r') changed++
          assert.equal(value(absorbed), value(nodes), JSON.stringify(nodes))
        }
  assert.ok(changed >= 20, `${changed} absorbed`)
  for (const first of [
    [0, 2, 3, 1],
    [0, 1, 3, 2],
    [0, 3, 2, 1],
  ])
    for (const second of [
      [0, 3, 1, 2],
      [0, 2, 1, 3],
      [0, 1, 3, 2],
    ]) {
      const nodes = [node('Transpose', ['x'], 't', { perm: first }), node('Transpose', ['t'], 'y', { perm: second })]
      assert.equal(value(mergeTransposes(nodes).slice(1)), value(nodes))
    }
})

test('Transposes in a row are one, or none', () => {
  const turn = (text: string, ...perm: number[]) => [text, { perm }] as const
  assert.equal(chain(turn('a = Transpose(x)', 0, 2, 3, 1), turn('y = Transpose(a)', 0, 3, 1, 2)), [
    ['y = Identity(x)', {}],
  ])
  assert.equal(chain(turn('y = Transpose(x)', 0, 1, 2, 3)), [['y = Identity(x)', {}]])
  assert.equal(chain(turn('a = Transpose(x)', 0, 2, 3, 1), turn('y = Transpose(a)', 1, 0, 2, 3)), [
    ['y = Transpose(x)', { perm: [2, 0, 3, 1] }],
  ])
  const three = [
    turn('a = Transpose(x)', 1, 2, 3, 0),
    turn('b = Transpose(a)', 1, 2, 3, 0),
    turn('c = Transpose(b)', 1, 2, 3, 0),
  ]
  assert.equal(chain(...three, turn('y = Transpose(c)', 1, 2, 3, 0)), [['y = Identity(x)', {}]])
  // One that others read as well stays for them.
  assert.equal(
    chain(
      turn('a = Transpose(x)', 0, 2, 3, 1),
      turn('b = Transpose(a)', 0, 3, 1, 2),
      'r = Relu(a)',
      's = Relu(b)',
      turn('t = Transpose(r)', 0, 3, 1, 2),
      'y = Add(s, t)',
    ).map(([text]) => text),
    ['a = Transpose(x)', 'b = Identity(x)', 'r = Relu(a)', 's = Relu(b)', 't = Transpose(r)', 'y = Add(s, t)'],
  )
})

test.run()
