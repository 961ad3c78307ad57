import { inferShapes, opOf } from '../infer.js'
import type { Graph, TensorInfo } from '../types.js'
import { drop } from './drop.js'
import { type Facts, fuseActivation, fuseBias, fusePad, fuseResidual } from './fuse.js'
import { type Laid, layOut } from './layout.js'

/** All passes in their order: what is left to do at inference, each value with its order in memory. */
export const simplify = (graph: Graph, tensors: ReadonlyMap<string, TensorInfo>): Laid => {
  const needed = drop(graph)
  const shapes = inferShapes(needed, tensors)
  const facts: Facts = { shape: value => shapes.get(value)!, constant: value => tensors.has(value) }
  return layOut(fuseActivation(fuseResidual(fuseBias(fusePad(needed), facts), facts)), facts, opOf)
}
