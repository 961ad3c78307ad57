import { forward, type Ops } from './forward.js'
import { matMul } from './matmul.js'
import { slice, transpose } from './move.js'
import { instanceNormalization, lrn } from './norm.js'
import { pad } from './pad.js'
import { reductions } from './reduce.js'
import { resize } from './resize.js'
import { convTranspose } from './transposed.js'

/** Every operator of inference: those of `forward`, and those that few networks have. */
export const all: Ops = {
  ...forward,
  ...reductions,
  ConvTranspose: convTranspose,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
  MatMul: matMul,
  Pad: pad,
  Resize: resize,
  Slice: slice,
  Transpose: transpose,
}
