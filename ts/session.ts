import type { Build, ImageLike, LayerTime, Net, Prediction } from './api.js'
import type { Port, Program } from './compile.js'
import { ConvletError } from './error.js'
import { plainPreprocess, toInput } from './image.js'
import { show, size } from './shape.js'
import type { ModelMeta, Shape } from './types.js'
import { bind, execute, type Kernels, type Step } from './wasm.js'

type Input = Float32Array | Readonly<Record<string, Float32Array>>
type Output = Readonly<Record<string, Float32Array>>

/** The steps for one number of images, bound once, and the views that its results are read through. */
interface Batch {
  readonly layers: readonly (readonly Step[])[]
  readonly steps: readonly Step[]
  readonly output: Output
}

const shapesOf = (ports: readonly Port[]): Record<string, Shape> =>
  Object.fromEntries(ports.map(({ name, shape }) => [name, shape]))

const softmax = (scores: Float32Array): number[] => {
  const top = scores.reduce((a, b) => Math.max(a, b))
  const powers = Array.from(scores, score => Math.exp(score - top))
  const sum = powers.reduce((a, b) => a + b)
  return powers.map(power => power / sum)
}

/** A network whose weights are in place. */
export const session = (
  program: Program,
  meta: ModelMeta,
  memory: ArrayBuffer,
  kernels: Kernels,
  build: Build,
): Net => {
  // Letting go of the views and the kernels lets go of the memory.
  let state: { floats: Float32Array; kernels: Kernels } | undefined = { floats: new Float32Array(memory), kernels }
  const batches: (Batch | undefined)[] = []
  const planned = program.inputs[0]!.shape[0]!
  const inputs = program.inputs.map(port => ({ ...port, one: size(port.shape) / planned }))

  const alive = () => {
    if (state === undefined) throw new ConvletError('INPUT', 'the network has been disposed of. Load it again.')
    return state
  }

  const prepare = (n: number): Batch => {
    const { floats, kernels } = alive()
    const layers = program.calls(n).map(calls => calls.map(call => bind(kernels, call)))
    const lengths = program.lengths(n)
    const view = ({ name, at }: Port, i: number): [string, Float32Array] => [
      name,
      floats.subarray(at / 4, at / 4 + lengths[i]!),
    ]
    return { layers, steps: layers.flat(), output: Object.fromEntries(program.outputs.map(view)) }
  }
  // Not one function with the above, whose closures make it allocate whenever it is entered.
  const batchOf = (n: number): Batch => (batches[n] ??= prepare(n))

  /** Copies the inputs into place and tells how many images they are. */
  const feed = (input: Input): number => {
    const { floats } = alive()
    let images = 0
    // By index: an iterator is an object, and a run makes none.
    for (let i = 0; i < inputs.length; i++) {
      const { name, shape, one, at } = inputs[i]!
      const values = input instanceof Float32Array && inputs.length === 1 ? input : (input as Output)[name]
      if (!(values instanceof Float32Array))
        throw new ConvletError(
          'INPUT',
          `input "${name}" is missing: pass { ${inputs.map(port => `"${port.name}"`).join(', ')} } as Float32Arrays.`,
        )
      const n = values.length / one
      if (!Number.isInteger(n) || n < 1 || n > planned || (images !== 0 && n !== images))
        throw new ConvletError(
          'INPUT',
          `input "${name}" takes ${one} numbers (${show(shape.slice(1))}) per image, ${images || `1 to ${planned}`} ` +
            `${images === 1 || planned === 1 ? 'image' : 'images'}; got ${values.length} numbers. ` +
            'Load with { batch } for more images, { inputShape } for another size.',
        )
      images = n
      floats.set(values, at / 4)
    }
    return images
  }

  const run = (input: Input): Output => {
    const { steps, output } = batchOf(feed(input))
    execute(steps)
    return output
  }

  const classify = (image: ImageLike | Float32Array, { top = 5 }: { readonly top?: number } = {}): Prediction[] => {
    const shape = program.inputs[0]!.shape.slice(1)
    const preprocess = meta.preprocess ?? plainPreprocess(shape[0]!)
    const input = image instanceof Float32Array ? image : toInput(image, preprocess, shape)
    if (input.length !== size(shape))
      throw new ConvletError(
        'INPUT',
        `classify takes one image, ${size(shape)} numbers (${show(shape)}); got ${input.length}.`,
      )
    const scores = run(input)[program.outputs[0]!.name]!
    const probabilities = program.normalised ? Array.from(scores) : softmax(scores)
    return probabilities
      .map((probability, index) => ({ label: meta.labels?.[index] ?? String(index), index, probability }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, top)
  }

  const profile = (input: Input): readonly LayerTime[] => {
    const { layers } = batchOf(feed(input))
    return layers.map((steps, i) => {
      const start = performance.now()
      execute(steps)
      return { ...program.layers[i]!, milliseconds: performance.now() - start }
    })
  }

  return {
    inputs: shapesOf(program.inputs),
    outputs: shapesOf(program.outputs),
    labels: meta.labels,
    preprocess: meta.preprocess,
    build,
    memory: program.memory,
    run,
    classify,
    summary: () => program.layers,
    profile,
    dispose: () => {
      state = undefined
      batches.length = 0
    },
  }
}
