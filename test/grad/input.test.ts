// The gradient of a convolution by its input is forward kernels with flipped panels: how, and that it is.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { gamma } from '../bounds.js'
import { type KernelBuild, trainBuilds } from '../builds.js'
import { filled } from '../graphs.js'
import { conv } from '../ref/conv.js'
import { convGradInput } from '../ref/grad/conv.js'
import { pad as padded } from '../ref/layout.js'
import { panels } from '../ref/pack.js'
import { abs, size, type Tensor, toNhwc } from '../ref/tensor.js'

const test = suite('gradients: convolution by its input')

const base = {
  n: 2,
  channels: 3,
  outputs: 5,
  image: [7, 9] as readonly [number, number],
  kernel: [3, 3] as readonly [number, number],
  stride: [1, 1] as readonly [number, number],
  dilation: [1, 1] as readonly [number, number],
  pad: [1, 1] as readonly [number, number],
  groups: 1,
}
type Case = typeof base

/** A case's tensors, the gradient that they have, and Σ|dy||w|. */
const caseOf = (changes: Partial<Case>) => {
  const c: Case = { ...base, ...changes }
  const { groups, pad } = c
  const window = { stride: c.stride, dilation: c.dilation, groups, pad: [...pad, ...pad] as const }
  const shape = [c.n, c.channels * groups, ...c.image]
  const w = filled([c.outputs * groups, c.channels, ...c.kernel], 1)
  const dy = filled(conv(filled(shape, 2), w, undefined, window).shape, 3)
  const sizes = toNhwc(convGradInput(abs(dy), abs(w), shape, window)).data
  return { ...c, shape, w, dy, dx: toNhwc(convGradInput(dy, w, shape, window)).data, sizes }
}

/** Memory of a build, in floats; `put` gives the address of numbers, `room` of nothing yet. */
const memoryOf = ({ memory }: KernelBuild) => {
  let free = 65536
  const room = (floats: number) => {
    const at = free
    free += Math.ceil(floats / 4) * 16 + 64
    new Float32Array(memory, at, floats).fill(Number.NaN)
    return at
  }
  const put = (numbers: ArrayLike<number>) => {
    const at = room(numbers.length)
    new Float32Array(memory, at, numbers.length).set(numbers)
    return at
  }
  return { room, put, read: (at: number, floats: number) => new Float32Array(memory, at, floats) }
}

/** Calls kernels of a build with as many arguments as they have: one too few would be taken for 0. */
const caller =
  ({ kernels }: KernelBuild) =>
  (name: string, ...args: readonly number[]) => {
    assert.is(args.length, kernels[name]!.length, name)
    kernels[name]!(...args)
  }

/** Group g of weights O×C×KH×KW as panels. */
const groupOf = (w: Tensor, groups: number, g: number): number[] => {
  const [outputs, channels, kh, kw] = w.shape as [number, number, number, number]
  const count = size(w.shape) / groups
  return panels({ shape: [outputs / groups, channels, kh * kw], data: w.data.subarray(count * g, count * (g + 1)) }, 0)
}

const agree = (label: string, got: Float32Array, { dx, sizes, outputs, kernel }: ReturnType<typeof caseOf>) => {
  const k = outputs * kernel[0] * kernel[1]
  for (const [i, v] of dx.entries())
    assert.ok(Math.abs(got[i]! - v) <= gamma(k + 3) * sizes[i]!, `${label}: element ${i} is ${got[i]}, reference ${v}`)
}

const FREE = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]

/** Any convolution, group by group: dy with zeros around it, phase_panels, conv_transposed. */
const byPhases = (changes: Partial<Case>) => {
  const c = caseOf(changes)
  const { n, channels, outputs, groups, kernel, stride, dilation, pad, image } = c
  const out = c.dy.shape.slice(2)
  const reach = [0, 1].map(i => dilation[i]! * (kernel[i]! - 1))
  const before = [0, 1].map(i => Math.max(Math.floor((reach[i]! - pad[i]!) / stride[i]!), 0))
  const after = [0, 1].map(i => Math.max(Math.floor((image[i]! - 1 + pad[i]!) / stride[i]!) + 1 - out[i]!, 0))
  // The zeros before count as padding.
  const offset = [0, 1].map(i => pad[i]! + before[i]! * stride[i]!)
  const dy = toNhwc(padded(c.dy, [0, 0, ...before, 0, 0, ...after] as never))
  for (const build of trainBuilds) {
    const { put, room, read } = memoryOf(build)
    const call = caller(build)
    const from = put(dy.data)
    const dx = room(c.dx.length)
    for (let g = 0; g < groups; g++) {
      const w = put(groupOf(c.w, groups, g))
      const flipped = room(Math.ceil(channels / 8) * 8 * kernel[0] * kernel[1] * outputs)
      call('phase_panels', flipped, w, outputs, ...kernel, channels, ...stride, ...offset, ...dilation)
      call(
        'conv_transposed',
        ...[dx + g * channels * 4, 0, from + g * outputs * 4, flipped, 0],
        ...[n, dy.shape[1]!, dy.shape[2]!, outputs * groups, outputs, ...image, channels, channels * groups],
        ...[...kernel, ...stride, ...offset, ...dilation, ...FREE],
      )
    }
    agree(`${build.name}, ${JSON.stringify(changes)}`, read(dx, c.dx.length), c)
  }
}

test('conv_transposed: strides, dilations, windows', () => {
  for (const stride of [
    [1, 1],
    [2, 2],
    [3, 2],
  ] as const)
    for (const dilation of [
      [1, 1],
      [2, 1],
      [2, 3],
    ] as const)
      for (const kernel of [
        [1, 1],
        [3, 3],
        [2, 4],
      ] as const)
        for (const pad of [
          [0, 0],
          [1, 2],
        ] as const)
          byPhases({ stride, dilation, kernel, pad, image: [8, 11] })
})

test('conv_transposed: layers of ResNet and AlexNet', () => {
  byPhases({ kernel: [1, 1], stride: [2, 2], pad: [0, 0], channels: 16, outputs: 12, image: [8, 8] })
  byPhases({ kernel: [3, 3], stride: [2, 2], channels: 9, outputs: 17, image: [8, 8] })
  byPhases({ kernel: [7, 7], stride: [2, 2], pad: [3, 3], image: [12, 12] })
  byPhases({ kernel: [11, 11], stride: [4, 4], pad: [2, 2], image: [31, 31], n: 1 })
})

test('conv_transposed: groups', () => {
  for (const stride of [
    [1, 1],
    [2, 2],
  ] as const) {
    byPhases({ groups: 3, channels: 4, outputs: 2, stride })
    byPhases({ groups: 2, channels: 9, outputs: 8, stride })
  }
})

test('conv_direct and conv_winograd: stride 1', () => {
  for (const [channels, outputs] of [
    [3, 5],
    [8, 4],
    [12, 20],
  ] as const)
    for (const [kernel, p] of [
      [3, 0],
      [3, 1],
      [3, 2],
      [5, 2],
      [5, 4],
    ] as const) {
      const c = caseOf({ channels, outputs, kernel: [kernel, kernel], pad: [p, p] })
      const [oh, ow] = c.dy.shape.slice(2) as [number, number]
      const [h, w] = c.image
      // As many zeros around dy as the window reaches beyond what the padding was.
      const before = kernel - 1 - p
      const zeros = [before, before] as const
      const dy = toNhwc(padded(c.dy, [0, 0, ...zeros, 0, 0, ...zeros]))
      const row = dy.shape[2]! * outputs * 4
      for (const build of trainBuilds) {
        const { put, room, read } = memoryOf(build)
        const call = caller(build)
        const flipped = room(Math.ceil(channels / 8) * 8 * kernel ** 2 * outputs)
        call('flip_panels', flipped, put(groupOf(c.w, 1, 0)), outputs, kernel ** 2, channels)
        const dx = room(c.dx.length)
        call(
          'conv_direct',
          ...[dx, 0, put(dy.data), flipped, 0, c.n, h, w, channels, dy.shape[1]! * row, row, outputs * 4],
          ...[kernel, row, 1, 0, kernel * outputs, channels * 4, ...FREE],
        )
        agree(`${build.name}, ${kernel}×${kernel}, ${channels} channels, pad ${p}`, read(dx, c.dx.length), c)
        if ((channels | outputs) % 4) continue
        const rooms = [8 * outputs + 16, 4 * outputs + 16, 48, 4].map(floats => room((kernel === 3 ? 36 : 49) * floats))
        const again = room(c.dx.length)
        call(
          'conv_winograd',
          ...[again, 0, put(toNhwc(c.dy).data), flipped, 0, ...rooms],
          ...[
            c.n,
            oh,
            ow,
            outputs,
            h,
            w,
            channels,
            before,
            before,
            kernel,
            kernel === 3 ? 4 : 3,
            4,
            channels * 4,
            ...FREE,
          ],
        )
        const got = read(again, c.dx.length)
        // Winograd's way has larger bounds, which are its own test's business.
        for (const [i, v] of c.dx.entries()) assert.ok(Math.abs(got[i]! - v) < 1e-5 * (1 + c.sizes[i]!))
      }
    }
})

test.run()
