import type { Builder } from './context.js'
import { cast, clip, elu, gelu, hardSigmoid, leakyRelu, max, min, pair, plain, pow, pRelu, sum } from './elementwise.js'
import { gemm, matMul } from './linear.js'
import { batchNormalization, lrn } from './norm.js'
import { concat, gather, reduceMean, slice, split, transpose } from './parts.js'
import { dropout, flatten, reshape, softmax, squeeze, unsqueeze } from './views.js'
import { averagePool, conv, globalPool, maxPool, pad } from './windows.js'

/** ONNX operator → what it becomes when a run computes its input. (On constants, `folds` of fold.ts comes first.) */
export const builders: Readonly<Record<string, Builder>> = {
  Abs: plain,
  Add: pair,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Conv: conv,
  Div: pair,
  Dropout: dropout,
  Elu: elu,
  Exp: plain,
  Flatten: flatten,
  Gather: gather,
  Gelu: gelu,
  Gemm: gemm,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  HardSigmoid: hardSigmoid,
  HardSwish: plain,
  Identity: plain,
  LRN: lrn,
  LeakyRelu: leakyRelu,
  LogSoftmax: softmax,
  MatMul: matMul,
  Max: max,
  MaxPool: maxPool,
  Min: min,
  Mul: pair,
  Neg: plain,
  PRelu: pRelu,
  Pad: pad,
  Pow: pow,
  ReduceMean: reduceMean,
  Relu: plain,
  Reshape: reshape,
  Sigmoid: plain,
  Slice: slice,
  Softmax: softmax,
  Softplus: plain,
  Split: split,
  Sqrt: plain,
  Squeeze: squeeze,
  Sub: pair,
  Sum: sum,
  Tanh: plain,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
}
