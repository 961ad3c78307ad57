import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TINY, U } from '../bounds.js'
import { trainBuilds } from '../builds.js'
import { check, NONE, reads, updates } from '../check.js'
import { floats } from '../random.js'
import * as ref from '../ref/grad/optim.js'

const test = suite('optimizers')

const around = [1, 2, 3, 4, 5, 7, 8, 9, 13, 17]
const positive = (n: number, seed: number) => floats(n, seed).map(v => Math.fround(v * v))

/** So many roundings of the numbers that a result is the sum of. */
const sums =
  (count: number, ...parts: readonly ArrayLike<number>[]) =>
  (i: number) =>
    count * U * parts.reduce((sum, part) => sum + Math.abs(part[i]!), 0) + TINY

const penalties = [
  { decay: 0, l1: 0 },
  { decay: 0.05, l1: 0 },
  { decay: 0, l1: 0.02 },
  { decay: 0.05, l1: 0.02 },
]

/** Weights with zeros among them, whose sign is 0. */
const weights = (n: number) => floats(n, 1).map((v, i) => (i % 5 === 2 ? 0 : v))

test('sgd', () => {
  for (const n of around)
    for (const penalty of penalties)
      for (const { momentum = 0, dampening = 0, nesterov = false, first = false } of [
        {},
        { momentum: 0.9 },
        { momentum: 0.9, first: true },
        { momentum: 0.9, dampening: 0.3 },
        { momentum: 0.9, dampening: 0.3, first: true },
        { momentum: 0.8, nesterov: true },
        { momentum: 0.8, nesterov: true, first: true },
      ]) {
        const o = { lr: 0.1, momentum, dampening, nesterov, first, ...penalty }
        const [w, m, g] = [weights(n), floats(n, 2), floats(n, 3)] as const
        const next = ref.sgd(w, m, g, o)
        const kept = updates(m, next.m, sums(6, m, g, w))
        const label = `${n}, ${JSON.stringify(o)}`
        const constants = [o.lr, momentum, dampening, Number(nesterov), o.decay, o.l1, Number(first)]
        const moved = updates(w, next.w, sums(6, m, g, w))
        check('sgd', label, moved, momentum === 0 ? NONE : kept, reads(g), n, ...constants)
      }
})

test('adagrad', () => {
  for (const n of around)
    for (const penalty of penalties) {
      const o = { lr: 0.1, epsilon: 1e-10, ...penalty }
      const [w, sum, g] = [weights(n), positive(n, 2), floats(n, 3)] as const
      const next = ref.adagrad(w, sum, g, o)
      const state = updates(sum, next.sum, sums(10, next.sum, g))
      const moved = updates(w, next.w, i => 10 * U * (Math.abs(w[i]!) + o.lr / Math.abs(g[i]!)))
      check('adagrad', `${n}, ${JSON.stringify(o)}`, moved, state, reads(g), n, o.lr, o.epsilon, o.decay, o.l1)
    }
})

test('rmsprop', () => {
  for (const n of around)
    for (const penalty of penalties)
      for (const momentum of [0, 0.9]) {
        const o = { lr: 0.01, alpha: 0.99, epsilon: 1e-8, momentum, ...penalty }
        const [w, square, m, g] = [
          weights(n),
          positive(n, 2).map(v => Math.fround(v + 0.01)),
          floats(n, 4),
          floats(n, 3),
        ] as const
        const next = ref.rmsprop(w, square, m, g, o)
        const state = updates(square, next.square, sums(10, next.square, g))
        // Divided by at least √(0.99·0.01).
        const near = (i: number) => 12 * U * (Math.abs(m[i]!) + (Math.abs(g[i]!) + 0.1) / 0.0995)
        const moments = updates(m, next.m, near)
        const moved = updates(w, next.w, i => 2 * U * Math.abs(w[i]!) + o.lr * near(i))
        const constants = [o.lr, o.alpha, o.epsilon, momentum, o.decay, o.l1]
        check(
          'rmsprop',
          `${n}, ${JSON.stringify(o)}`,
          moved,
          state,
          momentum === 0 ? NONE : moments,
          reads(g),
          n,
          ...constants,
        )
      }
})

test('adam', () => {
  for (const n of around)
    for (const penalty of penalties)
      for (const decoupled of [false, true])
        for (const step of [1, 7]) {
          const o = { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decoupled, step, ...penalty }
          const [w, m, v, g] = [
            weights(n),
            floats(n, 4),
            positive(n, 2).map(v => Math.fround(v + 0.01)),
            floats(n, 3),
          ] as const
          const next = ref.adam(w, m, v, g, o)
          const corrections = [1 - o.beta1 ** step, 1 - o.beta2 ** step] as const
          const size = (i: number) =>
            (Math.abs(m[i]!) + Math.abs(g[i]!) + 0.1) / corrections[0] / Math.sqrt(next.v[i]! / corrections[1])
          const moved = updates(w, next.w, i => 4 * U * Math.abs(w[i]!) + 14 * U * o.lr * size(i))
          const first = updates(m, next.m, sums(6, m, g, w))
          const second = updates(v, next.v, sums(10, next.v, g))
          const constants = [o.lr, o.beta1, o.beta2, o.epsilon, ...corrections, o.decay, Number(decoupled), o.l1]
          check('adam', `${n}, ${JSON.stringify(o)}`, moved, first, second, reads(g), n, ...constants)
        }
})

test('scale', () => {
  for (const n of around) {
    const g = floats(n, 1)
    check(
      'scale',
      `${n}`,
      updates(
        g,
        g.map(v => v * Math.fround(0.3)),
        i => U * Math.abs(g[i]!),
      ),
      n,
      Math.fround(0.3),
    )
  }
})

test('sum_squares: a double, added to', () => {
  const floatsOf = (v: number) => new Float32Array(Float64Array.of(v).buffer)
  for (const n of [...around, 100_000])
    for (const { memory, kernels } of trainBuilds) {
      const g = Float32Array.from(floats(n, 1), v => v * 1e10)
      const at = 1 << 20
      new Float32Array(memory, at, n).set(g)
      new Float64Array(memory, at - 8, 1)[0] = 3
      kernels.sum_squares!(at - 8, at, n)
      const wanted = g.reduce((sum, v) => sum + v * v, 3)
      const got = new Float64Array(memory, at - 8, 1)[0]!
      assert.ok(Math.abs(got - wanted) <= 1e-13 * wanted, `${n}: ${got}, reference ${wanted}`)
    }
  // Small whole numbers are exact, also with the guards around them.
  for (const n of around) {
    const g = Float64Array.from({ length: n }, (_, i) => i - 3)
    const wanted = floatsOf(g.reduce((sum, v) => sum + v * v, 2))
    check('sum_squares', `${n}`, updates(floatsOf(2), wanted), reads(g), n)
  }
})

test.run()
