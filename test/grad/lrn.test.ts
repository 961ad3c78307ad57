import { suite } from 'uvu'
import { TINY, U } from '../bounds.js'
import { check, reads, writes } from '../check.js'
import { floats } from '../random.js'
import { lrnGrad, lrnGradSizes } from '../ref/grad/lrn.js'
import { lrn } from '../ref/norm.js'
import { size, type Tensor, toNhwc } from '../ref/tensor.js'
import { confirm } from './differences.js'

const test = suite('gradients: local response normalisation')

const filled = (shape: readonly number[], seed = 1): Tensor => ({ shape, data: floats(size(shape), seed) })

const responses = (x: Tensor, length: number, alpha: number, beta: number, bias: number) => {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number]
  const constants = [alpha, beta, bias].map(Math.fround) as [number, number, number]
  const [a, b] = constants
  const dy = filled(x.shape, 2)
  const dx = toNhwc(lrnGrad(dy, x, length, ...constants)).data
  const sizes = toNhwc(lrnGradSizes(dy, x, length, ...constants)).data
  // b is a sum of positive numbers: relative errors, taken to the power of β + 1; then the sum over the windows.
  const relative = ((length + 6) * (2 + Math.abs(b)) + length + 6) * U
  const label = `${x.shape}, size ${length}, alpha ${a}, beta ${b}, bias ${constants[2]}`
  const out = writes(dx, i => relative * sizes[i]! + TINY)
  check('lrn_grad', label, out, reads(toNhwc(dy).data), reads(toNhwc(x).data), n * h * w, c, length, ...constants)
}

test('channels and sizes', () => {
  for (const c of [1, 2, 3, 4, 5, 7, 8, 9, 13, 17])
    for (const length of [1, 2, 3, 4, 5, 7, 20]) responses(filled([2, c, 2, 3], c), length, 0.5, 0.75, 1)
})

test('one pixel', () => {
  for (const c of [1, 4, 5, 13])
    for (const length of [1, 2, 5, 8]) responses(filled([1, c, 1, 1], c), length, 0.5, 0.75, 1)
})

test('alpha, beta, bias', () => {
  for (const alpha of [1e-4, 2, 0])
    for (const beta of [0.75, 0.5, 1, 0.3, 0, 2.5])
      for (const bias of [1, 2, 0.1]) responses(filled([1, 9, 2, 2], 7), 5, alpha, beta, bias)
})

test('the twin, by differences', () => {
  for (const length of [1, 2, 3, 4, 5])
    for (const [alpha, beta, bias] of [
      [0.5, 0.75, 1],
      [2, 1.3, 0.5],
    ] as const) {
      const [x, dy] = [filled([2, 7, 1, 2], 3), filled([2, 7, 1, 2], 4)]
      const f = (x: Tensor) => lrn(x, length, alpha, beta, bias)
      confirm(`size ${length}`, lrnGrad(dy, x, length, alpha, beta, bias), f, x, dy)
    }
})

test.run()
