import type { StepProgress } from '../../ts/train/api.js'

/** Means over a part of an epoch, which ends at `epoch` (of whole ones: 1, 2, …). */
export interface CurvePoint {
  readonly epoch: number
  readonly loss: number
  readonly accuracy: number
}

/** A learning curve, and the steps of its next point: what a checkpoint keeps of it. */
export interface Curve {
  readonly points: CurvePoint[]
  loss: number
  correct: number
  count: number
}

export const newCurve = (): Curve => ({ points: [], loss: 0, correct: 0, count: 0 })

/** So many points are enough for a picture, of so many steps at least: fewer are mostly noise. */
const POINTS = 150
const LEAST = 8

/** Adds one of `perEpoch` steps; a point is made when its share of the epoch is over. */
export const addStep = (curve: Curve, step: StepProgress, perEpoch: number, epochs: number): void => {
  curve.loss += step.loss * step.count
  curve.correct += step.correct
  curve.count += step.count
  const done = step.step - (step.epoch - 1) * perEpoch
  const parts = Math.max(1, Math.floor(Math.min(POINTS / epochs, perEpoch / LEAST)))
  const share = (n: number) => Math.floor((n * parts) / perEpoch)
  if (share(done) === share(done - 1)) return
  const { loss, correct, count } = curve
  curve.points.push({ epoch: step.epoch - 1 + done / perEpoch, loss: loss / count, accuracy: correct / count })
  Object.assign(curve, { loss: 0, correct: 0, count: 0 })
}
