import { conv } from './conv.js'
import * as each from './eltwise.js'
import { gemm } from './gemm.js'
import { concat, slice, transpose } from './move.js'
import { batchNormalization, lrn } from './norm.js'
import type { Op } from './op.js'
import { pad } from './pad.js'
import { averagePool, globalAveragePool, globalMaxPool, maxPool } from './pool.js'
import { reduceMean } from './reduce.js'
import { logSoftmax, softmax } from './softmax.js'
import { flatten, identity, reshape } from './view.js'

/** Every operator that runs at inference, by the name it has in a graph. */
export const forward: Readonly<Record<string, Op>> = {
  Abs: each.abs,
  Add: each.add,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Clip: each.clip,
  Concat: concat,
  Conv: conv,
  Div: each.div,
  Dropout: identity,
  Elu: each.elu,
  Exp: each.exp,
  Flatten: flatten,
  Gelu: each.gelu,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  HardSigmoid: each.hardSigmoid,
  HardSwish: each.hardSwish,
  Identity: identity,
  LRN: lrn,
  LeakyRelu: each.leakyRelu,
  LogSoftmax: logSoftmax,
  Max: each.max,
  MaxPool: maxPool,
  Min: each.min,
  Mul: each.mul,
  Neg: each.neg,
  PRelu: each.prelu,
  Pad: pad,
  Pow: each.pow,
  ReduceMean: reduceMean,
  Relu: each.relu,
  Reshape: reshape,
  Sigmoid: each.sigmoid,
  Slice: slice,
  Softmax: softmax,
  Softplus: each.softplus,
  Sqrt: each.sqrt,
  Sub: each.sub,
  Tanh: each.tanh,
  Transpose: transpose,
}
