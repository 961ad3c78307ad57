import type { Graph } from '../types.js'

/** How often each value is read. An output counts twice, so that no pass takes it for the business of a single reader. */
export const countUses = ({ nodes, outputs }: Graph): ReadonlyMap<string, number> => {
  const uses = new Map<string, number>()
  for (const value of [...nodes.flatMap(node => node.inputs), ...outputs, ...outputs])
    uses.set(value, (uses.get(value) ?? 0) + 1)
  return uses
}
