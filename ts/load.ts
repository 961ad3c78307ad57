import type { Inspection, LoadOptions, Net, PlanOptions, Source } from './api.js'
import { compile } from './compile.js'
import { oneOf } from './guards.js'
import type { Platform } from './platform.js'
import { session } from './session.js'
import { title } from './shape.js'
import { withFile } from './source.js'
import { shapesOf } from './trace.js'
import { bind, fastest, instantiate } from './wasm.js'
import { readWeights } from './weights.js'
import { why } from './why.js'

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
  (source: Source, options: LoadOptions = {}): Promise<Net> =>
    withFile(source, platform, options, async file => {
      const { wasm } = options
      const program = await compile(file.header, options)
      const build = oneOf('simd', 'relaxed')(options.build ?? (wasm ? 'simd' : fastest()), 'build', 'INPUT')
      const instance = instantiate(
        wasm ?? (await platform.wasm(build === 'simd' ? 'infer.wasm' : 'infer.relaxed.wasm')),
        program.memory.total,
      )
      await readWeights(program.compact?.widen(file, program, instance, bind) ?? file, program, instance)
      await file.end()
      return session(program, file.header, instance, build)
    })

/** `inspect` for a runtime. */
export const inspector =
  (platform: Platform) =>
  /** What a file holds and what it will cost: reads the header only and allocates nothing. Throws as `load` does. */
  (source: Source, options: PlanOptions = {}): Promise<Inspection> =>
    withFile(source, platform, {}, async ({ header }) => {
      const { inputs, outputs, layers, memory, graph, shape } = await compile(header, options)
      const { sha256, dataBegin, dataLength, tensors, ...meta } = header
      const present = new Set(graph.nodes.flatMap(node => [title(node), ...(node.fused ?? [])]))
      const given = header.graph ?? options.graph!
      /** The type of a layer's weights in the file. */
      const storedAs = (i: number) => tensors.get(graph.nodes[i]?.inputs[1] ?? '')?.dtype
      return {
        ...meta,
        inputs: shapesOf(inputs),
        outputs: shapesOf(outputs),
        layers: layers.map((layer, i) => ({
          ...layer,
          ...(storedAs(i) && { stored: storedAs(i)! }),
          ...why(layer, graph.nodes[i], shape, options.memory === 'fast'),
        })),
        removed: given.nodes.map(title).filter(name => !present.has(name)),
        memory,
      }
    })
