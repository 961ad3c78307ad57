import type { DType, Graph, ModelMeta, Preprocess, Shape } from './types.js'
import type { Build, Module } from './wasm.js'

export type { Build }

/** Anything that yields the bytes of a safetensors file. A string is a path or a URL. */
export type Source = string | URL | ArrayBuffer | Uint8Array | Blob | Response | ReadableStream<Uint8Array>

/** Bytes received so far; `total` is undefined while the size is unknown. */
export interface Progress {
  readonly loaded: number
  readonly total: number | undefined
}

export interface PlanOptions {
  /** Images per run at most. Default 1. */
  readonly batch?: number
  /** Input shape without the batch, `[channels, height, width]`, when it is to differ from the file's. One-input networks only. */
  readonly inputShape?: Shape
  /** The network of a plain PyTorch/timm safetensors file, from a builder of `convlet/models`. Files made by convlet carry their own. */
  readonly graph?: Graph
  /**
   * `fast` keeps the weights of 3×3 and 5×5 convolutions in the form that Winograd's way reads, up to four times as large, where that
   * saves time, and weights of 8 and 16 bits as floats; `small` transforms or expands them in every run. Default `small`.
   */
  readonly memory?: 'fast' | 'small'
}

export interface LoadOptions extends PlanOptions {
  /** A compiled `convlet/infer.wasm`, for runtimes that cannot compile bytes. Default: the package's own. */
  readonly wasm?: Module
  /** Force one build of the kernels. Default: relaxed where the engine has it. */
  readonly build?: Build
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Refuse a file whose SHA-256 is another, in hex. It stands for the header's own, which is then not asked. */
  readonly sha256?: string
  /**
   * Keep a file that comes from an address, and take it from there the next time, without a connection: in the Cache API, where there
   * is none in the origin's private files, in Node in the user's folder of caches. What cannot be kept, or is no address, is only loaded. A
   * kept file is not asked for again: give a new one a new address, or its `sha256`. Default false.
   */
  readonly cache?: boolean
  /** Refuse a model that needs more bytes of memory than this. */
  readonly memoryLimit?: number
}

/** Bytes of the model's WebAssembly memory, part by part; `total` is the whole, rounded up to 64 KiB pages. */
export interface MemoryReport {
  /** The kernels' own static data. */
  readonly static: number
  /** Packed weights. */
  readonly weights: number
  /** Inputs, outputs, activations and scratch, overlaid by lifetime. */
  readonly arena: number
  readonly total: number
}

/** One step of the network after the passes. */
export interface LayerSummary {
  readonly name: string
  readonly op: string
  /** Shape of the first output, for the planned batch. */
  readonly shape: Shape
  /** Elements of the weights and biases that this layer reads. */
  readonly parameters: number
  /** Multiply-adds of one run of the planned batch. */
  readonly macs: number
  /** The kernels it runs, e.g. `conv_direct`; empty for a layer that costs nothing (a view). */
  readonly kernels: readonly string[]
  /** The nodes of the file's graph that this layer computes as well, e.g. `Relu "relu1"`. */
  readonly fused: readonly string[]
}

export interface LayerTime extends LayerSummary {
  readonly milliseconds: number
}

export interface InspectedLayer extends LayerSummary {
  /** What does its work, in short: `winograd 4×4`, `direct`, `depthwise`, `gemv`, or the name of a kernel. */
  readonly kernel: string
  /** Where there is a choice, why it is that one, e.g. `direct: stride 2`. Times are the planner's estimates. */
  readonly why?: string
  /** Of a layer with weights: their type in the file. In memory they are F32, unless `kernels` has `expand`. */
  readonly stored?: DType
}

/** What a file holds and what it will cost, known before anything is allocated. */
export interface Inspection extends ModelMeta {
  readonly inputs: Readonly<Record<string, Shape>>
  readonly outputs: Readonly<Record<string, Shape>>
  readonly layers: readonly InspectedLayer[]
  /** Nodes that the passes removed because they compute nothing at inference, e.g. `Dropout "drop1"`. */
  readonly removed: readonly string[]
  readonly memory: MemoryReport
}

/** `ImageData` or anything of its shape: RGBA bytes, row by row. */
export interface ImageLike {
  readonly data: Uint8Array | Uint8ClampedArray
  readonly width: number
  readonly height: number
}

export interface Prediction {
  /** The class's name from the file's labels, or its index as text. */
  readonly label: string
  readonly index: number
  readonly probability: number
}

/** A loaded network: one WebAssembly memory, a flat list of kernel calls. */
export interface Net {
  /** Shapes for the planned batch. */
  readonly inputs: Readonly<Record<string, Shape>>
  readonly outputs: Readonly<Record<string, Shape>>
  readonly labels: readonly string[] | undefined
  readonly preprocess: Preprocess | undefined
  readonly build: Build
  readonly memory: MemoryReport
  /**
   * Runs the network on one batch of float32 images in NCHW order, `input` alone where the network has one input. Fewer
   * images than the planned batch are welcome. The results are views of the model's memory, valid until the next run.
   */
  run(input: Float32Array | Readonly<Record<string, Float32Array>>): Readonly<Record<string, Float32Array>>
  /** The most probable classes of one image, best first. An image is brought to the input's form as the file's `preprocess` says. */
  classify(image: ImageLike | Float32Array, options?: { readonly top?: number }): Prediction[]
  summary(): readonly LayerSummary[]
  /** Runs once on the input and tells each layer's time. */
  profile(input: Float32Array | Readonly<Record<string, Float32Array>>): readonly LayerTime[]
  /** Gives the memory back. Every later call throws. */
  dispose(): void
}
