import { conv } from './conv.js'
import { add, relu, sigmoid, tanh } from './eltwise.js'
import { gemm } from './gemm.js'
import type { Op } from './op.js'
import { pad } from './pad.js'
import { averagePool, globalAveragePool, maxPool } from './pool.js'
import { softmax } from './softmax.js'
import { flatten, identity, reshape } from './view.js'

/** Every operator that runs at inference, by the name it has in a graph. */
export const forward: Readonly<Record<string, Op>> = {
  Add: add,
  AveragePool: averagePool,
  Conv: conv,
  Dropout: identity,
  Flatten: flatten,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  Identity: identity,
  MaxPool: maxPool,
  Pad: pad,
  Relu: relu,
  Reshape: reshape,
  Sigmoid: sigmoid,
  Softmax: softmax,
  Tanh: tanh,
}
