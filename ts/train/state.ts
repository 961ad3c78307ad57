import { fail } from '../error.js'
import { same, size } from '../shape.js'
import type { Shape, Tensor } from '../types.js'
import type { Instance } from '../wasm.js'
import type { Unpacked } from './checkpoint.js'
import { changing, type Slot, type TrainProgram } from './compile.js'
import { readSlot, tensorOf, writeSlot } from './weights.js'

/** All that training changes, tensor by tensor. */
export interface State {
  /** Trained tensors and running statistics as they are now. */
  readonly changed: () => Map<string, Tensor>
  /** The gradient of a trained tensor; undefined if it is not trained. */
  readonly gradient: (name: string) => Float32Array | undefined
  /** All of it for a checkpoint, gradients as well where some are pending, and what `best` brings back. */
  readonly save: (pending: boolean, best: (() => void) | undefined) => Map<string, Tensor>
  /** Takes back what `save` gave, and gives what brings back the best; throws before it changes anything. */
  readonly restore: (saved: Unpacked['tensors'], pending: boolean, best: boolean) => (() => void) | undefined
  /** Keeps what training changes, and the memory from an address to the arena (gradients and moments); gives what brings it back. */
  readonly snapshot: (from?: number) => () => void
  /** The first tensor that is no longer finite. */
  readonly spoilt: () => string | undefined
}

const bestOf = (tensor: string): string => `${tensor} at its best`

export const stateOf = (program: TrainProgram, instance: Instance, tensors: ReadonlyMap<string, Tensor>): State => {
  const { gradients, moments, memory } = program
  const slots = changing(program)
  const shapeOf = ({ tensor }: Slot): Shape => tensors.get(tensor)!.shape
  const numbers = (slot: Slot, shift: number) => readSlot(slot, shift, size(shapeOf(slot)), program, instance)
  const kept = memory.moments / (memory.gradients || 1)

  /** What there is of a tensor: its name in a checkpoint, and how far from the tensor itself it lies. */
  const copies = (slot: Slot, pending: boolean): (readonly [name: string, shift: number])[] => {
    const { tensor, at, offset } = slot
    if (offset === undefined) return [[tensor, 0]]
    const list = Array.from({ length: kept }, (_, i): readonly [string, number] => [
      `${tensor} moment ${i}`,
      moments + i * memory.gradients,
    ])
    if (pending) list.push([`${tensor} gradient`, gradients])
    return [[tensor, 0], ...list.map(([name, begin]) => [name, begin + offset - at] as const)]
  }
  const pieces = (pending: boolean) =>
    slots.flatMap(slot => copies(slot, pending).map(([name, shift]) => [slot, name, shift] as const))
  const changed = () => new Map(slots.map(slot => [slot.tensor, tensorOf(shapeOf(slot), numbers(slot, 0))]))
  const snapshot = (from = program.arena) => {
    const floats = new Float32Array(instance.buffer)
    const keep = (at: number, end: number) => [at / 4, floats.slice(at / 4, end / 4)] as const
    const kept = [...slots.map(({ at, floats: n }) => keep(at, at + n * 4)), keep(from, program.arena)]
    return () => {
      for (const [at, values] of kept) floats.set(values, at)
    }
  }
  return {
    changed,
    snapshot,
    spoilt: () =>
      slots.find(({ at, floats: n }) => !new Float32Array(instance.buffer, at, n).every(Number.isFinite))?.tensor,
    gradient: name => {
      const slot = slots.find(({ tensor, offset }) => tensor === name && offset !== undefined)
      return slot && numbers(slot, gradients + slot.offset! - slot.at)
    },
    save: (pending, best) => {
      const now = new Map(
        pieces(pending).map(([slot, name, shift]) => [name, tensorOf(shapeOf(slot), numbers(slot, shift))]),
      )
      if (best) {
        const back = snapshot()
        best()
        for (const [name, tensor] of changed()) now.set(bestOf(name), tensor)
        back()
      }
      return now
    },
    restore: (saved, pending, best) => {
      const find = (slot: Slot, name: string) => {
        const found = saved.get(name)
        return found && same(found.shape, shapeOf(slot))
          ? found.values
          : fail(
              'INPUT',
              `the checkpoint has no "${name}" of the shape that is trained; was it made with other options?`,
            )
      }
      const bests = best ? slots.map(slot => [slot, find(slot, bestOf(slot.tensor))] as const) : []
      const list = pieces(pending).map(([slot, name, shift]) => [slot, shift, find(slot, name)] as const)
      // What was trained then and is not now would stay as the trainer began with it.
      const known = new Set([...pieces(pending).map(([, name]) => name), ...bests.map(([s]) => bestOf(s.tensor))])
      for (const name of saved.keys())
        if (!known.has(name))
          fail('INPUT', `the checkpoint has "${name}", which is not trained; was it made with other options?`)
      for (const [slot, values] of bests) writeSlot(slot, 0, values, program, instance)
      const kept = best ? snapshot() : undefined
      for (const [slot, shift, values] of list) writeSlot(slot, shift, values, program, instance)
      return kept
    },
  }
}
