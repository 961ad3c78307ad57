/** Sizes from the outermost dimension to the innermost. Maps are `[batch, channels, height, width]`. */
export type Shape = readonly number[]

/**
 * The element types of a safetensors file. Weights may be stored as F32, F16, BF16, or I8 with a scale for each output channel:
 * a tensor `NAME_scale` of F32 that broadcasts to the weights and stands before them.
 */
export type DType =
  | 'BOOL'
  | 'U8'
  | 'I8'
  | 'F8_E5M2'
  | 'F8_E4M3'
  | 'I16'
  | 'U16'
  | 'F16'
  | 'BF16'
  | 'I32'
  | 'U32'
  | 'F32'
  | 'F64'
  | 'I64'
  | 'U64'

export type Attr = number | string | boolean | readonly number[]

/**
 * One operator application. `op` is an ONNX operator name; `attrs` are canonical whatever the ONNX version:
 *
 * | op | inputs | attrs |
 * |---|---|---|
 * | Conv | x `[N,C,H,W]`, weight `[OC,C/groups,KH,KW]`, bias? `[OC]` | kernel, stride, pad, dilation, groups |
 * | ConvTranspose | x `[N,C,H,W]`, weight `[C,OC/groups,KH,KW]`, bias? `[OC]` | kernel, stride, pad, outputPad, dilation, groups (pad as four numbers; out = stride·(in − 1) + outputPad + dilation·(kernel − 1) + 1 − pads) |
 * | Gemm | x `[…,K]`, weight `[OUT,K]`, bias? `[OUT]` (y = x·Wᵀ + b) | |
 * | MatMul | a `[…,M,K]`, b `[…,K,N]` (numpy broadcasting of what is before) | |
 * | MaxPool | x | kernel, stride, pad, dilation, ceil |
 * | AveragePool | x | kernel, stride, pad, dilation, ceil, includePad |
 * | GlobalAveragePool, GlobalMaxPool | x | |
 * | BatchNormalization | x, scale, bias, mean, variance (each `[C]`, tensors of the file) | epsilon |
 * | InstanceNormalization | x, scale, bias (each `[C]`) | epsilon |
 * | LRN | x | size, alpha, beta, bias |
 * | Relu, Tanh, Sigmoid, Softplus, HardSwish, Erf, Identity | x | |
 * | Abs, Neg, Exp, Sqrt, Reciprocal, Floor, Ceil, Round, Sign | x | |
 * | Clip | x | min?, max? (absent: no limit) |
 * | LeakyRelu, Elu | x | alpha |
 * | HardSigmoid | x | alpha, beta |
 * | Gelu | x | tanh (true: the approximation) |
 * | PRelu | x, slope (broadcast to x) | |
 * | Add, Sub, Mul, Div, Pow, Max, Min | a, b (numpy broadcasting) | |
 * | Concat | any number | axis |
 * | Transpose | x | perm |
 * | Slice | x | starts, ends, axes, steps (as in ONNX Slice-13: negative ones count from the end, ends are cut) |
 * | Pad | x | pads (all begins, then all ends, ONNX order), value |
 * | Resize | x | mode (`nearest`, `linear`), coordinates (ONNX's coordinate_transformation_mode), rounding (of `nearest`: ONNX's nearest_mode), scales `[height, width]` or sizes `[height, width]` |
 * | Flatten | x | axis |
 * | Reshape | x | shape (0 copies the input's dimension, -1 is inferred) |
 * | Softmax, LogSoftmax | x | axis |
 * | ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceProd, ReduceL1, ReduceL2, ReduceSumSquare | x | axes, keepDims |
 * | ArgMax, ArgMin | x (gives the places as floats) | axis, keepDims, last (of equals, the last) |
 * | Dropout | x | rate |
 *
 * `kernel`, `stride`, `dilation` are `[height, width]`; `pad` is `[top, left, bottom, right]`, or
 * `'same_upper'` / `'same_lower'` (resolved when the image size is known).
 */
export interface Node {
  readonly op: string
  readonly name: string
  /** Names of values; `''` is an absent optional input. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attrs: Readonly<Record<string, Attr>>
  /** Set by the passes at load: the nodes that this one now computes as well, e.g. `['Relu "relu1"']`. */
  readonly fused?: readonly string[]
}

/** A named input or output of the graph. Dimension 0 is the batch; the file stores it as the converter saw it (1 if symbolic). */
export interface GraphInput {
  readonly name: string
  readonly shape: Shape
}

/** The canonical graph: nodes in topological order, batch norm unfused, dropout present. */
export interface Graph {
  readonly inputs: readonly GraphInput[]
  readonly outputs: readonly string[]
  readonly nodes: readonly Node[]
  /** Of a builder's graph: the shapes of the tensors that a weights file must hold. */
  readonly parameters?: Readonly<Record<string, Shape>>
}

/** Where a tensor lies: bytes `begin` to `end` of the file's data section. */
export interface TensorInfo {
  readonly dtype: DType
  readonly shape: Shape
  readonly begin: number
  readonly end: number
}

/** A tensor with its little-endian bytes. */
export interface Tensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: Uint8Array
}

/** How `classify` turns an image into the network's input. */
export interface Preprocess {
  /** Channel order of the input: `gray` is one channel (Rec. 601 luma), `rgb` and `bgr` are three. */
  readonly color: 'gray' | 'rgb' | 'bgr'
  /** How an image of another size is brought to the input's: keep the aspect and show all (`contain`), keep it and crop the centre (`cover`), or not keep it (`stretch`). */
  readonly fit: 'contain' | 'cover' | 'stretch'
  /** Pixels added on each side after resizing, filled with black. Default 0. */
  readonly border?: number
  /** Input = (pixel / 255 − mean) / std, one figure per channel. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** What a file says besides its weights. */
export interface ModelMeta {
  readonly graph?: Graph
  readonly preprocess?: Preprocess
  readonly labels?: readonly string[]
  /** What the weights were converted from, e.g. `lenet5.onnx (pytorch 2.1)`. */
  readonly source?: string
  readonly opset?: number
}

/** A whole model in memory: what the converter makes and the writer writes. */
export interface Model extends ModelMeta {
  readonly tensors: ReadonlyMap<string, Tensor>
}
