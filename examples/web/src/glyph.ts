// From pen strokes to an image as MNIST has them: 28×28 pixels of gray, white on black, what was drawn in a box of 20×20, its
// centre of mass in the middle. Strokes stay lines until here, so that a small drawing gets the same pen as a large one.

/** A pen's way: x, y, x, y, … in shares of the pad, 0 to 1. */
export type Stroke = readonly number[]

export const SIZE = 28
const BOX = 20
/** Pixels: the pen's radius, and how wide its edge fades. */
const PEN = 1.15
const EDGE = 1.1
/** What is smaller than this share of the pad is not blown up: a dot stays a dot. */
const SMALLEST = 0.12

const bounds = (strokes: readonly Stroke[]) => {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const stroke of strokes)
    for (let i = 0; i + 1 < stroke.length; i += 2) {
      left = Math.min(left, stroke[i]!)
      right = Math.max(right, stroke[i]!)
      top = Math.min(top, stroke[i + 1]!)
      bottom = Math.max(bottom, stroke[i + 1]!)
    }
  return { x: (left + right) / 2, y: (top + bottom) / 2, side: Math.max(right - left, bottom - top, SMALLEST) }
}

/** Distance of a point from a line between two others. */
const distance = (px: number, py: number, ax: number, ay: number, bx: number, by: number): number => {
  const [dx, dy] = [bx - ax, by - ay]
  const length = dx * dx + dy * dy
  const t = length > 0 ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0
  return Math.hypot(px - ax - t * dx, py - ay - t * dy)
}

/** Draws each line by the distance of the pixels around it; where lines cross, the darker one counts. */
const paint = (strokes: readonly Stroke[], scale: number, x0: number, y0: number): Uint8Array<ArrayBuffer> => {
  const image = new Uint8Array(SIZE * SIZE)
  const reach = PEN + EDGE / 2
  for (const stroke of strokes)
    for (let i = 0; i + 1 < stroke.length; i += 2) {
      // The first point alone is a dot; every other one ends a line.
      const j = Math.max(0, i - 2)
      const [ax, ay] = [x0 + stroke[j]! * scale, y0 + stroke[j + 1]! * scale]
      const [bx, by] = [x0 + stroke[i]! * scale, y0 + stroke[i + 1]! * scale]
      const [left, right] = [Math.min(ax, bx) - reach, Math.max(ax, bx) + reach]
      const [top, bottom] = [Math.min(ay, by) - reach, Math.max(ay, by) + reach]
      for (let y = Math.max(0, Math.floor(top)); y < Math.min(SIZE, bottom); y++)
        for (let x = Math.max(0, Math.floor(left)); x < Math.min(SIZE, right); x++) {
          const light = (reach - distance(x + 0.5, y + 0.5, ax, ay, bx, by)) / EDGE
          const value = Math.round(255 * Math.max(0, Math.min(1, light)))
          if (value > image[y * SIZE + x]!) image[y * SIZE + x] = value
        }
    }
  return image
}

/** How far the centre of mass lies from the middle, in pixels. */
const offCentre = (image: Uint8Array): [x: number, y: number] => {
  let [mass, x, y] = [0, 0, 0]
  for (const [i, value] of image.entries()) {
    mass += value
    x += value * ((i % SIZE) + 0.5)
    y += value * (Math.floor(i / SIZE) + 0.5)
  }
  return mass > 0 ? [x / mass - SIZE / 2, y / mass - SIZE / 2] : [0, 0]
}

/** The image of what was drawn; undefined of nothing. */
export const glyph = (strokes: readonly Stroke[]): Uint8Array<ArrayBuffer> | undefined => {
  if (!strokes.some(stroke => stroke.length > 1)) return
  const { x, y, side } = bounds(strokes)
  const scale = (BOX - 2 * PEN) / side
  const [x0, y0] = [SIZE / 2 - x * scale, SIZE / 2 - y * scale]
  const [dx, dy] = offCentre(paint(strokes, scale, x0, y0))
  return paint(strokes, scale, x0 - dx, y0 - dy)
}
