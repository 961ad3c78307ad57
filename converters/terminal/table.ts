import { bold, dim } from 'kleur/colors'
import { clean, shorten } from './text.js'

export interface Column {
  readonly title: string
  readonly cells: readonly string[]
  /** Said in fewer words, where the room does not suffice for all cells. */
  readonly brief?: readonly string[]
  readonly right?: boolean
  /** Cells may be shortened to so many columns where the room does not suffice. */
  readonly least?: number
}

const GAP = '  '

const widest = ({ title, cells }: Column): number => Math.max(title.length, ...cells.map(cell => cell.length))

const widthOf = (widths: readonly number[]): number =>
  widths.reduce((a, b) => a + b, 0) + GAP.length * (widths.length - 1)

/** How wide each column may be. What is too much is taken from those that can be shortened, the widest first. */
const fit = (table: readonly Column[], room: number): number[] => {
  const widths = table.map(widest)
  const spare = (i: number) =>
    widths[i]! - Math.max(table[i]!.title.length, table[i]!.least ?? Number.POSITIVE_INFINITY)
  while (widthOf(widths) > room) {
    const able = table.flatMap((_, i) => (spare(i) > 0 ? [i] : [])).sort((a, b) => widths[b]! - widths[a]!)
    if (able.length === 0) break
    widths[able[0]!]!--
  }
  return widths
}

/** Lines of a table; the last `totals` rows stand below a rule. Columns in which nothing is said are left out. */
export const table = (all: readonly Column[], room: number, totals = 0): string[] => {
  const full = all.filter(({ cells }) => cells.some(cell => cell !== ''))
  const tight = widthOf(full.map(widest)) > room
  const shown = full.map(column => ({ ...column, cells: ((tight && column.brief) || column.cells).map(clean) }))
  const widths = fit(shown, room)
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => {
        const cell = shorten(text, widths[i]!)
        return shown[i]!.right ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)
      })
      .join(GAP)
      .trimEnd()
  const rows = (shown[0]?.cells ?? []).map((_, row) => line(shown.map(({ cells }) => cells[row]!)))
  const rule = dim('─'.repeat(widthOf(widths)))
  const body = rows.slice(0, rows.length - totals)
  const sums = rows.slice(rows.length - totals).map(row => bold(row))
  return [dim(line(shown.map(({ title }) => title))), rule, ...body, ...(totals > 0 ? [rule, ...sums] : [])]
}
