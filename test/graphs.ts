// Whole graphs, through the file, the passes, the plan and the kernels, against the reference interpreter.
import { inFloats, type Storage, storeWeights } from '../converters/storage.js'
import { compile } from '../ts/compile.js'
import { load } from '../ts/entry/node.js'
import { encodeModel, headerLength, parseHeader } from '../ts/file.js'
import type { Attr, DType, Graph, Model, Node, Shape, Tensor as Stored } from '../ts/types.js'
import { build as kernelsOf, modules } from './builds.js'
import { floats } from './random.js'
import { interpret } from './ref/graph.js'
import { size, type Tensor } from './ref/tensor.js'

/** A network to try: inputs with their shapes for one image, weights in double precision. */
export interface Net {
  readonly inputs: Readonly<Record<string, Shape>>
  readonly outputs: readonly string[]
  readonly nodes: readonly Node[]
  readonly weights?: Readonly<Record<string, Tensor>>
}

export interface Runs {
  /** Images that the plan is made for. Default 1. */
  readonly batch?: number
  /** Images of each run, one run after the other. Default: all, one, all. */
  readonly images?: readonly number[]
  readonly seed?: number
  /** How the weights are stored. */
  readonly dtype?: DType
  readonly memory?: 'fast' | 'small'
  /** What the converter makes of the weights; the references compute with the numbers that it leaves. */
  readonly storage?: Storage
}

/** A node named like its output. */
export const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attrs: Record<string, Attr> = {},
): Node => ({
  op,
  name: output,
  inputs,
  outputs: [output],
  attrs,
})

export const filled = (shape: Shape, seed: number): Tensor => ({ shape, data: floats(size(shape), seed) })

/** Weights of about the size that keeps a sum's size as it is. */
export const weight = (shape: Shape, seed: number): Tensor => {
  const scale = 1 / Math.sqrt(size(shape.slice(1)))
  return { shape, data: floats(size(shape), seed).map(v => Math.fround(v * scale)) }
}

/** Numbers that a type of 16 bits holds are stored in it by cutting off: make them with few bits. */
const store = ({ shape, data }: Tensor, dtype: DType): Stored => {
  const narrow = Float32Array.from(data)
  if (dtype === 'F32') return { dtype, shape, data: new Uint8Array(narrow.buffer) }
  const top = new Uint16Array(narrow.buffer).filter((_, i) => i % 2 === 1)
  return { dtype: 'BF16', shape, data: new Uint8Array(top.buffer) }
}

const text = ({ nodes }: Net): string =>
  nodes.map(({ op, inputs, outputs, attrs }) => `${outputs[0]} = ${op}(${inputs}) ${JSON.stringify(attrs)}`).join('; ')

/** Throws unless every kernel call has as many arguments as the kernel takes. */
const checkArity = async (
  bytes: Uint8Array,
  options: Pick<Runs, 'memory'> & { batch: number },
  images: readonly number[],
) => {
  const end = 8 + headerLength(bytes)
  const program = await compile(parseHeader(bytes.subarray(8, end)), options)
  const { kernels } = kernelsOf('simd')
  for (const n of new Set([options.batch, ...images]))
    for (const [kernel, ...args] of program.run(n).layers.flatMap(({ calls }) => calls)) {
      if (kernels[kernel]?.length !== args.length)
        throw new Error(`${kernel} takes ${kernels[kernel]?.length} arguments, the call has ${args.length}`)
      const bad = args.find(arg => arg !== Math.fround(arg) && !Number.isInteger(arg))
      if (bad !== undefined) throw new Error(`${kernel} is called with ${bad}`)
    }
}

/** The numbers of a model's tensors. */
const readBack = ({ tensors }: Model): Map<string, Tensor> =>
  new Map(
    Array.from(inFloats(tensors), ([name, { shape, data }]) => [
      name,
      { shape, data: Float64Array.from(new Float32Array(data.slice().buffer)) },
    ]),
  )

/** Throws unless the network gives on every build what the references give. */
export const agree = async (
  net: Net,
  { batch = 1, images, seed = 1, dtype = 'F32', memory = 'small', storage }: Runs = {},
): Promise<void> => {
  const runs = images ?? [batch, 1, batch]
  const graph: Graph = {
    inputs: Object.entries(net.inputs).map(([name, shape]) => ({ name, shape: [1, ...shape] })),
    outputs: net.outputs,
    nodes: net.nodes,
  }
  const given = Object.entries(net.weights ?? {})
  const made: Model = { graph, tensors: new Map(given.map(([name, tensor]) => [name, store(tensor, dtype)])) }
  const model = storage ? storeWeights(made, storage) : made
  const weights = storage ? readBack(model) : new Map(given)
  const bytes = await encodeModel(model)
  await checkArity(bytes, { batch, memory }, runs)
  const references = runs.map((n, run) => {
    const inputs = new Map(
      graph.inputs.map(({ name, shape }, i) => [name, filled([n, ...shape.slice(1)], seed + 10 * run + i)]),
    )
    return { inputs, values: interpret(graph, inputs, weights) }
  })
  for (const { build, wasm } of modules) {
    const loaded = await load(bytes, { build, wasm, batch, memory })
    for (const name of net.outputs) {
      const planned = references.find((_, run) => runs[run] === batch)?.values.get(name)?.value.shape
      if (planned !== undefined && `${loaded.outputs[name]}` !== `${planned}`)
        throw new Error(`${text(net)}: ${name} has the shape ${loaded.outputs[name]}, reference ${planned}`)
    }
    for (const [run, { inputs, values }] of references.entries()) {
      const fed = Object.fromEntries(Array.from(inputs, ([name, { data }]) => [name, Float32Array.from(data)]))
      const got = loaded.run(fed)
      for (const name of net.outputs) {
        const { value, error } = values.get(name)!
        const where = `${text(net)} (${build}, batch ${batch}, ${runs[run]} images, run ${run}): ${name}`
        const y = got[name]
        if (y?.length !== value.data.length)
          throw new Error(`${where} has ${y?.length} elements, reference ${value.data.length} (${value.shape})`)
        const i = y.findIndex((v, i) => !(Math.abs(v - value.data[i]!) <= error.data[i]!))
        if (i >= 0)
          throw new Error(`${where}[${i}] of ${value.shape} is ${y[i]}, reference ${value.data[i]} ± ${error.data[i]}`)
      }
    }
    loaded.dispose()
  }
}
