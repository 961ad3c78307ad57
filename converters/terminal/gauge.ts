// A line on the terminal that tells how far a long work is. Nothing where stderr is no terminal.
import { dim } from 'kleur/colors'

const INTERVAL = 100
const WIDTH = 20
const CLEAR = '\r\x1b[K'

export interface Gauge {
  /** `parts` are what can be left out from the end where the terminal is narrow. */
  readonly show: (done: number, parts: readonly string[]) => void
  readonly clear: () => void
}

/** As many parts as there is room for. */
export const fitted = (parts: readonly string[], room: number): string => {
  let text = parts[0] ?? ''
  for (const part of parts.slice(1)) {
    if (text.length + 2 + part.length > room) break
    text += `  ${part}`
  }
  return text
}

export const gauge = (stream: NodeJS.WriteStream = process.stderr): Gauge => {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} }
  let next = 0
  let shown = false
  return {
    show: (done, parts) => {
      const now = performance.now()
      if (now < next) return
      next = now + INTERVAL
      shown = true
      const filled = Math.round(Math.min(1, done) * WIDTH)
      const bar = `${'━'.repeat(filled)}${dim('╌'.repeat(WIDTH - filled))}`
      stream.write(`${CLEAR}${bar}  ${fitted(parts, (stream.columns ?? 80) - WIDTH - 3)}`)
    },
    clear: () => {
      if (shown) stream.write(CLEAR)
      shown = false
      next = 0
    },
  }
}
