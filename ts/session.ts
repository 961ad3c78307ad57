import type { Build, Net } from './api.js'
import type { Program } from './compile.js'
import { fail } from './error.js'
import { plainPreprocess, toInput } from './image.js'
import { show, size } from './shape.js'
import { shapesOf } from './trace.js'
import type { ModelMeta } from './types.js'
import { bind, type Instance, type Kernels, type Step } from './wasm.js'

/** The steps for one number of images, bound once, and the views that its results are read through. */
interface Batch {
  readonly layers: readonly (readonly Step[])[]
  readonly steps: readonly Step[]
  readonly results: Readonly<Record<string, Float32Array>>
}

const execute = (steps: readonly Step[]): void => {
  for (let i = 0; i < steps.length; i++) steps[i]!()
}

const prepare = ({ layers, outputs }: ReturnType<Program['run']>, floats: Float32Array, kernels: Kernels): Batch => {
  const bound = layers.map(({ calls }) => calls.map(call => bind(kernels, call)))
  const results = outputs.map(({ name, shape, at }) => [name, floats.subarray(at / 4, at / 4 + size(shape))])
  return { layers: bound, steps: bound.flat(), results: Object.fromEntries(results) }
}

/** A network whose weights are in place. */
export const session = (
  { batch, graph, inputs, outputs, layers, memory, run }: Program,
  { labels, preprocess }: ModelMeta,
  { buffer, kernels }: Instance,
  build: Build,
): Net => {
  // Letting go of the views and the kernels lets go of the memory.
  let state: { readonly floats: Float32Array; readonly kernels: Kernels; readonly batches: Batch[] } | undefined = {
    floats: new Float32Array(buffer),
    kernels,
    batches: [],
  }

  /** Copies the inputs into place, and gives what runs on so many images. */
  const feed = (input: Parameters<Net['run']>[0]): Batch => {
    if (!state) return fail('INPUT', 'the network has been disposed of; load it again')
    const { floats, kernels, batches } = state
    let n = 0
    for (const { name, shape, at } of inputs) {
      const values = input instanceof Float32Array ? (inputs[1] ? undefined : input) : input?.[name]
      const one = size(shape) / batch
      const images = values instanceof Float32Array ? values.length / one : 0
      n ||= images
      if (images % 1 || images < 1 || images > batch || images !== n)
        return fail(
          'INPUT',
          `input "${name}" takes ${one} numbers (${show(shape.slice(1))}) for each of 1 to ${batch} images, as many for every ` +
            `input, as a Float32Array; got ${values?.length}. Load with another { batch } or { inputShape }`,
        )
      floats.set(values!, at / 4)
    }
    return (batches[n] ??= prepare(run(n), floats, kernels))
  }

  const runNet: Net['run'] = input => {
    const { steps, results } = feed(input)
    execute(steps)
    return results
  }
  return {
    inputs: shapesOf(inputs),
    outputs: shapesOf(outputs),
    labels,
    preprocess,
    build,
    memory,
    run: runNet,
    classify: (image, { top = 5 } = {}) => {
      const shape = inputs[0]!.shape.slice(1)
      const input =
        image instanceof Float32Array ? image : toInput(image ?? {}, preprocess ?? plainPreprocess(shape[0]!), shape)
      if (input.length !== size(shape))
        fail('INPUT', `classify takes one image (${show(shape)}); got ${input.length} numbers`)
      const { name } = outputs[0]!
      const scores = runNet(input)[name]!
      // Where the network ends in a softmax, in whatever shape, its scores are probabilities.
      const maker = (value: string): string | undefined => {
        const { op, inputs } = graph.nodes.find(({ outputs }) => outputs[0] === value) ?? {}
        return op === 'Flatten' || op === 'Reshape' ? maker(inputs![0]!) : op
      }
      const normal = maker(name) === 'Softmax'
      const most = scores.reduce((a, b) => Math.max(a, b))
      const powers = Array.from(scores, score => (normal ? score : Math.exp(score - most)))
      const sum = powers.reduce((a, b) => a + b)
      return powers
        .map((power, index) => ({ label: labels?.[index] ?? `${index}`, index, probability: power / sum }))
        .sort((a, b) => b.probability - a.probability)
        .slice(0, top)
    },
    summary: () => layers,
    profile: input =>
      feed(input).layers.map((steps, i) => {
        const start = performance.now()
        execute(steps)
        return { ...layers[i]!, milliseconds: performance.now() - start }
      }),
    dispose: () => {
      state = undefined
    },
  }
}
