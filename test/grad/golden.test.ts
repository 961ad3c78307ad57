// The kernels against PyTorch; test/golden/README.md tells how its numbers were made.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { trainBuilds } from '../builds.js'
import { check, NONE, reads, updates, writes } from '../check.js'

const test = suite('gradients: PyTorch')

const golden = (name: string) => JSON.parse(readFileSync(`test/golden/${name}.json`, 'utf8'))

type Numbers = number[]

/** 1e-5 of each number, and 1e-6 of the largest. */
const near = (values: Numbers) => {
  const most = Math.max(...values.map(Math.abs))
  return (i: number) => 1e-5 * Math.abs(values[i]!) + 1e-6 * most
}
const out = (values: Numbers) => writes(values, near(values))
const into = (values: Numbers, expected: Numbers) => updates(values, expected, near(expected))

interface Options {
  readonly [name: string]: number | boolean
}

interface Trajectory {
  readonly optimizer: 'sgd' | 'adagrad' | 'rmsprop' | 'adam'
  readonly options: Options
  readonly weights: Numbers[]
}

/** The kernel's constants in step t (from 1). */
const constants: Record<Trajectory['optimizer'], (o: Options, t: number) => readonly (number | boolean | undefined)[]> =
  {
    sgd: (o, t) => [o.lr, o.momentum, o.dampening, o.nesterov, o.decay, o.l1, t === 1],
    adagrad: o => [o.lr, o.epsilon, o.decay, o.l1],
    rmsprop: o => [o.lr, o.alpha, o.epsilon, o.momentum, o.decay, o.l1],
    adam: (o, t) => {
      const corrections = [o.beta1, o.beta2].map(beta => 1 - Number(beta) ** t)
      return [o.lr, o.beta1, o.beta2, o.epsilon, ...corrections, o.decay, o.decoupled, o.l1]
    },
  }

/** How many ranges of state each has. */
const states = { sgd: 1, adagrad: 1, rmsprop: 2, adam: 2 }

const optimizers = golden('optimizers')

for (const name of ['sgd', 'adagrad', 'rmsprop', 'adam'] as const)
  test(`${name}: ten steps`, () => {
    const cases = optimizers.cases.filter((c: Trajectory) => c.optimizer === name)
    assert.ok(cases.length >= 8)
    for (const { options, weights } of cases)
      for (const { memory, kernels, name: build } of trainBuilds) {
        const at = (k: number) => 65536 + 64 * k
        const range = (k: number) => new Float32Array(memory, at(k), 9)
        for (const k of [0, 1, 2, 3]) range(k).fill(0)
        range(0).set(optimizers.weights)
        const state = Array.from({ length: states[name] }, (_, k) => at(k + 1))
        let kept = 0
        optimizers.gradients.forEach((g: Numbers, i: number) => {
          range(3).set(g)
          kernels[name]!(at(0), ...state, at(3), 9, ...constants[name](options, i + 1).map(Number))
          if (!optimizers.steps.includes(i + 1)) return
          for (const [j, wanted] of weights[kept++]!.entries()) {
            const off = Math.abs(range(0)[j]! - wanted)
            const label = `${build}, ${JSON.stringify(options)}, step ${i + 1}, weight ${j}`
            // The weight that starts at 0 moves by about the learning rate.
            assert.ok(off <= 1e-5 * Math.max(Math.abs(wanted), 0.01), `${label}: ${range(0)[j]}, PyTorch ${wanted}`)
          }
        })
        assert.is(kept, weights.length)
      }
  })

const gradients = golden('gradients')

test('cross_entropy', () => {
  for (const { labels, weights, smoothing, scale, logits, loss, gradient } of gradients.entropy) {
    const label = `labels ${labels}, smoothing ${smoothing}, weights ${weights !== null}`
    const rest = [reads(logits), reads(labels), weights === null ? NONE : reads(weights), 5, 7, smoothing]
    check('cross_entropy', label, out(loss), ...rest)
    check('cross_entropy_grad', label, out(gradient), ...rest, scale)
  }
})

test('mse', () => {
  for (const { y, target, scale, loss, gradient } of gradients.mse) {
    check('mse', '', out(loss), reads(y), reads(target), 3, 5)
    check('mse_grad', '', out(gradient), reads(y), reads(target), 3, 5, scale)
  }
})

test('batch normalisation: running statistics, map and gradients', () => {
  const epsilon = 1e-5
  for (const { c, momentum, training, x, scale, shift, dy, before, after, y, dx, dscale, dshift } of gradients.norm) {
    const pixels = x.length / c
    const label = `${c} channels, training ${training}`
    // What one kernel gives the next, from the plain build; `check` fills the memory anew.
    const { memory, kernels } = trainBuilds[0]!
    const put = (k: number, values: Numbers) => {
      new Float32Array(memory, 65536 + 8192 * k, values.length).set(values)
      return 65536 + 8192 * k
    }
    const take = (at: number): Numbers => [...new Float32Array(memory, at, 2 * c)]
    const [map, above] = [put(0, x), put(1, dy)] as const
    const [stats, sums] = [put(2, []), put(3, [])] as const
    if (training) kernels.batch_stats!(stats, NONE, NONE, map, pixels, c, epsilon, momentum)
    else kernels.running_stats!(stats, put(4, before.mean), put(5, before.variance), c, epsilon)
    kernels.batch_norm_sums!(sums, NONE, NONE, above, map, stats, pixels, c)
    const [s, t] = [take(stats), take(sums)] as const
    if (training) {
      const running = [into(before.mean, after.mean), into(before.variance, after.variance)]
      check('batch_stats', label, out(s), ...running, reads(x), pixels, c, epsilon, momentum)
    }
    const limits = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    check('batch_norm', label, out(y), reads(x), reads(s), reads(scale), reads(shift), pixels, c, ...limits)
    const zeros: Numbers = new Array(c).fill(0)
    const parameters = [into(zeros, dscale), into(zeros, dshift)]
    check(
      'batch_norm_sums',
      label,
      out([...dshift, ...dscale]),
      ...parameters,
      reads(dy),
      reads(x),
      reads(s),
      pixels,
      c,
    )
    const given = [reads(s), training ? reads(t) : NONE, reads(scale), pixels, c]
    check('batch_norm_grad', label, out(dx), reads(dy), training ? reads(x) : NONE, ...given)
  }
})

test('pools', () => {
  for (const { shape, out: size, kernel: k, stride: s, pad: p, x, dy, max, counted, alone } of gradients.pool) {
    const label = `kernel ${k}, stride ${s}, pad ${p}`
    const dims = [...shape, ...size, k, k, s, s, p, p, 1, 1]
    check('max_pool_grad', label, out(max), reads(dy), reads(x), ...dims)
    check('avg_pool_grad', label, out(alone), reads(dy), ...dims, 0, 0, 0, 0)
    check('avg_pool_grad', `${label}, padding counted`, out(counted), reads(dy), ...dims, p, p, p, p)
  }
})

test('activations, at their kinks too', () => {
  for (const { kernel, constants, saved, dy, dx } of gradients.activation) {
    const values = constants.map((v: number | null) => v ?? Number.POSITIVE_INFINITY)
    check(kernel, `constants ${values}`, out(dx), reads(dy), reads(saved), dy.length, ...values)
  }
})

test('lrn and prelu', () => {
  for (const { c, constants, x, dy, dx } of gradients.lrn)
    check('lrn_grad', `${constants}`, out(dx), reads(dy), reads(x), x.length / c, c, ...constants)
  for (const { c, x, dy, slope, dx, dslope } of gradients.prelu) {
    const sums = into(new Array(c).fill(0), dslope)
    check('prelu_grad', `${c} slopes`, out(dx), sums, reads(dy), reads(x), reads(slope), x.length / c, c)
  }
})

test.run()
