// The picture of a training: loss and accuracy over the epochs. Scales and lines are D3's, the SVG is written as text: 77 KB of the
// command line's bundle, where ECharts with its SVG renderer takes 1.2 MB.
import { scaleLinear, scaleLog } from 'd3-scale'
import { line } from 'd3-shape'
import type { Epoch } from '../../ts/train/api.js'
import type { CurvePoint } from './curve.js'

const [WIDTH, HEIGHT] = [920, 400]
const PANEL = { width: 340, height: 270, top: 86 }
const LEFT = [64, 516] as const
const COLOR = { training: '#2f6fb3', validation: '#d9661f', ink: '#23282d', soft: '#68727c', grid: '#e4e7ea' }

type Point = readonly [x: number, y: number]

interface Panel {
  readonly title: string
  readonly training: readonly Point[]
  readonly validation: readonly Point[]
  readonly epochs: number
  /** The epoch whose weights were written, if it is not the last one. */
  readonly written: number | undefined
  /** The accuracy: from 0 to 1, shown in percent. */
  readonly isShare: boolean
}

const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has none of them
  text.replace(/[\x00-\x1f]/g, ' ').replace(/[&<>"]/g, char => `&#${char.codePointAt(0)};`)

const round = (n: number): number => Math.round(n * 10) / 10

const text = (x: number, y: number, what: string, attributes = ''): string =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(what)}</text>`

/** What a tenth of the values is not above: curves begin far from where they end, and would be flat at their ends. */
const low = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 10)]!

/** Shares up to 1; losses from 0, or in powers of ten where they fall by more than twenty times. */
const scaleOf = (values: readonly number[], isShare: boolean) => {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const range: [number, number] = [PANEL.height, 0]
  if (isShare) return scaleLinear([Math.max(0, low(values) - (1 - low(values)) * 0.2), 1], range).nice(5)
  if (least > 0 && most / least > 20) return scaleLog([least, most], range).nice()
  return scaleLinear([0, most > 0 ? most : 1], range).nice(5)
}

const draw = ({ title, training, validation, epochs, written, isShare }: Panel, left: number): string => {
  const x = scaleLinear([0, epochs], [0, PANEL.width])
  const y = scaleOf(
    [...training, ...validation].map(([, value]) => value),
    isShare,
  )
  const name = isShare
    ? (value: number) => `${Number((value * 100).toFixed(2))} %`
    : (value: number) => `${Number(value.toPrecision(3))}`
  const path = line<Point>(
    ([at]) => round(x(at)),
    ([, value]) => round(y(value)),
  )
  const dots = (points: readonly Point[], color: string) =>
    points
      .filter(([, value]) => y(value) <= PANEL.height)
      .map(([at, value]) => `<circle cx="${round(x(at))}" cy="${round(y(value))}" r="3" fill="${color}"/>`)
      .join('')
  const curve = (points: readonly Point[], color: string, width: number) =>
    points.length > 1 ? `<path d="${path(points)}" stroke="${color}" stroke-width="${width}"/>` : dots(points, color)
  const last = [
    ...(training.length > 0 ? [{ point: training.at(-1)!, color: COLOR.training }] : []),
    ...(validation.length > 0 ? [{ point: validation.at(-1)!, color: COLOR.validation }] : []),
  ]
  // Labels of the ends keep a line's distance.
  const ends = last.map(({ point: [, value], color }) => ({ at: y(value), value, color })).sort((a, b) => a.at - b.at)
  for (const [i, end] of ends.entries()) if (i > 0) end.at = Math.max(end.at, ends[i - 1]!.at + 14)

  const ticks = y.ticks(5).filter((tick, _, all) => all.length <= 8 || /^[125]e/.test(tick.toExponential()))
  return `<g transform="translate(${left} ${PANEL.top})">
${text(0, -14, title, `font-weight="600" fill="${COLOR.ink}"`)}
${ticks
  .map(
    tick =>
      `<path d="M0 ${round(y(tick))}H${PANEL.width}" stroke="${COLOR.grid}"/>${text(-8, y(tick) + 4, name(tick), 'text-anchor="end"')}`,
  )
  .join('\n')}
${x
  .ticks(Math.min(10, epochs))
  .filter(Number.isInteger)
  .map(tick => text(x(tick), PANEL.height + 18, `${tick}`, 'text-anchor="middle"'))
  .join('\n')}
<path d="M0 ${PANEL.height}H${PANEL.width}" stroke="${COLOR.soft}"/>
${text(PANEL.width / 2, PANEL.height + 36, 'epoch', 'text-anchor="middle"')}
${
  written === undefined
    ? ''
    : `<path d="M${round(x(written))} 0V${PANEL.height}" stroke="${COLOR.soft}" stroke-dasharray="2 4"/>${text(x(written), -4, 'written', 'text-anchor="middle" font-size="11"')}`
}
<g clip-path="url(#panel)" fill="none" stroke-linejoin="round" stroke-linecap="round">${curve(training, COLOR.training, 1.5)}${curve(validation, COLOR.validation, 2)}</g>
${validation.length <= 30 ? dots(validation, COLOR.validation) : ''}
${ends.map(({ at, value, color }) => text(PANEL.width + 6, at + 4, name(Number(value.toPrecision(3))), `fill="${color}" font-weight="600"`)).join('\n')}
</g>`
}

export interface Chart {
  readonly title: string
  readonly subtitle: string
  readonly points: readonly CurvePoint[]
  readonly history: readonly Epoch[]
  /** The epoch whose weights were written. */
  readonly written: number
}

/** An SVG document. */
export const chart = ({ title, subtitle, points, history, written: best }: Chart): string => {
  const epochs = Math.max(1, history.length)
  const written = best < epochs ? best : undefined
  const finite = (all: readonly Point[]) => all.filter(([, value]) => Number.isFinite(value))
  const measured = (of: (measured: NonNullable<Epoch['validation']>) => number) =>
    finite(history.flatMap(({ epoch, validation }): Point[] => (validation ? [[epoch, of(validation)]] : [])))
  const trained = (of: (point: CurvePoint) => number) => finite(points.map((point): Point => [point.epoch, of(point)]))
  const panels: Panel[] = [
    {
      title: 'Loss',
      training: trained(p => p.loss),
      validation: measured(m => m.loss),
      epochs,
      written,
      isShare: false,
    },
    {
      title: 'Accuracy',
      training: trained(p => p.accuracy),
      validation: measured(m => m.accuracy),
      epochs,
      written,
      isShare: true,
    },
  ]
  const key = (x: number, name: string, color: string) =>
    `<path d="M${x} 40h22" stroke="${color}" stroke-width="3"/>${text(x + 28, 44, name, `fill="${COLOR.ink}"`)}`
  const hasValidation = history.some(({ validation }) => validation)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12" fill="${COLOR.soft}">
<title>${escaped(`${title}: ${subtitle}`)}</title>
<clipPath id="panel"><rect x="-4" y="-4" width="${PANEL.width + 8}" height="${PANEL.height + 4}"/></clipPath>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${text(24, 30, title, `font-size="17" font-weight="600" fill="${COLOR.ink}"`)}
${text(24, 50, subtitle)}
${key(hasValidation ? 700 : 800, 'training', COLOR.training)}
${hasValidation ? key(800, 'validation', COLOR.validation) : ''}
${panels.map((panel, i) => draw(panel, LEFT[i]!)).join('\n')}
</svg>
`
}
