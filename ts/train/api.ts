import type { MemoryReport, Progress, Source } from '../api.js'
import type { Call } from '../ops/op.js'
import type { Graph, Model, Shape } from '../types.js'
import type { Build, Module } from '../wasm.js'

/** One batch: inputs as float32 in NCHW order, and for each image its class index (or, for `mse`, its target's numbers). */
export interface Batch {
  readonly input: Float32Array
  readonly labels: ArrayLike<number>
  /**
   * What the images are called, one number each: what `cacheFeatures` knows them by. `batches()` gives them. All that `step` is
   * given are of one data set.
   */
  readonly ids?: ArrayLike<number>
}

/** Batches that know how many they are, for each epoch (0, 1, …); `batches` makes one of images. */
export interface Dataset {
  readonly steps: number
  readonly epoch: (epoch: number) => Iterable<Batch> | AsyncIterable<Batch>
}

/** Batches for one epoch after the other: a data set, or an iterable that can be begun again. */
export type Batches = Dataset | Iterable<Batch> | AsyncIterable<Batch>

/** A trained tensor as optimizers' groups see it. */
export interface Parameter {
  readonly name: string
  readonly shape: Shape
  /** `norm`: scale and shift of a batch norm; `bias`: any other vector that is added; `weight`: the rest. */
  readonly kind: 'weight' | 'bias' | 'norm'
}

/** Where one parameter lies, in bytes: its numbers, its gradient and the optimizer's moments, all packed alike. */
export interface Places {
  readonly w: number
  readonly g: number
  readonly moments: readonly number[]
  /** Floats. */
  readonly n: number
}

/** An optimizer is a kernel call for each parameter and step; made by `sgd`, `adam` and their relatives. */
export interface Optimizer {
  readonly name: string
  /** The learning rate that schedules scale. */
  readonly lr: number
  /** Copies of the parameters that it keeps. */
  readonly moments: number
  /** The options that this parameter gets, its group's. They must stay what they are. */
  readonly options: (parameter: Parameter) => object
  /** The call of one update; `step` counts from 1, `factor` is the schedule's. */
  readonly update: (places: Places, options: object, step: number, factor: number) => Call
}

/** The factor of the learning rate at a step (0, 1, …) of so many. */
export type Schedule = (step: number, steps: number) => number

/** Fills a tensor that no file gives. `random` gives numbers from 0 to below 1, the same ones for the same seed and name. */
export type Initialiser = (
  parameter: Parameter & { readonly fanIn: number; readonly fanOut: number },
  random: () => number,
) => Float32Array

/** What is minimised; made by `crossEntropy` and `mse`. */
export interface Loss {
  readonly kind: 'crossEntropy' | 'mse'
  /** Share of every label that is spread over all classes (Szegedy et al. 2015). */
  readonly smoothing?: number
  readonly classWeights?: readonly number[]
  /** Weights of the network's further outputs, by name. Default 0.3 for those whose names begin with `aux` (GoogLeNet), else 0. */
  readonly heads?: Readonly<Record<string, number>>
}

export interface TrainerOptions {
  readonly optimizer: Optimizer
  /** Images per step at most. Default 32. */
  readonly batch?: number
  /** `[channels, height, width]`, for another image size than the file's; what is saved has it too. */
  readonly inputShape?: Shape
  /** The network of a plain PyTorch/timm safetensors file, or what is to be trained from nothing. */
  readonly graph?: Graph
  /**
   * Names of the tensors to train, `*` for any part of one; the others stay byte for byte. Default: all weights, biases, batch norms
   * and slopes of PReLU. Tensors that other operators add or multiply by may be constants: they are trained where they are named.
   */
  readonly train?: readonly string[]
  /** Replaces the last layer by one for so many classes, or for classes of these names, freshly initialised. */
  readonly classes?: number | readonly string[]
  /** For tensors that the file does not have. Default `he()`. */
  readonly initialiser?: Initialiser
  /** Of everything random: initialisation, dropout. Default 0. */
  readonly seed?: number
  readonly loss?: Loss
  /** `frozen`: batch norms keep their running statistics even where their scale and shift are trained. Default `batch`. */
  readonly norm?: 'batch' | 'frozen'
  /** What part of the new a batch norm's running statistics take on. Default 0.1. */
  readonly momentum?: number
  /** Steps whose gradients are added up before the parameters change. Default 1. */
  readonly accumulate?: number
  /** Scales gradients down to this norm over all parameters, or cuts each number at this value. */
  readonly clip?: { readonly norm?: number; readonly value?: number }
  /** Computes activations again in the backward run instead of keeping them: less memory, about a third more time. */
  readonly recompute?: boolean
  /** Runs what is frozen once per image and keeps its results, so that later epochs begin there. Images must not be augmented. */
  readonly cacheFeatures?: boolean
  readonly wasm?: Module
  readonly build?: Build
  readonly memoryLimit?: number
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** Bytes of WebAssembly memory by what they are for. `arena` holds activations, their gradients and scratch. */
export interface TrainMemory extends MemoryReport {
  readonly gradients: number
  readonly moments: number
  /** Of these, with `cacheFeatures`: the memory of the frozen part, which is one of its own. The cache itself is not in it. */
  readonly frozen: number
  /**
   * Besides `total`, of JavaScript's memory while `fit` runs: what an epoch that goes astray goes back to, parameters, moments and,
   * where several batches make a step, gradients. `patience` keeps the best parameters too.
   */
  readonly fallback: number
}

export interface StepResult {
  /** Mean over the images, auxiliary heads included. */
  readonly loss: number
  /** Images whose class was right before the step. */
  readonly correct: number
  readonly count: number
  /** Norm of all gradients before clipping; undefined while gradients are being added up. */
  readonly gradientNorm: number | undefined
}

export interface Evaluation {
  readonly loss: number
  /** Share of right answers, 0 to 1; of no meaning for `mse`. */
  readonly accuracy: number
  readonly count: number
  /** `confusion[label][answer]`: images. */
  readonly confusion: readonly (readonly number[])[]
}

export interface FitOptions {
  /** Of the trainer, not of this call: one that has made 3 of them trains for 2 more if this is 5. */
  readonly epochs: number
  readonly validation?: Batches
  /** Default `constant()`. */
  readonly schedule?: Schedule
  /** Steps of an epoch, for schedules; default: counted if the data tells its length, else in the first epoch. */
  readonly stepsPerEpoch?: number
  /** Stops when the validation loss has not improved for so many epochs, and goes back to the best weights. Wants `validation`. */
  readonly patience?: number
  readonly onStep?: (progress: StepProgress) => void
  readonly signal?: AbortSignal
}

export interface StepProgress extends StepResult {
  readonly epoch: number
  /** Of all epochs, from 1. */
  readonly step: number
  readonly steps: number | undefined
  readonly lr: number
  readonly imagesPerSecond: number
}

export interface Epoch {
  /** From 1. */
  readonly epoch: number
  readonly loss: number
  readonly accuracy: number
  readonly validation: Evaluation | undefined
  /** That of the last step. */
  readonly lr: number
  /** Of training, without validation, what was before `resume` counted in. */
  readonly seconds: number
  readonly images: number
  /** Whether the validation loss, or without one the loss, is the lowest so far. */
  readonly best: boolean
}

/** A network in training: one WebAssembly memory, the list of its kernel calls walked forwards and back. */
export interface Trainer {
  readonly parameters: readonly Parameter[]
  readonly memory: TrainMemory
  readonly inputs: Readonly<Record<string, Shape>>
  readonly build: Build
  readonly labels: readonly string[] | undefined
  /** Optimizer steps made. */
  readonly steps: number
  /** Every epoch of every `fit`, for plots. */
  readonly history: readonly Epoch[]
  /** Trains on one batch; `factor` scales the learning rate. */
  step(batch: Batch, factor?: number): StepResult
  /** Runs without dropout, on the running statistics of batch norms, and changes nothing. */
  evaluate(data: Batches, options?: { readonly signal?: AbortSignal }): Promise<Evaluation>
  /** The scores of some images as `evaluate` computes them: of a network that ends in a softmax, what goes into it. */
  predict(input: Float32Array): Float32Array
  /** Trains epoch by epoch and tells of each. */
  fit(data: Batches, options: FitOptions): AsyncGenerator<Epoch, void, undefined>
  /** The gradient of a parameter after a step, in the shape of the parameter. */
  gradient(name: string): Float32Array
  /** The model as it is now. */
  model(): Model
  /** A file of it, for `load`, for PyTorch and for another `trainer`. */
  save(): Promise<Uint8Array>
  /** Everything from which `resume` goes on as if nothing had happened: parameters, moments, steps, history. */
  checkpoint(): Promise<Uint8Array>
  resume(checkpoint: Uint8Array): Promise<void>
  /** Only the tensors that the source does not have as they are now: what training changed, and a new head. A safetensors file. */
  delta(): Promise<Uint8Array>
  exportOnnx(): Promise<Uint8Array>
  dispose(): void
}

/** What `trainer` takes: a convlet file, or weights without a graph with `{ graph }`; nothing to begin from nothing. */
export type TrainSource = Source | Model | undefined
