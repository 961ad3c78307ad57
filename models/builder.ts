import type { Attr, Graph, Node, Shape } from '../ts/types.js'

/** A graph together with the shapes of the tensors it needs, by name: what a weights file must hold, or an initialiser fill. */
export interface Network extends Graph {
  readonly parameters: Readonly<Record<string, Shape>>
  /** Beginnings of names that a file of the published weights may have besides: of parts that this graph leaves out. */
  readonly leftOut?: readonly string[]
}

/** What every classifier's builder takes. */
export interface ClassifierOptions {
  readonly classes?: number
}

/** A value on its way through a network. */
export type Value = string

type Attrs = Readonly<Record<string, Attr>>

type Window = Readonly<{ stride?: number; pad?: number }>
type ConvWindow = Window & Readonly<{ kernel: number; groups?: number; bias?: boolean }>

/** Writes a network down layer by layer. Each layer's value goes by the layer's name; parameters are named as in PyTorch. */
export class Builder {
  readonly #nodes: Node[] = []
  readonly #parameters: Record<string, Shape> = {}
  readonly input: Value
  readonly #shape: Shape

  /** @param shape of the input, the batch (1) included */
  constructor(input: Value, shape: Shape) {
    this.input = input
    this.#shape = shape
  }

  /** Any operator of the graph; the methods below are shorthand for the common ones. */
  node(op: string, name: string, inputs: readonly Value[], attrs: Attrs = {}): Value {
    this.#nodes.push({ op, name, inputs, outputs: [name], attrs })
    return name
  }

  #parameter(name: string, shape: Shape): Value {
    this.#parameters[name] = shape
    return name
  }

  /** Square kernel, stride and pad. Weight `[channels, from / groups, kernel, kernel]`. */
  conv(
    name: string,
    x: Value,
    from: number,
    channels: number,
    { kernel, stride = 1, pad = 0, groups = 1, bias = true }: ConvWindow,
  ): Value {
    const inputs = [x, this.#parameter(`${name}.weight`, [channels, from / groups, kernel, kernel])]
    if (bias) inputs.push(this.#parameter(`${name}.bias`, [channels]))
    return this.node('Conv', name, inputs, { ...square(kernel, stride, pad), groups })
  }

  /** Scale, shift and running statistics, each `[channels]`. */
  batchNorm(name: string, x: Value, channels: number, epsilon = 1e-5): Value {
    const parts = ['weight', 'bias', 'running_mean', 'running_var'].map(part =>
      this.#parameter(`${name}.${part}`, [channels]),
    )
    return this.node('BatchNormalization', name, [x, ...parts], { epsilon })
  }

  /** Fully connected. Weight `[out, from]`. */
  linear(name: string, x: Value, from: number, out: number): Value {
    const weight = this.#parameter(`${name}.weight`, [out, from])
    return this.node('Gemm', name, [x, weight, this.#parameter(`${name}.bias`, [out])])
  }

  maxPool(
    name: string,
    x: Value,
    kernel: number,
    { stride = kernel, pad = 0, ceil = false }: Window & Readonly<{ ceil?: boolean }> = {},
  ): Value {
    return this.node('MaxPool', name, [x], { ...square(kernel, stride, pad), ceil })
  }

  averagePool(name: string, x: Value, kernel: number, stride = kernel): Value {
    return this.node('AveragePool', name, [x], { ...square(kernel, stride, 0), ceil: false, includePad: false })
  }

  /** To `[N, C, 1, 1]`: PyTorch's AdaptiveAvgPool2d(1). */
  globalAveragePool(name: string, x: Value): Value {
    return this.node('GlobalAveragePool', name, [x])
  }

  /**
   * Across channels, ONNX's and PyTorch's form: x / (bias + alpha / size · Σ x²)^beta, over `size` channels around.
   * The paper of AlexNet does not divide alpha.
   */
  lrn(name: string, x: Value, size: number, { alpha, beta, bias }: Record<'alpha' | 'beta' | 'bias', number>): Value {
    return this.node('LRN', name, [x], { size, alpha, beta, bias })
  }

  relu(name: string, x: Value): Value {
    return this.node('Relu', name, [x])
  }

  tanh(name: string, x: Value): Value {
    return this.node('Tanh', name, [x])
  }

  add(name: string, a: Value, b: Value): Value {
    return this.node('Add', name, [a, b])
  }

  /** Along the channels. */
  concat(name: string, parts: readonly Value[]): Value {
    return this.node('Concat', name, parts, { axis: 1 })
  }

  /** The share `rate` of the values is zeroed in training. */
  dropout(name: string, x: Value, rate = 0.5): Value {
    return this.node('Dropout', name, [x], { rate })
  }

  flatten(name: string, x: Value): Value {
    return this.node('Flatten', name, [x], { axis: 1 })
  }

  /** The finished network; its values go out under the names given, the main one first. */
  done(outputs: Readonly<Record<string, Value>>): Network {
    const names = new Map(Object.entries(outputs).map(([name, value]) => [value, name]))
    const rename = (value: Value): Value => names.get(value) ?? value
    return {
      inputs: [{ name: this.input, shape: this.#shape }],
      outputs: Object.keys(outputs),
      nodes: this.#nodes.map(node => ({
        ...node,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      parameters: this.#parameters,
    }
  }
}

const square = (kernel: number, stride: number, pad: number) => ({
  kernel: [kernel, kernel],
  stride: [stride, stride],
  pad: [pad, pad, pad, pad],
  dilation: [1, 1],
})
