// A wrong call of the debug build says what is wrong; the release builds leave these checks out.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { build, trainBuilds } from './builds.js'

const test = suite('debug build')

const { kernels } = build('debug')
const training = trainBuilds.find(build => build.name === 'debug')!.kernels
const BUFFER = 65536

/** Arguments of both pools for a map of 2×2 with 4 channels, one output, and a window of 2×2 with so much padding. */
const pool = (top: number, left: number) => [BUFFER, BUFFER, 1, 2, 2, 4, 1, 1, 2, 2, 1, 1, top, left, 1, 1]

/** Arguments of a convolution of one image of one channel by a window of 1×1. */
const conv = ({ n = 1, oh = 1, ow = 1, oc = 8, kh = 1, segments = 1, length = 1 } = {}) => [
  ...[BUFFER, 0, BUFFER, BUFFER, 0, n, oh, ow, oc, 4, 4, 4, kh, 4, segments, 4, length, 32],
  ...[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
]

const aborts = (kernel: string, args: readonly number[], message: RegExp, of = kernels) =>
  assert.throws(
    () => of[kernel]!(...args),
    (thrown: Error) => message.test(thrown.message) && /assembly\/[\w/]+\.ts:\d+:\d+/.test(thrown.message),
  )

test('a window wholly in the padding', () => {
  const inPadding = /(max|avg)_pool(_grad)?: a window lies wholly in the padding/
  for (const [top, left] of [
    [2, 0],
    [0, 2],
    [5, 5],
    [-2, 0],
    [0, -2],
  ] as const) {
    aborts('max_pool', pool(top, left), inPadding)
    aborts('avg_pool', [...pool(top, left), 0, 0, 0, 0], inPadding)
    aborts('max_pool_grad', [BUFFER, ...pool(top, left)], inPadding, training)
    aborts('avg_pool_grad', [...pool(top, left), 0, 0, 0, 0], inPadding, training)
  }
  kernels.max_pool!(...pool(1, 1))
  kernels.avg_pool!(...pool(1, -1), 0, 0, 0, 0)
})

test('a convolution without output, or of nothing', () => {
  for (const wrong of [{ n: 0 }, { oh: 0 }, { ow: -1 }, { oc: 0 }])
    aborts('conv_direct', conv(wrong), /conv_direct: empty output/)
  for (const wrong of [{ kh: 0 }, { segments: 0 }, { length: 0 }])
    aborts('conv_direct', conv(wrong), /conv_direct: empty window/)
  kernels.conv_direct!(...conv())
})

test('a layer without inputs or outputs', () => {
  const limits = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  aborts('gemv', [BUFFER, 0, BUFFER, BUFFER, 0, 0, 8, ...limits], /gemv: empty layer/)
  aborts('gemv', [BUFFER, 0, BUFFER, BUFFER, 0, 8, 0, ...limits], /gemv: empty layer/)
  kernels.gemv!(BUFFER, 0, BUFFER, BUFFER, 0, 1, 1, ...limits)
})

test.run()
