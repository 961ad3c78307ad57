// How often a network took one class for another.
import { $, bold, dim, green, red } from 'kleur/colors'
import { clean, shorten } from './text.js'

/** `confusion[label][answer]`: images. */
export type Confusion = readonly (readonly number[])[]

export interface Mistake {
  readonly label: string
  readonly answer: string
  readonly count: number
  /** Of the images of `label`. */
  readonly share: number
}

export interface ClassAccuracy {
  readonly label: string
  readonly correct: number
  readonly count: number
  /** `null` where there is no image of the class. */
  readonly accuracy: number | null
}

const sum = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0)

export const perClass = (confusion: Confusion, labels: readonly string[]): ClassAccuracy[] =>
  confusion.map((row, i) => {
    const count = sum(row)
    const correct = row[i]!
    return { label: labels[i] ?? `${i}`, correct, count, accuracy: count ? correct / count : null }
  })

/** The most frequent mistakes, the worst first. */
export const mistakes = (confusion: Confusion, labels: readonly string[], most = 10): Mistake[] =>
  confusion
    .flatMap((row, i) =>
      row.map((count, k): Mistake & { readonly wrong: boolean } => ({
        ...{ label: labels[i] ?? `${i}`, answer: labels[k] ?? `${k}`, count },
        ...{ share: count / sum(row), wrong: i !== k },
      })),
    )
    .filter(({ wrong, count }) => wrong && count > 0)
    .sort((a, b) => b.count - a.count || b.share - a.share)
    .slice(0, most)
    .map(({ wrong, ...mistake }) => mistake)

// Of the 256 colours: from nearly nothing to full, by the share of the row.
const RIGHT = [22, 22, 28, 34]
const WRONG = [52, 88, 124, 160]
/** What is so seldom has no ground: it would be everywhere. */
const RARE = 0.01

/** The cell on a ground that is the fuller the larger its share is. */
const shade = (text: string, share: number, isRight: boolean): string => {
  if (!$.enabled || (!isRight && share < RARE)) return text
  const ground = (isRight ? RIGHT : WRONG)[Math.min(3, Math.floor((isRight ? share : Math.sqrt(share)) * 4))]!
  return `\x1b[48;5;${ground};38;5;${isRight && share >= 0.75 ? 16 : 231}m${text}\x1b[0m`
}

const NAME = 14

/** A row for each class, a column for each answer, and the share of the row that is right. */
export const matrix = (confusion: Confusion, labels: readonly string[]): string[] => {
  const names = confusion.map((_, i) => shorten(clean(labels[i] ?? `${i}`), NAME))
  const left = Math.max(...names.map(name => name.length), 5)
  const digits = Math.max(2, ...confusion.flat().map(n => `${n}`.length))
  // Columns are called by numbers where the names are too long.
  const short = names.every(name => name.length <= digits)
  const heads = names.map((name, i) => (short ? name : `${i}`).padStart(digits))
  const number = (i: number) => (short ? '' : `${`${i}`.padStart(2)} `)
  const indent = ' '.repeat(left + number(0).length)
  const rows = confusion.map((row, i) => {
    const total = sum(row)
    const cells = row.map((count, k) => {
      const text = ` ${count === 0 ? '·'.padStart(digits) : `${count}`.padStart(digits)}`
      return count === 0 ? dim(text) : shade(text, count / total, i === k)
    })
    const right = total ? `${((row[i]! / total) * 100).toFixed(1).padStart(6)} %` : ''.padStart(8)
    return `${number(i)}${names[i]!.padEnd(left)} ${cells.join('')} ${right}`
  })
  return [dim(`${indent}  ${heads.join(' ')}    right`), ...rows]
}

/** For more classes than a matrix has room for: the classes that are known worst, and the most frequent mistakes. */
export const topConfusions = (confusion: Confusion, labels: readonly string[]): string[] => {
  const found = mistakes(confusion, labels, 15)
  if (found.length === 0) return ['no mistakes']
  const name = (text: string) => shorten(clean(text), 28)
  const width = Math.max(...found.map(({ label }) => name(label).length))
  const worst = perClass(confusion, labels)
    .filter(c => c.accuracy !== null && c.accuracy < 1)
    .sort((a, b) => a.accuracy! - b.accuracy!)
    .slice(0, 5)
  const other = Math.max(...found.map(({ answer }) => name(answer).length))
  return [
    bold('most frequent mistakes'),
    ...found.map(
      ({ label, answer, count, share }) =>
        `  ${green(name(label).padEnd(width))} taken for ${red(name(answer).padEnd(other))} ${`${count}`.padStart(5)} times, ${(share * 100).toFixed(1)} %`,
    ),
    bold('least known classes'),
    ...worst.map(c => `  ${name(c.label).padEnd(width)} ${(c.accuracy! * 100).toFixed(1).padStart(5)} % of ${c.count}`),
  ]
}
