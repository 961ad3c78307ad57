import type { Augmentation } from 'convlet/train'

/**
 * Turns, slants, stretches and moves an image a little, each by up to so much in both directions: what another drawing of the
 * same hand differs by. Bilinear; outside there is black.
 */
export const sway =
  ({ turn = 0.2, slant = 0.2, stretch = 0.15, shift = 2 } = {}): Augmentation =>
  (image, [channels, height, width], random) => {
    const about = (most: number) => (2 * random() - 1) * most
    const [angle, lean] = [about(turn), about(slant)]
    const [wide, high] = [1 + about(stretch), 1 + about(stretch)]
    const [x0, y0] = [about(shift), about(shift)]
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
    // Where in the image before a pixel of the new one comes from, counted from the middle.
    const [xx, xy] = [cos / wide, (sin + lean) / wide]
    const [yx, yy] = [-sin / high, cos / high]
    const [cx, cy] = [(width - 1) / 2, (height - 1) / 2]
    const before = image.slice()
    for (let begin = 0; begin < channels * height * width; begin += height * width) {
      const at = (y: number, x: number) =>
        x >= 0 && y >= 0 && x < width && y < height ? before[begin + y * width + x]! : 0
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const [dx, dy] = [x - cx - x0, y - cy - y0]
          const [fx, fy] = [cx + xx * dx + xy * dy, cy + yx * dx + yy * dy]
          const [left, top] = [Math.floor(fx), Math.floor(fy)]
          const [u, v] = [fx - left, fy - top]
          const upper = at(top, left) * (1 - u) + at(top, left + 1) * u
          const lower = at(top + 1, left) * (1 - u) + at(top + 1, left + 1) * u
          image[begin + y * width + x] = upper * (1 - v) + lower * v
        }
    }
  }
