import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { brief, float, floats, graphOf, ints, model, only, refuses, tensorOf, unsound } from './build.js'

test('LeakyRelu, Elu, HardSigmoid: their figures, and the defaults', () => {
  assert.equal(only({ nodes: ['y = LeakyRelu(x)'] }), ['y = LeakyRelu(x)', { alpha: 0.01 }])
  assert.equal(only({ nodes: [['y = LeakyRelu(x)', { alpha: 0.25 }]] })[1], { alpha: 0.25 })
  assert.equal(only({ nodes: ['y = Elu(x)'] }), ['y = Elu(x)', { alpha: 1 }])
  assert.equal(only({ nodes: [['y = Elu(x)', { alpha: float(2) }]] })[1], { alpha: 2 })
  assert.equal(only({ nodes: ['y = HardSigmoid(x)'] }), ['y = HardSigmoid(x)', { alpha: 0.2, beta: 0.5 }])
  assert.equal(only({ nodes: [['y = HardSigmoid(x)', { alpha: 0.5, beta: 0.25 }]] })[1], { alpha: 0.5, beta: 0.25 })
  refuses({ nodes: [['y = Elu(x)', { alpha: float(Infinity) }]] }, /its alpha is Infinity/)
})

test('Gelu: exact or by tanh', () => {
  assert.equal(only({ opset: 20, nodes: ['y = Gelu(x)'] }), ['y = Gelu(x)', { tanh: false }])
  assert.equal(only({ opset: 20, nodes: [['y = Gelu(x)', { approximate: 'tanh' }]] })[1], { tanh: true })
  unsound({ opset: 20, nodes: [['g: y = Gelu(x)', { approximate: 'erf' }]] }, /^Gelu "g": approximate "erf" is unknown/)
})

test('Clip: attributes until opset 10, inputs from 11, either limit absent', () => {
  const attributes = (attrs: Record<string, ReturnType<typeof float>>) =>
    only({ opset: 10, nodes: [['y = Clip(x)', attrs]] })
  assert.equal(attributes({ min: float(0), max: float(6) }), ['y = Clip(x)', { min: 0, max: 6 }])
  assert.equal(attributes({ min: float(-1) })[1], { min: -1 })
  assert.equal(attributes({ max: float(6) })[1], { max: 6 })
  assert.equal(attributes({})[1], {})
  const tensors = {
    low: floats([], [0]),
    high: floats([1], [6]),
    half: { dims: [], dataType: 10, int32Data: [0x4600] },
  }
  const inputs = (call: string) => only({ opset: 11, nodes: [`y = ${call}`], tensors })
  assert.equal(inputs('Clip(x, low, high)'), ['y = Clip(x)', { min: 0, max: 6 }])
  assert.equal(inputs('Clip(x, , high)')[1], { max: 6 })
  assert.equal(inputs('Clip(x, low)')[1], { min: 0 })
  assert.equal(inputs('Clip(x, low, half)')[1], { min: 0, max: 6 })
})

test('Clip: the largest float and infinity are no limits', () => {
  const far = 3.4028234663852886e38
  assert.equal(only({ opset: 10, nodes: [['y = Clip(x)', { min: float(-far), max: float(far) }]] })[1], {})
  const tensors = { low: floats([], [-Infinity]), high: floats([], [Infinity]) }
  assert.equal(only({ nodes: ['y = Clip(x, low, high)'], tensors })[1], {})
  refuses({ nodes: ['y = Clip(x, high)'], tensors }, /its min is Infinity/)
})

test('Clip: computed limits are refused, lists of them are errors', () => {
  refuses({ inputs: { x: [1, 3], z: [1] }, nodes: ['y = Clip(x, z)'] }, /its min is computed by the network/)
  unsound({ nodes: ['c: y = Clip(x, l)'], tensors: { l: floats([2]) } }, /^Clip "c": its min should be one number/)
})

test('Cast of computed values: between floats nothing, to others refused', () => {
  for (const to of [1, 10, 11, 16]) assert.equal(only({ nodes: [['y = Cast(x)', { to }]] }), ['y = Identity(x)', {}])
  refuses({ nodes: [['y = Cast(x)', { to: 7 }]] }, /it casts computed values to I64, only floats/)
  refuses({ nodes: [['y = Cast(x)', { to: 8 }]] }, /to ONNX element type 8, only floats/)
})

test('operators of two inputs: computed and constant operands, the constant on either side', () => {
  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Pow']) {
    const two = { inputs: { x: [1, 3], z: [1, 3] }, nodes: [`y = ${op}(x, z)`] }
    assert.equal(only(two), [`y = ${op}(x, z)`, {}])
    const m = model({ inputs: { x: [1, 3] }, nodes: [`y = ${op}(b, x)`], tensors: { b: floats([3]) } })
    assert.equal(brief(m.graph!), [[`y = ${op}(b, x)`, {}]])
    assert.equal(tensorOf(m, 'b'), ['F32', [3], [0, 1, 2]])
    unsound({ nodes: [`o: y = ${op}(x)`] }, /: input 1 is missing/)
    unsound({ nodes: [`o: y = ${op}(x, x, x)`] }, /: it has 3 inputs, it takes 2/)
  }
  refuses({ inputs: { x: [1, 3] }, nodes: ['y = Add(x, b)'], tensors: { b: ints(1, 2, 3) } }, /of I64, only float/)
})

test('Pow: an exponent of integers becomes float', () => {
  const m = model({ inputs: { x: [1, 3] }, nodes: ['y = Pow(x, e)'], tensors: { e: { ...ints(2), dims: [] } } })
  assert.equal(brief(m.graph!), [['y = Pow(x, e)', {}]])
  assert.equal(tensorOf(m, 'e'), ['F32', [], [2]])
})

test('PRelu: the slope constant or computed', () => {
  const m = model({ nodes: ['y = PRelu(x, s)'], tensors: { s: floats([3, 1, 1]) } })
  assert.equal(brief(m.graph!), [['y = PRelu(x, s)', {}]])
  assert.equal(tensorOf(m, 's'), ['F32', [3, 1, 1], [0, 1, 2]])
  assert.equal(only({ inputs: { x: [1, 3], s: [1, 3] }, nodes: ['y = PRelu(x, s)'] })[0], 'y = PRelu(x, s)')
})

for (const [op, two] of [
  ['Sum', 'Add'],
  ['Max', 'Max'],
  ['Min', 'Min'],
] as const)
  test(`${op}: a chain of ${two}, under names of their own`, () => {
    const inputs = { x: [1, 3], z: [1, 3] }
    assert.equal(only({ inputs, nodes: [`y = ${op}(x)`] }), ['y = Identity(x)', {}])
    assert.equal(only({ inputs, nodes: [`y = ${op}(x, z)`] }), [`y = ${two}(x, z)`, {}])
    // One name of each kind is taken already.
    const nodes = ['n_1: y_1 = Tanh(x)', `n: y = ${op}(x, y_1, c, z)`]
    const graph = graphOf({ inputs, nodes, tensors: { c: floats([3]) } })
    assert.equal(
      graph.nodes.slice(1).map(n => [n.name, n.op, n.inputs, n.outputs]),
      [
        ['n_1_1', two, ['x', 'y_1'], ['y_1_1']],
        ['n_2', two, ['y_1_1', 'c'], ['y_2']],
        ['n', two, ['y_2', 'z'], ['y']],
      ],
    )
    unsound({ nodes: [`n: y = ${op}()`] }, /: it has no inputs/)
  })

test.run()
