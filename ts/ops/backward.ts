import * as conv from './grad/conv.js'
import * as each from './grad/eltwise.js'
import * as loss from './grad/loss.js'
import * as norm from './grad/norm.js'
import * as pool from './grad/pool.js'
import * as shape from './grad/shape.js'
import type { Grad, TrainOp } from './grad/tape.js'
import { all } from './more.js'

/** The gradient of every operator that training goes through, by the operator's name. */
export const backward: Readonly<Record<string, Grad>> = {
  Abs: each.unaryGrad,
  Add: each.addGrad,
  AveragePool: pool.averagePoolGrad,
  BatchNorm: norm.batchNormGrad,
  Clip: each.clipGrad,
  Concat: shape.concatGrad,
  Conv: conv.convGrad,
  Div: each.divGrad,
  Elu: each.unaryGrad,
  Exp: each.unaryGrad,
  Flatten: shape.viewGrad,
  Gelu: each.unaryGrad,
  Gemm: conv.gemmGrad,
  GlobalAveragePool: pool.averagePoolGrad,
  GlobalMaxPool: pool.maxPoolGrad,
  HardSigmoid: each.unaryGrad,
  HardSwish: each.unaryGrad,
  Identity: shape.viewGrad,
  LRN: norm.lrnGrad,
  LeakyRelu: each.unaryGrad,
  LogSoftmax: shape.logSoftmaxGrad,
  MaxPool: pool.maxPoolGrad,
  Mul: each.mulGrad,
  Neg: each.negGrad,
  PRelu: each.preluGrad,
  Pad: shape.padGrad,
  RandomDropout: loss.dropoutGrad,
  ReduceMean: pool.reduceGrad,
  ReduceSum: pool.reduceGrad,
  Relu: each.reluGrad,
  Reshape: shape.viewGrad,
  Sigmoid: each.unaryGrad,
  Slice: shape.sliceGrad,
  Softmax: shape.softmaxGrad,
  Softplus: each.unaryGrad,
  Sqrt: each.unaryGrad,
  Sub: each.subGrad,
  Tanh: each.unaryGrad,
  Transpose: shape.transposeGrad,
}

/** Every operator that runs in training: those of inference, and what only a training graph has. */
export const training: Readonly<Record<string, TrainOp>> = {
  ...all,
  Accumulate: each.accumulateOp,
  AveragePoolGrad: pool.averagePoolGradOp,
  BatchNorm: norm.batchNormOp,
  BatchNormGrad: norm.batchNormGradOp,
  BatchNormSums: norm.batchNormSumsOp,
  BatchStats: norm.batchStatsOp,
  BiasGrad: conv.biasGradOp,
  ConvGradInput: conv.convGradInputOp,
  ConvGradWeight: conv.convGradWeightOp,
  CrossEntropy: loss.crossEntropyOp,
  CrossEntropyGrad: loss.crossEntropyGradOp,
  GemmGradInput: conv.gemmGradInputOp,
  GemmGradWeight: conv.gemmGradWeightOp,
  LRNGrad: norm.lrnGradOp,
  LimitsGrad: each.limitsGradOp,
  MaxPoolGrad: pool.maxPoolGradOp,
  Mse: loss.mseOp,
  MseGrad: loss.mseGradOp,
  PReluGrad: each.preluGradOp,
  RandomDropout: loss.randomDropoutOp,
  RunningStats: norm.runningStatsOp,
  SliceGrad: shape.sliceGradOp,
  Spread: pool.spreadOp,
  UnaryGrad: each.unaryGradOp,
}
