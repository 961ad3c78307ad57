// Numbers and names as people read them.

const scaled = (n: number, base: number, units: readonly string[]): string => {
  let [value, unit] = [n, 0]
  while (unit < units.length - 1 && Number(value.toFixed(1)) >= base) {
    value /= base
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`.trimEnd()
}

/** 156, 117.6 K, 25.6 M */
export const count = (n: number): string => scaled(n, 1000, ['', 'K', 'M', 'G', 'T'])

/** 980 B, 245.4 KB, 97.5 MB: of 1024 bytes, as memory is counted. */
export const bytes = (n: number): string => scaled(n, 1024, ['B', 'KB', 'MB', 'GB', 'TB']).replace('.0 ', ' ')

/** Three digits that count: 0.072, 1.94, 12.3, 123. */
export const milliseconds = (ms: number): string =>
  ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(3)

/** 40 ms, 6.1 s, 1:05, 2:03:10 */
export const duration = (seconds: number): string => {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`
  const whole = Math.round(seconds)
  const two = (n: number) => `${n}`.padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

/** 99.98 %; never rounded to a certainty. */
export const percent = (p: number): string => {
  const text = (p * 100).toFixed(2)
  if (p < 1 && text === '100.00') return '>99.99 %'
  return p > 0 && text === '0.00' ? '<0.01 %' : `${text} %`
}

/** `1 node`, `2 nodes`. */
export const plural = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`

export const showShape = (shape: readonly number[]): string => shape.join('×') || 'scalar'

/** Without what would move the cursor or ring the bell: names come from files of strangers. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const clean = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?')

/** The beginning and the end of a text that is too long, more of the end: that is where exporters' names differ. */
export const shorten = (text: string, width: number): string => {
  if (text.length <= width) return text
  const end = Math.ceil(((width - 1) * 2) / 3)
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of `width` columns, drawn to an eighth of a column. */
export const bar = (fraction: number, width: number): string => {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8)
  return `${'█'.repeat(eighths >> 3)}${EIGHTHS[eighths & 7]}`.padEnd(width)
}

/** Columns of the terminal; what is piped has a hundred. */
export const columns = (): number => Math.min(120, Math.max(72, process.stdout.columns ?? 100))
