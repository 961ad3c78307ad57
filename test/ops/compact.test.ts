// Weights of 8 and 16 bits: to single precision, and the calls that do so for an operator.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { adapt } from '../../ts/compact.js'
import type { Call, Scope } from '../../ts/ops/op.js'
import { matrix, panels as panelsOf } from '../../ts/ops/panels.js'
import { at, check, reads, updates, writes } from '../check.js'
import { floats } from '../random.js'
import { widenBf16, widenF16 } from '../ref/pack.js'

const test = suite('compact weights')

/** Cells of 8 bits as the words of 16 that `check` has buffers of. */
const asWords = (cells: Int8Array) => new Uint16Array(cells.slice().buffer)

const spread = (scale: ArrayLike<number>, k: number) => (i: number) => scale[Math.floor(i / 8 / k) * 8 + (i % 8)]!

test('expand: every number of 8 bits', () => {
  for (const count of [1, 2, 3])
    for (const k of [1, 2, 5, 32]) {
      const cells = Int8Array.from({ length: count * k * 8 }, (_, i) => i * 37 + 128)
      const scale = floats(count * 8, k)
      const of = spread(scale, k)
      const expected = Float64Array.from(cells, (q, i) => Math.fround(q * of(i)))
      check('expand', `${count} × ${k}`, writes(expected), reads(asWords(cells)), reads(scale), count, k, 4, 0)
    }
  const all = Int8Array.from({ length: 256 }, (_, i) => i - 128)
  const expected = Float64Array.from(all)
  check('expand', 'all', writes(expected), reads(asWords(all)), reads(new Float64Array(8).fill(1)), 1, 32, 4, 0)
})

const halves = [
  ['half precision', widenF16, 0],
  ['bfloat16', widenBf16, 1],
] as const

for (const [type, reference, brain] of halves)
  test(`expand: every number of ${type}`, () => {
    const every = Uint16Array.from({ length: 65536 }, (_, i) => i)
    const expected = Float64Array.from(every, reference)
    check('expand', 'all', writes(expected), reads(every), reads(new Float64Array(8).fill(1)), 1, 8192, 8, brain)
    for (const count of [1, 2, 3])
      for (const k of [1, 3, 8]) {
        const cells = Uint16Array.from(floats(count * k * 8, k), v => 0x3800 + Math.abs(v) * 1000)
        const scale = floats(count * 8, k)
        const of = spread(scale, k)
        const scaled = Float64Array.from(cells, (bits, i) => Math.fround(reference(bits) * of(i)))
        check('expand', `${count} × ${k}`, writes(scaled), reads(cells), reads(scale), count, k, 8, brain)
      }
  })

for (const [type, reference, brain] of halves)
  test(`expand, ${type}: in place, where the numbers end with their floats or up to 7 numbers earlier`, () => {
    const ones = reads(new Float64Array(8).fill(1))
    for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 41]) {
      const k = Math.ceil(n / 8)
      const x = Uint16Array.from(floats(n, n), v => Math.abs(v) * 30000)
      const halves = new Uint16Array(k * 16)
      halves.set(x, n)
      const expected = Array.from({ length: k * 8 }, (_, i) => (i < n ? reference(x[i]!) : 0))
      const place = updates(new Float32Array(halves.buffer), expected, i => (i < n ? 0 : Number.POSITIVE_INFINITY))
      check('expand', `n ${n}`, place, at(place, n * 2), ones, 1, k, 8, brain)
    }
  })

/** The calls that an operator on weights w [oc][k] makes, with addresses from 1000 on for whatever it asks for. */
const callsOf = (oc: number, k: number, dtype: 'I8' | 'F16', make: (w: number) => Call): Call[] => {
  const calls: Call[] = []
  const tensors = new Map([
    ['w', { dtype, shape: [oc, k], begin: 0, end: 0 }],
    ['w_scale', { dtype: 'F32' as const, shape: [oc, 1], begin: 0, end: 0 }],
  ])
  let free = 1000
  const take = (floats: number) => (free += floats * 4) - floats * 4
  const scope = {
    node: { op: 'Gemm', name: 'g', inputs: ['x', 'w'], outputs: ['y'], attrs: {} },
    fast: false,
    reserve: take,
    scratch: take,
    packed: (_: number, floats: number) => take(floats),
    call: (...call: Call) => calls.push(call),
  } as unknown as Scope
  const run = (scope: Scope) => scope.call(...make(panelsOf(scope, oc, 1, k, 1)))
  adapt(tensors, { Gemm: { run } }).Gemm!.run(scope)
  return calls
}

test('an operator is called for as many output channels as are expanded together', () => {
  const node = { op: 'Gemm', name: 'g', inputs: ['x', 'w'], outputs: ['y'], attrs: {} }
  for (const rows of [1, 4]) {
    const calls = callsOf(100, 4096, 'I8', w => matrix(8, 16, 24, w, 32, rows, 4096, 100, node))
    const kernel = rows === 1 ? 'gemv' : 'conv_direct'
    assert.equal(
      calls.map(([name]) => name),
      Array(4).fill(['expand', kernel]).flat(),
    )
    const [scales, cells] = [1000, 1000 + 104 * 4]
    const room = cells + 104 * 4096
    for (const [i, [, to, from, scale, count, k, bytes, brain]] of calls
      .filter(([name]) => name === 'expand')
      .entries())
      assert.equal(
        [to, from, scale, count, k, bytes, brain],
        [room, cells + i * 32 * 4096, scales + i * 128, i < 3 ? 4 : 1, 4096, 4, 0],
        `${i}`,
      )
    const parts = calls.filter(([name]) => name === kernel)
    for (const [i, [, y, res, x, w, bias]] of parts.entries())
      assert.equal([y, res, x, w, bias], [8 + i * 128, 16 + i * 128, 24, room, 32 + i * 128])
    assert.equal(
      parts.map(call => call[rows === 1 ? 7 : 9]),
      [32, 32, 32, 4],
    )
    // No residual, no bias: none for any part.
    for (const [, , res, , , bias] of callsOf(100, 4096, 'F16', w =>
      matrix(8, 0, 24, w, 0, rows, 4096, 100, node),
    ).filter(([name]) => name === kernel))
      assert.equal([res, bias], [0, 0])
  }
})

test('a kernel that nobody knows gets all weights at once', () => {
  const calls = callsOf(100, 4096, 'F16', w => ['conv_by_magic', 8, 0, 24, w, 32, 100])
  assert.equal(
    calls.map(([name]) => name),
    ['expand', 'conv_by_magic'],
  )
  const [[, room, , , count], [, y, , , w]] = calls as [Call, Call]
  assert.equal([count, y, w], [13, 8, room])
})

test.run()
