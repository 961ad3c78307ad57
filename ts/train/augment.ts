/** Changes an image `[channels, height, width]` in place, by random numbers from 0 to below 1. */
export type Augmentation = (
  image: Float32Array,
  shape: readonly [channels: number, height: number, width: number],
  random: () => number,
) => void

/** A whole number from −most to most. */
const within = (most: number, random: () => number): number => Math.floor(random() * (2 * most + 1)) - most

/** Moves by up to so many pixels in both directions; what comes in is `fill`, black by default. The same as a crop after padding. */
export const shift =
  (most: number, fill = 0): Augmentation =>
  (image, [c, h, w], random) => {
    const [dy, dx] = [within(most, random), within(most, random)]
    const [from, to] = dx > 0 ? [0, Math.min(dx, w)] : [Math.max(0, w + dx), w]
    const by = dy * w + dx
    for (let begin = 0; begin < c * h * w; begin += h * w) {
      // All rows in one go; then what came in, and what went over from a row into its neighbour.
      image.copyWithin(begin + Math.max(0, by), begin + Math.max(0, -by), begin + h * w - Math.max(0, by))
      for (let y = 0; y < h; y++) {
        const blank = y < dy || y >= h + dy
        for (let x = blank ? 0 : from; x < (blank ? w : to); x++) image[begin + y * w + x] = fill
      }
    }
  }

/** Mirrors left and right, every other image by default. */
export const flip =
  (share = 0.5): Augmentation =>
  (image, [c, h, w], random) => {
    if (random() >= share) return
    for (let row = 0; row < c * h * w; row += w)
      for (let [i, j] = [row, row + w - 1]; i < j; i++, j--) {
        const kept = image[i]!
        image[i] = image[j]!
        image[j] = kept
      }
  }

/** A part of between `least` and all of the image's sides, brought back to its size (nearest pixels): another scale and place. */
export const crop =
  (least = 0.8): Augmentation =>
  (image, [c, h, w], random) => {
    const share = least + (1 - least) * random()
    const [ch, cw] = [Math.max(1, Math.round(h * share)), Math.max(1, Math.round(w * share))]
    const [top, left] = [Math.floor(random() * (h - ch + 1)), Math.floor(random() * (w - cw + 1))]
    const before = image.slice()
    for (let k = 0; k < c; k++)
      for (let y = 0; y < h; y++) {
        const row = (k * h + top + Math.floor((y * ch) / h)) * w + left
        for (let x = 0; x < w; x++) image[(k * h + y) * w + x] = before[row + Math.floor((x * cw) / w)]!
      }
  }

/** Blots out a square of this side (DeVries & Taylor 2017), partly outside at times. */
export const cutout =
  (side: number, fill = 0): Augmentation =>
  (image, [c, h, w], random) => {
    const [cy, cx] = [Math.floor(random() * h), Math.floor(random() * w)]
    const [top, left] = [cy - (side >> 1), cx - (side >> 1)]
    const [from, to] = [Math.max(0, left), Math.min(w, left + side)]
    for (let k = 0; k < c; k++)
      for (let y = Math.max(0, top); y < Math.min(h, top + side); y++)
        image.fill(fill, (k * h + y) * w + from, (k * h + y) * w + to)
  }
