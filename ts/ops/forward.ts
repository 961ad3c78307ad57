import { conv } from './conv.js'
import { eltwise } from './eltwise.js'
import { gemm, matMul } from './gemm.js'
import { concat, slice, transpose } from './move.js'
import { batchNormalization, instanceNormalization, lrn } from './norm.js'
import type { Op } from './op.js'
import { pad } from './pad.js'
import { pools } from './pool.js'
import { reductions } from './reduce.js'
import { resize } from './resize.js'
import { softmaxes } from './softmax.js'
import { views } from './view.js'

/** Every operator that runs at inference, by the name it has in a graph. */
export const forward: Readonly<Record<string, Op>> = {
  ...eltwise,
  ...pools,
  ...reductions,
  ...softmaxes,
  ...views,
  BatchNormalization: batchNormalization,
  Concat: concat,
  Conv: conv,
  ConvTranspose: conv,
  Gemm: gemm,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
  MatMul: matMul,
  Pad: pad,
  Resize: resize,
  Slice: slice,
  Transpose: transpose,
}
