// What a hand draws: digits and symbols as the pen's ways, each time a little different, the same for the same seed.
import type { Stroke } from '../../examples/web/src/glyph.js'
import { random } from '../random.js'

/** Points that the pen passes, in a box of 100 by 100. */
type Way = readonly (readonly [x: number, y: number])[]

/** A smooth line through all points (Catmull-Rom), or straight lines with corners. */
const along = (way: Way, smooth: boolean, steps = 8): Way => {
  const at = (i: number) => way[Math.max(0, Math.min(way.length - 1, i))]!
  const between = (i: number, t: number, n: 0 | 1): number => {
    const [a, b, c, d] = [at(i - 1)[n], at(i)[n], at(i + 1)[n], at(i + 2)[n]]
    if (!smooth) return b + t * (c - b)
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
  }
  const inner = way
    .slice(1)
    .flatMap((_, i) =>
      Array.from({ length: steps }, (_, k) => [between(i, k / steps, 0), between(i, k / steps, 1)] as const),
    )
  return [...inner, way.at(-1)!]
}

const points = (text: string): Way =>
  text.split(', ').map(point => {
    const [x, y] = point.split(' ').map(Number)
    return [x!, y!]
  })
const curve = (text: string): Way => along(points(text), true)
const lines = (text: string): Way => along(points(text), false)
const turns = (count: number): Way =>
  Array.from({ length: 60 }, (_, i) => {
    const [angle, radius] = [(i / 59) * count * 2 * Math.PI, 4 + (i / 59) * 44]
    return [50 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)] as const
  })
const star = Array.from({ length: 6 }, (_, i) => {
  const angle = (i * 4 * Math.PI) / 5 - Math.PI / 2
  return [50 + 48 * Math.cos(angle), 50 + 48 * Math.sin(angle)] as const
})

export const digits: readonly (readonly Way[])[] = [
  [curve('58 6, 34 14, 22 45, 28 80, 48 95, 70 78, 76 45, 66 14, 54 5')],
  [lines('54 4, 48 96')],
  [curve('24 26, 36 8, 60 6, 72 24, 62 48, 40 72, 20 92, 46 90, 78 91')],
  [curve('24 16, 48 5, 70 18, 62 38, 42 47, 66 54, 74 74, 56 93, 22 86')],
  [lines('36 6, 24 54, 78 52'), lines('66 24, 58 97')],
  [lines('72 7, 34 8, 28 44'), curve('28 44, 52 38, 74 54, 70 82, 46 95, 22 87')],
  [curve('64 5, 40 22, 26 54, 30 86, 52 95, 70 80, 66 60, 46 54, 28 70')],
  [lines('20 10, 78 8, 44 96')],
  [curve('68 18, 48 5, 28 20, 40 40, 62 56, 72 78, 50 96, 28 80, 38 58, 62 38, 68 20')],
  [curve('70 26, 52 6, 30 20, 32 44, 54 48, 70 26, 66 60, 56 97')],
]

export const symbols = {
  triangle: [lines('50 8, 8 88, 92 88, 50 8')],
  spiral: [turns(2.4)],
  star: [along(star, false)],
  house: [lines('14 96, 14 44, 50 6, 86 44, 86 96, 14 96')],
  heart: [curve('50 92, 14 54, 8 24, 28 8, 50 28'), curve('50 28, 72 8, 92 24, 86 54, 50 92')],
  arrow: [lines('4 50, 96 50'), lines('66 22, 96 50, 66 78')],
  cross: [lines('10 10, 90 90'), lines('90 10, 10 90')],
  square: [lines('12 12, 88 12, 88 88, 12 88, 12 12')],
  wave: [curve('2 50, 18 26, 34 50, 50 74, 66 50, 82 26, 98 50')],
  lightning: [lines('62 4, 28 54, 70 48, 36 96')],
} as const satisfies Record<string, readonly Way[]>

/** One drawing, as shares of the pad: turned, slanted, stretched, moved and a little unsteady. `wild` 1 is a usual hand. */
export const drawn = (ways: readonly Way[], seed: number, wild = 1): Stroke[] => {
  const next = random(seed)
  const about = (most: number) => (2 * next() - 1) * most * wild
  const [turn, slant, size] = [about(0.14), about(0.16), 0.62 + about(0.12)]
  const [wide, high] = [size * (1 + about(0.14)), size * (1 + about(0.14))]
  const [x0, y0] = [0.5 + about(0.08), 0.5 + about(0.08)]
  // A slow wobble: a hand leaves its way, but not from one point to the next.
  const waves = Array.from({ length: 4 }, () => [about(0.018), 2 + 3 * next(), 7 * next()] as const)
  return ways.map(way =>
    way.flatMap(([px, py], i) => {
      const t = i / Math.max(1, way.length - 1)
      const wobble = (k: number) => waves[k]![0] * Math.sin(waves[k]![1] * 2 * t + waves[k]![2])
      const [x, y] = [((px - 50) / 100 - (slant * (py - 50)) / 100) * wide, ((py - 50) / 100) * high]
      return [
        x0 + x * Math.cos(turn) - y * Math.sin(turn) + wobble(0) + wobble(1),
        y0 + x * Math.sin(turn) + y * Math.cos(turn) + wobble(2) + wobble(3),
      ]
    }),
  )
}
