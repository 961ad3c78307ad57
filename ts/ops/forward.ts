import { batchNormalization } from './batchnorm.js'
import { concat } from './concat.js'
import { conv } from './conv.js'
import { eltwise } from './eltwise.js'
import { gemm } from './gemm.js'
import type { Op } from './op.js'
import { pools } from './pool.js'
import { softmaxes } from './softmax.js'
import { views } from './view.js'

/** Operators by the names they have in a graph. */
export type Ops = Readonly<Record<string, Op>>

/** The operators that most networks consist of; `more.ts` has the others. */
export const forward: Ops = {
  ...eltwise,
  ...pools,
  ...softmaxes,
  ...views,
  BatchNormalization: batchNormalization,
  Concat: concat,
  Conv: conv,
  Gemm: gemm,
}
