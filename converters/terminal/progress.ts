import { bytes, clean, shorten } from './text.js'

const DELAY = 250
const INTERVAL = 50
const WIDTH = 24

export interface ProgressLine {
  readonly update: (loaded: number, total?: number | undefined) => void
  /** Takes the line away. */
  readonly end: () => void
}

/** A line on the terminal for what takes long, of so many bytes or other things; nothing where stderr is no terminal, nor for what is done at once. */
export const progressLine = (what: string, show: (n: number) => string = bytes): ProgressLine => {
  if (!process.stderr.isTTY) return { update: () => {}, end: () => {} }
  let next = performance.now() + DELAY
  let shown = false
  const update: ProgressLine['update'] = (loaded, total) => {
    const now = performance.now()
    if (now < next) return
    next = now + INTERVAL
    shown = true
    const done = total ? Math.min(1, loaded / total) : 0
    const filled = Math.round(done * WIDTH)
    const gauge = total
      ? `${'━'.repeat(filled)}${'╌'.repeat(WIDTH - filled)} ${Math.floor(done * 100)} % of ${show(total)}`
      : show(loaded)
    // A line that is wrapped cannot be taken back.
    const room = Math.max(8, (process.stderr.columns ?? 80) - gauge.length - 3)
    process.stderr.write(`\r\x1b[K${shorten(clean(what), room)}  ${gauge}`)
  }
  const end = () => {
    if (shown) process.stderr.write('\r\x1b[K')
    shown = false
  }
  return { update, end }
}
