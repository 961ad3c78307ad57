// Everything that inference runs. Export lines only.
export { conv_direct, gemv } from './conv'
export { add, clamp, sigmoid, tanh } from './eltwise'
export { pad, transpose } from './layout'
export { copy, pack_panels, widen_bf16, widen_f16 } from './pack'
export { avg_pool, max_pool } from './pool'
export { softmax } from './softmax'
