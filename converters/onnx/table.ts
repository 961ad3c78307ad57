import type { Builder } from './context.js'
import { add, gemm, matMul } from './linear.js'
import { dropout, flatten, plain, reshape, softmax } from './views.js'
import { averagePool, conv, globalAveragePool, maxPool, pad } from './windows.js'

/** ONNX operator → what it becomes when a run computes its input. (On constants, `folds` of fold.ts comes first.) */
export const builders: Readonly<Record<string, Builder>> = {
  Add: add,
  AveragePool: averagePool,
  Conv: conv,
  Dropout: dropout,
  Flatten: flatten,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  Identity: plain,
  MatMul: matMul,
  MaxPool: maxPool,
  Pad: pad,
  Relu: plain,
  Reshape: reshape,
  Sigmoid: plain,
  Softmax: softmax,
  Tanh: plain,
}
