// Everything that inference runs. Export lines only.
export { conv_direct, gemv } from './conv'
export { add, div, max, min, mul, pow, prelu, sub } from './broadcast'
export {
  abs, clamp, elu, exp, gelu, gelu_tanh, hard_sigmoid, hard_swish, leaky_relu, neg, sigmoid, softplus, sqrt, tanh,
} from './eltwise'
export { conv_depthwise } from './depthwise'
export { move, pad, transpose } from './layout'
export { affine, lrn, norm_factors } from './norm'
export { copy, pack_panels, widen_bf16, widen_f16 } from './pack'
export { avg_pool, max_pool } from './pool'
export { reduce_mean } from './reduce'
export { log_softmax, softmax } from './softmax'
export { fold_panels, fold_taps } from './fold'
export { conv_winograd } from './winograd'
