// A digit that draws itself, until somebody takes the pen.
import type { Stroke } from './glyph.js'
import type { Pad } from './pad.js'

const TWO: Stroke = [
  ...[0.31, 0.34, 0.34, 0.26, 0.41, 0.21, 0.5, 0.19, 0.59, 0.21, 0.65, 0.27, 0.66, 0.36, 0.62, 0.46, 0.54, 0.56],
  ...[0.44, 0.66, 0.35, 0.74, 0.3, 0.79, 0.36, 0.78, 0.46, 0.77, 0.58, 0.78, 0.7, 0.77],
]
const MILLISECONDS = 1400

/** The beginning of a stroke: this share of its points, the last one on its way to the next. */
const part = (stroke: Stroke, share: number): Stroke => {
  const at = share * (stroke.length / 2 - 1)
  const whole = Math.min(Math.floor(at), stroke.length / 2 - 2)
  const between = (k: number) =>
    stroke[2 * whole + k]! + (at - whole) * (stroke[2 * whole + 2 + k]! - stroke[2 * whole + k]!)
  return [...stroke.slice(0, 2 * whole + 2), between(0), between(1)]
}

export const demonstrate = (sheet: Pad): void => {
  // Who asks for less motion gets an empty sheet.
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  const start = performance.now()
  const step = (now: number) => {
    const share = Math.max(0, Math.min(1, (now - start) / MILLISECONDS))
    if (sheet.show([part(TWO, share)]) && share < 1) requestAnimationFrame(step)
  }
  requestAnimationFrame(step)
}
