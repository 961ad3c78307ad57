import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { load } from '../../ts/entry/node.js'
import { encodeModel } from '../../ts/file.js'
import { modules } from '../builds.js'
import { branch, brief, floats, graphOf, ints, model, refuses, type Spec, scalar, unsound } from './build.js'

const yes = branch(['v = Relu(a)'], ['v'])
const no = branch([], ['a'])
const chosen = (
  condition: string,
  tensors: Spec['tensors'] = {},
  attrs = { then_branch: yes, else_branch: no },
): Spec => ({
  nodes: ['a = Tanh(x)', ['b = If(c)', attrs], ...(condition ? [condition] : []), 'y = Sigmoid(b)'],
  tensors,
})

test('If on a constant is the branch that is taken, one that makes nothing hands on', () => {
  const ops = (spec: Spec) => brief(graphOf(spec)).map(([text]) => text)
  assert.equal(ops(chosen('', { c: scalar(1) })), ['a = Tanh(x)', 'v = Relu(a)', 'b = Identity(v)', 'y = Sigmoid(b)'])
  assert.equal(ops(chosen('', { c: scalar(0) })), ['a = Tanh(x)', 'b = Identity(a)', 'y = Sigmoid(b)'])
})

test('If: the condition may come from a shape, the branch before what it reads', () => {
  const shape: Spec['nodes'] = ['s = Shape(x)', ['d = Gather(s, at)', { axis: 0 }], 'c = Equal(d, three)']
  const spec = chosen('', { at: scalar(1), three: scalar(3) })
  const read = branch(['v = Add(a, a)'], ['v'])
  const nodes: Spec['nodes'] = [
    ['b = If(c)', { then_branch: read, else_branch: no }],
    'y = Sigmoid(b)',
    ...shape,
    'a = Tanh(x)',
  ]
  assert.equal(brief(graphOf({ ...spec, nodes }))[1]![0], 'v = Add(a, a)')
  assert.is(graphOf({ ...spec, nodes, inputs: { x: ['N', 4, 8, 8] } }).nodes[1]!.op, 'Identity')
})

test('If: both branches may use a name, and two nodes the same branch', () => {
  const attrs = { then_branch: branch(['v = Relu(x)'], ['v']), else_branch: branch(['v = Tanh(x)'], ['v']) }
  const nodes: Spec['nodes'] = [['a = If(c)', attrs], ['b = If(n)', attrs], 'y = Add(a, b)']
  const made = graphOf({ nodes, tensors: { c: scalar(1), n: scalar(0) } }).nodes
  assert.equal(
    made.map(({ op }) => op),
    ['Relu', 'Identity', 'Tanh', 'Identity', 'Add'],
  )
  assert.is(new Set(made.flatMap(({ name }) => name)).size, 5)
  assert.is(new Set(made.flatMap(({ outputs }) => outputs)).size, 5)
})

test('If: what cannot be taken is refused', () => {
  refuses(
    {
      nodes: ['c = Relu(x)', ['y = If(c)', { then_branch: no, else_branch: no }]].toSpliced(
        0,
        0,
        'a = Tanh(x)',
      ) as Spec['nodes'],
    },
    /If ×1 .*its condition is computed by the network/,
  )
  const nested = branch([['v = If(c)', { then_branch: yes, else_branch: no }]], ['v'])
  refuses(chosen('', { c: scalar(1) }, { then_branch: nested, else_branch: no }), /a branch in a branch is not read/)
  const owning = branch(['v = Add(a, t)'], ['v'], { initializer: [{ name: 't', ...floats([1]) }] })
  refuses(chosen('', { c: scalar(1) }, { then_branch: owning, else_branch: no }), /tensors of its own/)
  refuses(chosen('', { c: scalar(1) }, { then_branch: branch(['v = Foo(a)'], ['v']), else_branch: no }), /Foo ×1/)
  unsound(
    chosen('', { c: scalar(1) }, { then_branch: branch(['v = Relu(zzz)'], ['v']), else_branch: no }),
    /reads "zzz"/,
  )
  unsound(
    chosen('', { c: scalar(1) }, { then_branch: branch([], []), else_branch: no }),
    /1 outputs, its then_branch 0/,
  )
  unsound(
    { nodes: ['a = Tanh(x)', ['y = If(c)', { else_branch: no }]], tensors: { c: scalar(1) } },
    /has no then_branch/,
  )
})

// Three rows of one pixel, a window of three over them with one row of padding before.
const lrn: Spec['nodes'] = [
  'q = Mul(x, x)',
  ['u = Unsqueeze(q, one)', {}],
  ['p = Pad(u, pads)', {}],
  ['m = AveragePool(p)', { kernel_shape: [2, 1, 1], strides: [1, 1, 1] }],
  's = Shape(m)',
  ['d = Gather(s, at)', { axis: 0 }],
  'c = Equal(d, unit)',
  [
    'z = If(c)',
    { then_branch: branch(['v = Squeeze(m, one)'], ['v']), else_branch: branch(['w = Identity(m)'], ['w']) },
  ],
  'y = Div(x, z)',
]

test("PyTorch's local response norm, an average pool over three axes", async () => {
  const tensors = { one: ints(1), pads: ints(0, 0, 1, 0, 0, 0, 0, 0, 0, 0), at: scalar(1), unit: scalar(1) }
  const converted = model({ inputs: { x: ['N', 3, 2, 2] }, nodes: lrn, tensors })
  const file = await encodeModel(converted)
  for (const kernels of modules) {
    const net = await load(file, { ...kernels, batch: 2 })
    const x = Float32Array.from({ length: 24 }, (_, i) => 1 + ((i * 7) % 11) / 3)
    const expected = x.map((v, i) => v / (((i % 12 < 4 ? 0 : x[i - 4]! ** 2) + v ** 2) / 2))
    for (const [i, v] of net.run(x).y!.entries())
      assert.ok(Math.abs(v - expected[i]!) < 1e-6, `${i}: ${v}, not ${expected[i]}`)
    assert.equal(net.outputs.y, [2, 3, 2, 2])
  }
})

test('an average pool over three axes with a window wider than that stays refused', () => {
  const inputs = { x: [1, 1, 5, 4, 4] }
  for (const attrs of [
    { kernel_shape: [2, 2, 1] },
    { kernel_shape: [2, 1, 1], strides: [1, 2, 1] },
    { kernel_shape: [2, 1, 1], pads: [0, 0, 1, 0, 0, 0] },
    { kernel_shape: [2, 1, 1], dilations: [2, 1, 1] },
  ])
    refuses({ inputs, nodes: [['y = AveragePool(x)', attrs]] }, /3-D, only 2-D/)
  const [, pool] = brief(
    graphOf({
      inputs,
      nodes: [['y = AveragePool(x)', { kernel_shape: [2, 1, 1], strides: [3, 1, 1], pads: [1, 0, 0, 0, 0, 0] }]],
    }),
  )
  assert.equal(
    [pool![1].kernel, pool![1].stride, pool![1].pad],
    [
      [2, 1],
      [3, 1],
      [1, 0, 0, 0],
    ],
  )
})

test.run()
