import { fail } from '../error.js'
import { backward } from '../ops/backward.js'
import type { Tape } from '../ops/grad/tape.js'
import type { Attr, Node, Shape } from '../types.js'

/** What is to be differentiated, and by what. */
export interface Wanted {
  readonly shape: (value: string) => Shape
  /** Whether a value is a trained tensor. */
  readonly trained: (value: string) => boolean
  /** Values whose gradients are known: the losses' gradients of the outputs. */
  readonly seeds: ReadonlyMap<string, string>
}

/** The values that depend on something trained. */
export const dependents = (nodes: readonly Node[], starts: (value: string, node: Node) => boolean): Set<string> => {
  const found = new Set<string>()
  for (const node of nodes)
    if (node.inputs.some(value => found.has(value) || starts(value, node)))
      for (const output of node.outputs) found.add(output)
  return found
}

/** Parts nodes into those that do not vary and the rest, and tells what these read that none of them makes. */
export const divide = (nodes: readonly Node[], varies: ReadonlySet<string>) => {
  const part = (wanted: boolean) => nodes.filter(({ outputs }) => varies.has(outputs[0]!) === wanted)
  const [before, rest] = [part(false), part(true)]
  const read = new Set(rest.flatMap(({ inputs }) => inputs))
  return { before, rest, read: [...read].filter(value => !varies.has(value)) }
}

/**
 * The nodes that compute the gradients of all trained tensors: the graph walked backwards (reverse accumulation; Griewank &
 * Walther 2008, chapter 3). What depends on nothing trained is left out, so that freezing is cheap by itself. The gradients
 * of tensors are accumulated in place by nodes without readers.
 */
export const differentiate = (nodes: readonly Node[], { shape, trained, seeds }: Wanted): Node[] => {
  const live = dependents(nodes, trained)
  const gradients = new Map(seeds)
  const made: Node[] = []
  const emitter =
    ({ name }: Node) =>
    (op: string, inputs: readonly string[], attrs: Readonly<Record<string, Attr>> = {}): string => {
      const value = `gradient ${made.length}`
      made.push({ op, name, inputs, outputs: [value], attrs })
      return value
    }
  const missing = new Map<string, number>()

  for (const node of nodes.toReversed()) {
    const y = node.outputs[0]!
    const given = gradients.get(y)
    if (given === undefined || !live.has(y)) continue
    const rule = Object.hasOwn(backward, node.op) && backward[node.op]
    if (!rule) {
      missing.set(node.op, (missing.get(node.op) ?? 0) + 1)
      continue
    }
    const emit = emitter(node)
    // Fused limits first: where they cut, nothing flows.
    const { lo, hi } = node.attrs
    const dy = lo === undefined ? given : emit('LimitsGrad', [given, y], { lo, ...(hi !== undefined && { hi }) })
    const tape: Tape = {
      node,
      dy,
      shape,
      emit,
      wants: i => trained(node.inputs[i] ?? '') || live.has(node.inputs[i] ?? ''),
      sum: i => gradients.get(node.inputs[i]!) ?? '',
      give: (i, gradient, whole) => {
        const input = node.inputs[i]!
        if (trained(input)) {
          emit('Accumulate', [input, gradient])
          return
        }
        const sum = gradients.get(input)
        gradients.set(input, sum === undefined || whole ? gradient : emit('Add', [sum, gradient]))
      },
    }
    rule(tape)
  }
  if (missing.size)
    fail(
      'UNSUPPORTED',
      `no gradient of ${Array.from(missing, ([op, count]) => `${op} (${count}×)`).join(', ')}; train only what lies behind`,
    )
  return made
}
