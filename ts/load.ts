import type { Inspection, LoadOptions, Net, PlanOptions, Source } from './api.js'
import { compile } from './compile.js'
import { ConvletError } from './error.js'
import type { Platform } from './platform.js'
import { session } from './session.js'
import { aborted, open, readHeader } from './source.js'
import { builds, instantiate } from './wasm.js'
import { weightWriter } from './weights.js'

/** `load` for a runtime. */
export const loader =
  (platform: Platform) =>
  /**
   * Loads a network from a convlet file, or from a plain safetensors file with `{ graph }`. Everything is planned from the
   * file's header, before memory is allocated; then the weights are packed while they arrive.
   *
   * @throws ConvletError — `FILE` for a damaged or foreign file, `GRAPH`, `SHAPE` and `UNSUPPORTED` for a network that cannot
   * run, `MEMORY` beyond `memoryLimit` or what the engine gives, `ABORTED` by `signal`.
   */
  async (source: Source, options: LoadOptions = {}): Promise<Net> => {
    const { signal, memoryLimit = Number.POSITIVE_INFINITY } = options
    if (signal?.aborted) throw aborted(signal)
    const file = await readHeader(await open(source, platform, signal), platform, options)
    try {
      const { header } = file
      const program = compile(header, options)
      const { total } = program.memory
      if (total > memoryLimit)
        throw new ConvletError('MEMORY', `the network needs ${total} bytes of memory, memoryLimit is ${memoryLimit}.`)
      const build = options.build ?? (options.wasm === undefined ? builds()[0]! : 'simd')
      const module = options.wasm ?? (await platform.wasm(build))
      const { memory, kernels } = instantiate(module, total)
      const write = weightWriter(header, program, memory, kernels)
      for await (const chunk of file.data()) write(chunk)
      return session(program, header, memory, kernels, build)
    } catch (cause) {
      throw signal?.aborted && !(cause instanceof ConvletError) ? aborted(signal) : cause
    } finally {
      await file.close()
    }
  }

/** `inspect` for a runtime. */
export const inspector =
  (platform: Platform) =>
  /** What a file holds and what it will cost: reads the header only and allocates nothing. Throws as `load` does. */
  async (source: Source, options: PlanOptions = {}): Promise<Inspection> => {
    const file = await readHeader(await open(source, platform), platform, {})
    await file.close()
    const { graph, preprocess, labels, source: origin, opset } = file.header
    const { inputs, outputs, layers, removed, memory } = compile(file.header, options)
    const shapes = (ports: typeof inputs) => Object.fromEntries(ports.map(({ name, shape }) => [name, shape]))
    return {
      ...(graph && { graph }),
      ...(preprocess && { preprocess }),
      ...(labels && { labels }),
      ...(origin !== undefined && { source: origin }),
      ...(opset !== undefined && { opset }),
      inputs: shapes(inputs),
      outputs: shapes(outputs),
      layers,
      removed,
      memory,
    }
  }
