import { resize } from '../compile.js'
import { training } from '../ops/backward.js'
import type { TrainScope } from '../ops/grad/tape.js'
import type { Op, Pack } from '../ops/op.js'
import { NORM } from '../ops/panels.js'
import { place } from '../plan.js'
import { misfit, size } from '../shape.js'
import { align, STATIC, type Trace, trace } from '../trace.js'
import type { Graph, TensorInfo } from '../types.js'
import type { TrainMemory } from './api.js'
import { type Parts, type PartsOptions, parts } from './parts.js'

/** The packed form of a tensor that stays as it is: trained parameters, and statistics that follow along. */
export interface Slot {
  readonly tensor: string
  readonly at: number
  readonly floats: number
  readonly rows: number
  readonly pack: Pack
  /** Bytes from the beginning of the gradients, and of each moment; none for what is not trained. */
  readonly offset: number | undefined
}

export interface TrainProgram extends Parts {
  readonly batch: number
  readonly inputs: Trace['inputs']
  readonly packed: Trace['packed']
  readonly finish: Trace['finish']
  readonly slots: readonly Slot[]
  readonly memory: TrainMemory
  /** Where the gradients, the moments one after the other, and the arena begin. */
  readonly gradients: number
  readonly moments: number
  readonly arena: number
  /** What runs for n images. */
  readonly run: (n: number) => Pick<Trace, 'layers' | 'outputs'>
}

/** The running means and variances that the steps of a program bring up to date. */
export const runningStatistics = ({ graph, slots }: Pick<TrainProgram, 'graph' | 'slots'>): readonly Slot[] => {
  const names = graph.nodes.flatMap(({ op, inputs }) => (op === 'BatchStats' ? inputs.slice(1) : []))
  return slots.filter(({ tensor }) => names.includes(tensor))
}

/** All that training changes: parameters, and running statistics. */
export const changing = (program: Pick<TrainProgram, 'graph' | 'slots'>): readonly Slot[] => {
  const running = runningStatistics(program)
  return program.slots.filter(slot => slot.offset !== undefined || running.includes(slot))
}

export interface CompileOptions extends Omit<PartsOptions, 'ops'> {
  readonly batch: number
  /** Moments of the optimizer. */
  readonly moments: number
}

/** Dropout's 32 random bits lie among the static data. */
export const SEED = 64

/** Operators that may have a batch norm folded in. */
const FOLDING = /^Conv(Transpose)?$/

const PAGE = 65536

/**
 * The operators of one trace. A tensor that several nodes pack alike is packed once, so that all of them see it change; what is
 * folded at load is apart, since folding overwrites it.
 */
const operators = (
  slots: Slot[],
  isTrained: (tensor: string) => boolean,
  gradients: number,
): Readonly<Record<string, Op>> => {
  const known = new Map<string, number>()
  const offsets = new Map<number, number>()
  let end = 0
  const extend = (scope: TrainScope): TrainScope => {
    const { packed, node } = scope
    return Object.assign(scope, {
      seed: SEED,
      gradient: (at: number) => gradients + offsets.get(at)!,
      packed: ((i, floats, rows, pack) => {
        const tensor = node.inputs[i]!
        if (!tensor || (FOLDING.test(node.op) && node.inputs[NORM])) return packed(i, floats, rows, pack)
        const key = `${tensor} ${floats} ${rows} ${pack(0, 0, 0, rows)}`
        const had = known.get(key)
        if (had !== undefined) return had
        const at = packed(i, floats, rows, pack)
        known.set(key, at)
        const trained = isTrained(tensor)
        if (trained && slots.some(slot => slot.tensor === tensor))
          misfit(node, `${tensor} is read by another node in another order; training cannot keep the two alike`)
        slots.push({ tensor, at, floats, rows, pack, offset: trained ? end : undefined })
        if (trained) {
          offsets.set(at, end)
          end += align(floats * 4)
        }
        return at
      }) satisfies TrainScope['packed'],
    })
  }
  return Object.fromEntries(
    Object.entries(training).map(([name, { run, ...op }]): [string, Op] => [
      name,
      { ...op, run: (scope, ...shapes) => run(extend(scope as TrainScope), ...shapes) },
    ]),
  )
}

/** One way of training a graph. */
const plan = (given: Graph, tensors: ReadonlyMap<string, TensorInfo>, options: CompileOptions): TrainProgram => {
  const { batch, moments } = options
  const isTrained = options.trained
  const made = parts(given, tensors, { ...options, ops: operators([], isTrained, 0) })
  const follow = (graph: Graph, gradients: number, plan?: Pick<Trace, 'blocks' | 'shape'>) => {
    const slots: Slot[] = []
    return { slots, ...trace(graph, tensors, false, operators(slots, isTrained, gradients), plan) }
  }
  const first = follow(made.graph, 0)
  const { blocks, weightsEnd, packed, finish, slots } = first
  const bytes = slots.reduce((end, { offset, floats }) => (offset === undefined ? end : offset + align(floats * 4)), 0)
  const base = weightsEnd + bytes * (1 + moments)
  let arena = place(new Set(blocks.values()), base)
  // Weights are packed, and unpacked, by way of the arena.
  for (const [tensor, forms] of packed)
    for (const { rows } of forms) arena = Math.max(arena, align((size(tensors.get(tensor)!.shape) / rows) * 4))
  const total = Math.ceil((base + arena) / PAGE) * PAGE
  const run = (n: number) => follow(resize(made.graph, n), weightsEnd, first)
  const own = changing({ graph: made.graph, slots }).reduce((sum, { floats }) => sum + floats * 4, 0)
  return {
    ...made,
    batch,
    inputs: run(batch).inputs,
    packed,
    finish,
    slots,
    gradients: weightsEnd,
    moments: weightsEnd + bytes,
    arena: base,
    memory: {
      static: STATIC,
      weights: weightsEnd - STATIC,
      gradients: bytes,
      moments: bytes * moments,
      arena,
      frozen: 0,
      total,
      fallback: own + bytes * (moments + (options.accumulate > 1 ? 1 : 0)),
    },
    run,
  }
}

/**
 * From a graph to the calls of a training step and of an evaluation, in memory planned to the last byte. Where computing
 * activations again does not save memory, as in small networks, they are kept.
 */
export const compile = (
  given: Graph,
  tensors: ReadonlyMap<string, TensorInfo>,
  options: CompileOptions,
): TrainProgram => {
  const programs = (options.recompute ? [true, false] : [false]).map(recompute =>
    plan(given, tensors, { ...options, recompute }),
  )
  return programs.reduce((a, b) => (b.memory.arena < a.memory.arena ? b : a))
}
