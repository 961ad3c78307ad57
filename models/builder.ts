import type { Attr, Graph, Node, Shape } from '../ts/types.js'

/** A graph together with the shapes of the tensors it needs, by name: what a weights file must hold, or an initialiser fill. */
export interface Network extends Graph {
  readonly parameters: Readonly<Record<string, Shape>>
}

/** A value on its way through a network. */
type Value = string

type Attrs = Readonly<Record<string, Attr>>

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
    {
      kernel,
      stride = 1,
      pad = 0,
      groups = 1,
      bias = true,
    }: Readonly<{ kernel: number; stride?: number; pad?: number; groups?: number; bias?: boolean }>,
  ): Value {
    const inputs = [x, this.#parameter(`${name}.weight`, [channels, from / groups, kernel, kernel])]
    if (bias) inputs.push(this.#parameter(`${name}.bias`, [channels]))
    return this.node('Conv', name, inputs, {
      kernel: [kernel, kernel],
      stride: [stride, stride],
      pad: [pad, pad, pad, pad],
      dilation: [1, 1],
      groups,
    })
  }

  /** Fully connected. Weight `[out, from]`. */
  linear(name: string, x: Value, from: number, out: number): Value {
    const weight = this.#parameter(`${name}.weight`, [out, from])
    return this.node('Gemm', name, [x, weight, this.#parameter(`${name}.bias`, [out])])
  }

  averagePool(name: string, x: Value, kernel: number, stride = kernel): Value {
    return this.node('AveragePool', name, [x], {
      kernel: [kernel, kernel],
      stride: [stride, stride],
      pad: [0, 0, 0, 0],
      dilation: [1, 1],
      ceil: false,
      includePad: false,
    })
  }

  tanh(name: string, x: Value): Value {
    return this.node('Tanh', name, [x])
  }

  flatten(name: string, x: Value): Value {
    return this.node('Flatten', name, [x], { axis: 1 })
  }

  /** The finished network; its last value goes out under the name of `output`. */
  done(output: string, value: Value): Network {
    const rename = (name: Value): Value => (name === value ? output : name)
    return {
      inputs: [{ name: this.input, shape: this.#shape }],
      outputs: [output],
      nodes: this.#nodes.map(node => ({
        ...node,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      parameters: this.#parameters,
    }
  }
}
