// Small graphs by chance: chains and branches of every operator, checked against the reference interpreter.
import fc from 'fast-check'
import { suite } from 'uvu'
import type { Attr, Node, Shape } from '../../ts/types.js'
import { agree, filled, type Net, node, weight } from '../graphs.js'
import { sliding } from '../ref/pool.js'
import { size, type Tensor } from '../ref/tensor.js'
import { positive } from './maps.js'

const test = suite('random graphs')

/** What chance decides for one node; which number decides what is the node's business. */
interface Draw {
  readonly op: number
  readonly of: number
  readonly and: number
  readonly a: number
  readonly b: number
  readonly flag: boolean
}

interface Value {
  readonly name: string
  /** For one image, without the batch. */
  readonly shape: Shape
}

interface Growing {
  readonly values: Value[]
  readonly nodes: Node[]
  readonly weights: Record<string, Tensor>
}

type Made = readonly [op: string, inputs: readonly string[], shape: Shape, attrs?: Record<string, Attr>]

const tensor = ({ weights }: Growing, value: Tensor): string => {
  const name = `w${Object.keys(weights).length}`
  weights[name] = value
  return name
}

const conv = (net: Growing, x: Value, { a, b, flag }: Draw): Made | undefined => {
  const [c, h, w] = x.shape as readonly [number, number, number]
  const same = a % 2 === 0
  const kernel = [1 + (a % 3), 1 + (same ? a % 3 : b % 3)] as const
  // Every other one keeps the map's size, so that residual additions come about.
  const pad = kernel[0] === 3 ? 1 : 0
  const attrs = {
    kernel,
    pad: [pad, kernel[1] === 3 ? 1 : 0, pad, kernel[1] === 3 ? 1 : 0] as const,
    stride: same ? ([1, 1] as const) : ([1 + (b % 2), 1 + (a % 2)] as const),
    dilation: [1, 1] as const,
    groups: flag && b % 3 === 0 ? c : 1,
  }
  const { out } = sliding(h, w, attrs)
  if (out[0] < 1 || out[1] < 1) return undefined
  const outputs = attrs.groups === c ? c : same ? c : 1 + (b % 9)
  const wt = tensor(net, weight([outputs, c / attrs.groups, ...kernel], a + b))
  const bias = b % 2 ? [tensor(net, filled([outputs], b))] : []
  return ['Conv', [x.name, wt, ...bias], [outputs, ...out], attrs]
}

/** A map that grows. */
const transposed = (net: Growing, x: Value, { a, b, flag }: Draw): Made => {
  const [c, h, w] = x.shape as readonly [number, number, number]
  const groups = flag && b % 3 === 0 ? c : 1
  const [kernel, stride] = [[1 + (a % 3), 1 + (b % 4)] as const, [1 + (b % 2), 1 + (a % 3)] as const]
  const outputPad = [a % 2, b % 2] as const
  const each = 1 + (b % 9)
  const out = [h, w].map((d, i) => stride[i]! * (d - 1) + kernel[i]! + outputPad[i]!)
  const attrs = { kernel, stride, outputPad, groups, pad: [0, 0, 0, 0], dilation: [1, 1] }
  return ['ConvTranspose', [x.name, tensor(net, weight([c, each, ...kernel], a + b))], [each * groups, ...out], attrs]
}

const pool = (x: Value, { a, b, flag }: Draw): Made => {
  const [c, h, w] = x.shape as readonly [number, number, number]
  const kernel = [Math.min(h, 1 + (a % 3)), Math.min(w, 1 + (b % 3))] as const
  const pad = [0, 0, kernel[0] > 1 ? a % 2 : 0, kernel[1] > 1 ? b % 2 : 0] as const
  const attrs = { kernel, pad, stride: [1 + (b % 2), 1 + (b % 2)] as const, ceil: false, includePad: b % 5 === 0 }
  return [flag ? 'MaxPool' : 'AveragePool', [x.name], [c, ...sliding(h, w, attrs).out], attrs]
}

/** x and another computed value of its shape, or a tensor that broadcasts to it. */
const addition = (net: Growing, x: Value, { and, flag, a, b }: Draw): Made => {
  const alike = net.values.filter(value => `${value.shape}` === `${x.shape}`)
  const constant = b % 3 === 0
  const shape = x.shape.map((d, i) => (i > 0 && b % 2 === 0 ? 1 : d))
  const other = constant ? tensor(net, filled(shape, b)) : alike[and % alike.length]!.name
  const op = ['Add', 'Add', 'Sub', 'Mul', 'Max', 'Min', 'PRelu'][a % 7]!
  if (op === 'PRelu') return [op, [x.name, other], x.shape]
  return [op, flag ? [x.name, other] : [other, x.name], x.shape]
}

const gemm = (net: Growing, x: Value, { a, b }: Draw): Made => {
  const outputs = a % 2 ? x.shape.at(-1)! : 1 + (b % 10)
  const bias = b % 2 ? [tensor(net, filled([outputs], b))] : []
  const inputs = [x.name, tensor(net, weight([outputs, x.shape.at(-1)!], a)), ...bias]
  return ['Gemm', inputs, [...x.shape.slice(0, -1), outputs]]
}

const padding = (x: Value, { a, b, flag }: Draw): Made => {
  const sides = x.shape.map((_, i) => (i === 0 && flag ? 0 : ([a % 2, b % 3] as const)))
  const [begins, ends] = [0, 1].map(k => sides.map(side => (side === 0 ? 0 : side[k]!))) as [number[], number[]]
  const shape = x.shape.map((d, i) => d + begins[i]! + ends[i]!)
  return ['Pad', [x.name], shape, { pads: [0, ...begins, 0, ...ends], value: b % 4 === 0 ? 0.5 : 0 }]
}

const turned = (x: Value, { a }: Draw): Made => {
  const [c, h, w] = x.shape as readonly [number, number, number]
  const shape = [
    [w, h, c],
    [c, w, h],
    [h, c, w],
    [c, h * w],
  ][a % 4]!
  return ['Reshape', [x.name], shape, { shape: [0, ...shape] }]
}

/** Two values that differ along one axis at most, or one twice. */
const concat = (net: Growing, x: Value, { and, a, flag }: Draw): Made => {
  const axis = a % x.shape.length
  const fits = net.values.filter(
    ({ shape }) => shape.length === x.shape.length && shape.every((d, i) => i === axis || d === x.shape[i]),
  )
  const other = fits[and % fits.length]!
  const shape = x.shape.map((d, i) => (i === axis ? d + other.shape[i]! : d))
  return ['Concat', flag ? [x.name, other.name] : [other.name, x.name], shape, { axis: axis + 1 }]
}

const transpose = (x: Value, { a, b }: Draw): Made => {
  const left = [...x.shape.keys()]
  const perm = x.shape.map((_, i) => left.splice((i % 2 ? a : b) % left.length, 1)[0]!)
  return ['Transpose', [x.name], perm.map(i => x.shape[i]!), { perm: [0, ...perm.map(i => i + 1)] }]
}

const slice = (x: Value, { a, b, and, flag }: Draw): Made => {
  const axis = a % x.shape.length
  const d = x.shape[axis]!
  const [start, step] = [b % d, 1 + (and % 2)]
  const [end, by] = flag ? [d, step] : [-(2 ** 31), -step]
  const length = Math.ceil((flag ? d - start : start + 1) / step)
  const attrs = { starts: [start], ends: [end], axes: [axis + 1], steps: [by] }
  return ['Slice', [x.name], x.shape.map((n, i) => (i === axis ? length : n)), attrs]
}

const reduction = (x: Value, { a, b, flag }: Draw): Made => {
  const axes = [...x.shape.keys()].filter(i => (a + b * i) % 2 === 0)
  const gone = axes.length ? axes : [0]
  const keepDims = flag || gone.length === x.shape.length
  const kept = x.shape.map((d, i) => (gone.includes(i) ? 1 : d))
  const shape = keepDims ? kept : kept.filter((_, i) => !gone.includes(i))
  const op = ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2'][a % 4]!
  return [op, [x.name], shape, { axes: gone.map(i => i + 1), keepDims }]
}

const norm = (net: Growing, x: Value, { a }: Draw): Made => {
  const c = x.shape[0]!
  const vectors = [1, 2, 3].map(seed => tensor(net, filled([c], seed + a)))
  const variance = tensor(net, positive(filled([c], a)))
  return ['BatchNormalization', [x.name, ...vectors, variance], x.shape, { epsilon: 0.125 }]
}

const curves: readonly (readonly [op: string, attrs?: Record<string, Attr>])[] = [
  ['Tanh'],
  ['Sigmoid'],
  ['Identity'],
  ['Dropout'],
  ['Abs'],
  ['Neg'],
  ['HardSwish'],
  ['Gelu', { tanh: false }],
  ['Elu', { alpha: 0.5 }],
  ['LeakyRelu', { alpha: 0.125 }],
  ['Clip', { min: -0.5, max: 0.5 }],
  ['Clip', { max: 0.25 }],
]

const unary = (op: string, x: Value): Made => [op, [x.name], x.shape]

const curve = (x: Value, { a }: Draw): Made => {
  const [op, attrs = {}] = curves[a % curves.length]!
  return [op, [x.name], x.shape, attrs]
}

const make = (net: Growing, x: Value, draw: Draw): Made | undefined => {
  const map = x.shape.length === 3
  const flat: Made = ['Flatten', [x.name], [size(x.shape)], { axis: 1 }]
  const any: (() => Made | undefined)[] = [
    () => unary('Relu', x),
    () => unary('Relu', x),
    () => curve(x, draw),
    () => curve(x, draw),
    () => addition(net, x, draw),
    () => addition(net, x, draw),
    () => ['Softmax', [x.name], x.shape, { axis: 1 + (draw.a % x.shape.length) }],
    () => padding(x, draw),
    () => concat(net, x, draw),
    () => transpose(x, draw),
    () => slice(x, draw),
    () => reduction(x, draw),
    () => norm(net, x, draw),
  ]
  const maps = [
    () => conv(net, x, draw),
    () => conv(net, x, draw),
    () => conv(net, x, draw),
    () => transposed(net, x, draw),
    () => pool(x, draw),
    () => turned(x, draw),
    (): Made => {
      const op = ['GlobalAveragePool', 'GlobalMaxPool'][draw.b % 2]!
      return draw.a % 2 ? flat : [op, [x.name], [x.shape[0]!, 1, 1]]
    },
  ]
  const kinds = [
    ...any,
    ...(map ? maps : [() => gemm(net, x, draw), () => (x.shape.length > 1 ? flat : gemm(net, x, draw))]),
  ]
  return kinds[draw.op % kinds.length]!()
}

const build = (shape: Shape, draws: readonly Draw[], outputs: readonly number[]): Net => {
  const net: Growing = { values: [{ name: 'x', shape }], nodes: [], weights: {} }
  for (const draw of draws) {
    // Mostly the latest value, so that chains grow.
    const x = net.values[draw.of % 3 ? net.values.length - 1 : draw.of % net.values.length]!
    const made = make(net, x, draw)
    if (made === undefined || size(made[2]) > 2000) continue
    const name = `v${net.nodes.length}`
    net.nodes.push(node(made[0], made[1], name, made[3]))
    net.values.push({ name, shape: made[2] })
  }
  if (net.nodes.length === 0) net.nodes.push(node('Identity', ['x'], 'v0'))
  const names = outputs.map(i => `v${(net.nodes.length - 1 + i) % net.nodes.length}`)
  return { inputs: { x: shape }, outputs: [...new Set(names)], nodes: net.nodes, weights: net.weights }
}

const draw = fc.record({
  op: fc.nat(99),
  of: fc.nat(99),
  and: fc.nat(99),
  a: fc.nat(99),
  b: fc.nat(99),
  flag: fc.boolean(),
})
const dimension = fc.integer({ min: 1, max: 9 })

const cases = fc.record({
  shape: fc.oneof(
    { weight: 4, arbitrary: fc.tuple(dimension, dimension, dimension) },
    { weight: 1, arbitrary: fc.tuple(dimension) },
  ),
  draws: fc.array(draw, { minLength: 1, maxLength: 12, size: 'max' }),
  outputs: fc.array(fc.nat(20), { maxLength: 2 }).map(more => [0, ...more]),
  batch: fc.integer({ min: 1, max: 4 }),
  fewer: fc.nat(3),
})

test('agree with the references', async () => {
  await fc.assert(
    fc.asyncProperty(cases, ({ shape, draws, outputs, batch, fewer }) =>
      agree(build(shape, draws, outputs), { batch, images: [batch, 1 + (fewer % batch), batch] }),
    ),
    { seed: 6, numRuns: Number(process.env.CONVLET_RUNS ?? 400) },
  )
})

test('agree with the references where the weights are stored in fewer bits', async () => {
  const storages = fc.record({
    storage: fc.constantFrom('int8', 'f16', 'bf16'),
    memory: fc.constantFrom('small', 'small', 'fast'),
  })
  await fc.assert(
    fc.asyncProperty(cases, storages, ({ shape, draws, outputs, batch, fewer }, how) =>
      agree(build(shape, draws, outputs), { batch, images: [batch, 1 + (fewer % batch), batch], ...how }),
    ),
    { seed: 8, numRuns: Number(process.env.CONVLET_RUNS ?? 200) },
  )
})

test.run()
