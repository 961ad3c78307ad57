import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { floats, graphOf, ints, only, refuses, type Spec, scalar, unsound } from './build.js'

const tensors = {
  none: floats([0], []),
  scales: floats([4], [1, 1, 2, 0.5]),
  two: floats([2], [0.5, 2]),
  sizes: ints(1, 3, 16, 4),
  some: ints(4, 16),
}
const inputs = { x: ['N', 3, 8, 8] }
const nearest = { mode: 'nearest', coordinates: 'half_pixel', rounding: 'round_prefer_floor' }
const old = { mode: 'nearest', coordinates: 'asymmetric', rounding: 'floor' }

test('Upsample: scales as attribute until opset 8, as input in 9', () => {
  const attribute = { scales: [1, 1, 2, 0.5] }
  assert.equal(only({ opset: 7, inputs, nodes: [['y = Upsample(x)', attribute]] }), [
    'y = Resize(x)',
    { ...old, scales: [2, 0.5] },
  ])
  assert.equal(only({ opset: 9, inputs, nodes: [['y = Upsample(x, scales)', { mode: 'linear' }]], tensors })[1], {
    mode: 'linear',
    coordinates: 'asymmetric',
    scales: [2, 0.5],
  })
})

test('Resize: scales in opset 10, scales or sizes from 11, axes from 18', () => {
  const resize = (opset: number, call: string, attrs: Record<string, string | number[]> = {}) =>
    only({ opset, inputs, nodes: [[`y = Resize(${call})`, attrs]], tensors })[1]
  assert.equal(resize(10, 'x, scales'), { ...old, scales: [2, 0.5] })
  assert.equal(resize(11, 'x, none, scales'), { ...nearest, scales: [2, 0.5] })
  assert.equal(resize(11, 'x, none, none, sizes'), { ...nearest, sizes: [16, 4] })
  assert.equal(resize(13, 'x, , , sizes'), { ...nearest, sizes: [16, 4] })
  assert.equal(resize(18, 'x, , two', { axes: [3, 2] }), { ...nearest, scales: [2, 0.5] })
  assert.equal(resize(19, 'x, , , some', { axes: [-1, -2] }), { ...nearest, sizes: [16, 4] })
  assert.equal(resize(13, 'x, , scales', { coordinate_transformation_mode: 'align_corners', nearest_mode: 'ceil' }), {
    mode: 'nearest',
    coordinates: 'align_corners',
    rounding: 'ceil',
    scales: [2, 0.5],
  })
})

test('Resize: sizes made of the shape, as PyTorch writes them', () => {
  const nodes: Spec['nodes'] = [
    's = Shape(x)',
    ['f = Slice(s, zero, front)', {}],
    ['all = Concat(f, some)', { axis: 0 }],
    'y = Resize(x, , , all)',
  ]
  assert.equal(only({ inputs, nodes, tensors: { ...tensors, zero: ints(0), front: ints(2) } })[1], {
    ...nearest,
    sizes: [4, 16],
  })
})

test('Resize: sizes that follow the image are scales', () => {
  const make = (...pieces: string[]): Spec => ({
    inputs: { ...inputs, z: ['N', 3, 16, 24] },
    nodes: [
      'w = Add(z, z)',
      's = Shape(x)',
      't = Shape(w)',
      'f = Slice(s, zero, front)',
      'back = Slice(t, front, end)',
      ['hs = Gather(s, h)', { axis: 0 }],
      ['ws = Gather(s, w3)', { axis: 0 }],
      'twice = Mul(hs, double)',
      'thrice = Mul(ws, triple)',
      ['uh = Unsqueeze(twice, zero)', {}],
      ['uw = Unsqueeze(thrice, zero)', {}],
      [`all = Concat(f, ${pieces})`, { axis: 0 }],
      'y = Resize(x, , , all)',
    ],
    tensors: {
      ...tensors,
      ...{ zero: ints(0), front: ints(2), end: ints(4), double: scalar(2), triple: scalar(3) },
      ...{ h: scalar(2), w3: scalar(3), one: ints(5) },
    },
  })
  assert.equal(only(make('back'))[1], { ...nearest, scales: [2, 3] })
  assert.equal(only(make('uh', 'uw'))[1], { ...nearest, scales: [2, 3] })
  assert.equal(only(make('one', 'uw'))[1], { ...nearest, sizes: [5, 24] })
  assert.equal(only(make('some'))[1], { ...nearest, sizes: [4, 16] })
})

test('Resize: shapes are told past it', () => {
  for (const [call, wanted] of [
    ['x, , scales', [0, 3, 16, 4]],
    ['x, , , some', [0, 3, 4, 16]],
  ] as const) {
    const nodes: Spec['nodes'] = [
      [`v = Resize(${call})`, call.endsWith('some') ? { axes: [2, 3] } : {}],
      's = Shape(v)',
      'y = Reshape(v, s)',
    ]
    assert.equal(graphOf({ opset: 18, inputs, nodes, tensors }).nodes.at(-1)!.attrs.shape, wanted)
  }
})

test('Resize: what is not supported', () => {
  const refused = (attrs: Record<string, string | number>, message: RegExp, call = 'x, , scales') =>
    refuses(
      {
        opset: 19,
        inputs,
        nodes: [[`y = Resize(${call})`, attrs]],
        tensors: { ...tensors, all: floats([4], [2, 1, 2, 2]) },
      },
      message,
    )
  refused({ mode: 'cubic' }, /its mode is "cubic", supported are nearest, linear/)
  refused({ coordinate_transformation_mode: 'tf_crop_and_resize' }, /"tf_crop_and_resize", supported are half_pixel/)
  refused({ mode: 'linear', antialias: 1 }, /antialias=1/)
  refused({ exclude_outside: 1 }, /exclude_outside=1/)
  refused({ keep_aspect_ratio_policy: 'not_larger' }, /keep_aspect_ratio_policy is "not_larger"/)
  refused({}, /it resizes dimension 0, only height and width are supported/, 'x, , all')
  unsound({ inputs, nodes: ['r: y = Resize(x)'] }, /^Resize "r": it has no scales/)
  unsound({ inputs, nodes: ['r: y = Resize(x, , two)'], tensors }, /it has 2 scales for 4 dimensions/)
})

test.run()
