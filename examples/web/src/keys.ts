// The pad without a pointer: arrows move a cross, space puts the pen down and lifts it.

export interface Pen {
  readonly begin: (x: number, y: number) => void
  readonly go: (x: number, y: number) => void
  readonly end: () => void
  readonly clear: () => void
  readonly undo: () => void
  readonly redraw: () => void
}

const ARROWS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
const STEP = 0.04
const FINE = 0.01

export const keyboardPen = (canvas: HTMLCanvasElement, pen: Pen) => {
  let [x, y] = [0.5, 0.5]
  let [shown, down] = [false, false]

  const lift = () => {
    if (down) pen.end()
    down = false
  }
  const hide = () => {
    lift()
    shown = false
  }

  canvas.addEventListener('keydown', event => {
    const { key, shiftKey } = event
    const arrow = ARROWS[key]
    if (event.altKey) return
    if (key === 'z' && (event.ctrlKey || event.metaKey)) {
      lift()
      pen.undo()
    } else if (event.ctrlKey || event.metaKey) return
    else if (key === 'Delete' || key === 'Backspace' || key === 'Escape') {
      lift()
      pen.clear()
    } else if (arrow) {
      const by = shiftKey ? FINE : STEP
      x = Math.max(0, Math.min(1, x + arrow[0] * by))
      y = Math.max(0, Math.min(1, y + arrow[1] * by))
      if (down) pen.go(x, y)
    } else if (key === ' ') {
      if (down) lift()
      else {
        down = true
        pen.begin(x, y)
      }
    } else return
    shown = arrow !== undefined || key === ' '
    event.preventDefault()
    pen.redraw()
  })
  canvas.addEventListener('blur', () => {
    hide()
    pen.redraw()
  })

  return {
    hide,
    /** The cross, filled while the pen is down. */
    draw: (context: CanvasRenderingContext2D, side: number): void => {
      if (!shown) return
      context.save()
      context.strokeStyle = context.fillStyle = getComputedStyle(canvas).accentColor
      context.lineWidth = side / 150
      context.beginPath()
      context.arc(x * side, y * side, side / 40, 0, 2 * Math.PI)
      if (down) context.fill()
      context.moveTo((x - 0.05) * side, y * side)
      context.lineTo((x + 0.05) * side, y * side)
      context.moveTo(x * side, (y - 0.05) * side)
      context.lineTo(x * side, (y + 0.05) * side)
      context.stroke()
      context.restore()
    },
  }
}
