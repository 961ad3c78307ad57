// The drawing pad: pen, finger, mouse or arrow keys make strokes; a canvas as sharp as the screen shows them.
import type { Stroke } from './glyph.js'
import { keyboardPen } from './keys.js'

export interface Pad {
  readonly strokes: readonly Stroke[]
  readonly clear: () => void
  readonly undo: () => void
  /** Shows strokes that nobody drew; who begins to draw begins on an empty sheet. False once somebody has begun. */
  readonly show: (strokes: readonly Stroke[]) => boolean
}

/** The line's width and the least way between two points, in shares of the pad. */
const PEN = 0.048
const STEP = 0.004

/** Curves through the middles between points: a hand draws no corners where the browser's reports have them. */
const trace = (context: CanvasRenderingContext2D, stroke: Stroke, side: number): void => {
  const at = (i: number) => stroke[i]! * side
  context.beginPath()
  context.moveTo(at(0), at(1))
  for (let i = 2; i + 3 < stroke.length; i += 2)
    context.quadraticCurveTo(at(i), at(i + 1), (at(i) + at(i + 2)) / 2, (at(i + 1) + at(i + 3)) / 2)
  context.lineTo(at(stroke.length - 2), at(stroke.length - 1))
  context.stroke()
}

/** Makes a canvas a pad; `onChange` hears of every change, at most once per frame. */
export const pad = (canvas: HTMLCanvasElement, onChange: (strokes: readonly Stroke[]) => void): Pad => {
  const context = canvas.getContext('2d')!
  let strokes: number[][] = []
  let current: number[] | undefined
  let pointer: number | undefined
  let isTouched = false
  let [waits, changed] = [false, false]

  const draw = () => {
    waits = false
    const side = canvas.width
    context.clearRect(0, 0, side, side)
    Object.assign(context, { lineWidth: PEN * side, lineCap: 'round', lineJoin: 'round' })
    context.strokeStyle = getComputedStyle(canvas).color
    for (const stroke of strokes) trace(context, stroke, side)
    keys.draw(context, side)
    canvas.toggleAttribute('data-drawn', strokes.length > 0)
    if (changed) onChange(strokes)
    changed = false
  }
  const redraw = (change: boolean) => {
    changed ||= change
    if (!waits) requestAnimationFrame(draw)
    waits = true
  }

  const begin = (x: number, y: number) => {
    current = [x, y]
    strokes = isTouched ? [...strokes, current] : [current]
    isTouched = true
    redraw(true)
  }
  const go = (x: number, y: number) => {
    if (!current) return
    if (Math.hypot(x - current.at(-2)!, y - current.at(-1)!) < STEP) return
    current.push(x, y)
    redraw(true)
  }
  const end = () => {
    current = undefined
    pointer = undefined
  }
  const clear = () => {
    end()
    isTouched = true
    strokes = []
    redraw(true)
  }
  const undo = () => {
    end()
    isTouched = true
    strokes = strokes.slice(0, -1)
    redraw(true)
  }
  const keys = keyboardPen(canvas, { begin, go, end, clear, undo, redraw: () => redraw(false) })

  const place = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const { left, top, width, height } = canvas.getBoundingClientRect()
    return [(clientX - left) / width, (clientY - top) / height]
  }
  canvas.addEventListener('pointerdown', event => {
    // A second finger is no second pen.
    if (event.button !== 0 || pointer !== undefined) return
    canvas.setPointerCapture(event.pointerId)
    keys.hide()
    pointer = event.pointerId
    begin(...place(event))
  })
  canvas.addEventListener('pointermove', event => {
    if (event.pointerId !== pointer) return
    // Between two frames a pen reports more often than the browser tells.
    const all = event.getCoalescedEvents?.() ?? []
    for (const one of all.length > 0 ? all : [event]) go(...place(one))
  })
  for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
    canvas.addEventListener(name, event => {
      if (event.pointerId === pointer) end()
    })

  new ResizeObserver(() => {
    canvas.width = canvas.height = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio))
    redraw(false)
  }).observe(canvas)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw(false))

  return {
    get strokes() {
      return strokes
    },
    clear,
    undo,
    show: given => {
      if (isTouched) return false
      strokes = given.map(stroke => [...stroke])
      redraw(true)
      return true
    },
  }
}
