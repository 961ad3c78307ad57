// Draws digits/0.png … 9.png, ten images in the manner of MNIST: 28×28, 8-bit gray, white strokes on black that fill a
// box of 20 pixels, their centre of mass in the middle of the image. Drawn by code, so that they are free to ship.
// usage: node models/lenet5/draw-digits.mjs
import { writeFile } from 'node:fs/promises'
import sharp from 'sharp'

const SIZE = 28
const OVERSAMPLE = 16
const PEN = 2.4

// The pen's way, in pixels; y runs down, a digit is about 17.5 high: 20 with the pen and its soft edge, after `scale`.
const strokes = [
  'M8.7 .5 C4.6 .8 1 5.4 .8 10.2 C.7 15 3.4 17.6 6.4 17.3 C10.4 16.8 12.9 11.6 12.6 6.8 C12.4 2.4 10.6 -.4 7.8 .8',
  'M5.6 0 C5 5.2 3.4 11.8 2 17.6',
  'M.9 4.4 C2 .9 6.2 -.7 9.1 .9 C12.1 2.8 10.5 7.1 7.5 10.4 C5 13.2 2.6 15 .5 16.7 C3.1 15.3 5.7 15.7 8 16.6 C10 17.4 11.8 17 13.2 15.5',
  'M1.3 2.3 C3.6 -.2 9.5 -.9 9.9 2.9 C10.2 5.9 6.9 7.7 4.4 8.3 C8.3 7.8 11.2 9.7 10.9 12.7 C10.5 16.6 5 18.5 .4 15.9',
  'M2.8 .6 C2 4 .9 6.9 .7 9.5 C3.6 10.5 7.7 9.6 11.9 8.5 M10.4 .2 C9.7 6 8.8 12 7.6 17.6',
  'M11.6 .3 C8.3 .8 5.5 .8 3.4 1 C3 3.4 2.4 5.5 1.9 7.7 C5.1 5.9 9.7 7.2 9.9 11 C10.1 15.3 4.9 18.3 .4 16.5',
  'M8.9 0 C4.7 2.6 .8 8 .8 12.7 C.8 16.4 3.4 17.8 5.7 17.4 C8.9 16.8 10.8 13.5 9.7 11 C8.5 8.2 3.6 9 1.1 13.3',
  'M.6 1.9 C4 1.3 8.5 1.3 11.8 .6 C9.7 6 6.7 11.8 4.6 17.6',
  'M9.9 2.3 C7.2 -.9 1.9 .4 2.2 3.9 C2.5 7.6 9.5 9.2 9.3 13.3 C9.1 17.5 2.5 18.5 1.5 14.8 C.7 11 7.3 8.7 9.7 5.4 C10.9 3.6 10.7 2.5 9.3 1.5',
  'M9.8 3.1 C7.6 -.8 1.4 .7 .8 5 C.4 8.7 5.4 9.5 8.4 6.5 C9.4 5.3 9.9 4 10.2 2.3 C9.8 7 8.6 12.6 7.3 17.4',
]

const ink = (path, dx, dy) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE * OVERSAMPLE}" height="${SIZE * OVERSAMPLE}" viewBox="0 0 ${SIZE} ${SIZE}">` +
        '<rect width="100%" height="100%"/>' +
        `<path transform="translate(${dx} ${dy}) scale(0.95)" d="${path}" fill="none" stroke="white" stroke-width="${PEN}" stroke-linecap="round" stroke-linejoin="round"/></svg>`,
    ),
  )
    // The soft edge of a scanned pen line, about half a pixel.
    .blur(OVERSAMPLE * 0.35)
    .toColourspace('b-w')

// Where the digit is drawn while its centre of mass is sought: far enough from the edges that none cuts it.
const [FIRST_X, FIRST_Y] = [8, 5]

for (const [digit, path] of strokes.entries()) {
  const width = SIZE * OVERSAMPLE
  let [mass, x, y] = [0, 0, 0]
  for (const [i, value] of (await ink(path, FIRST_X, FIRST_Y).raw().toBuffer()).entries()) {
    mass += value
    x += value * ((i % width) + 0.5)
    y += value * (Math.floor(i / width) + 0.5)
  }
  const middle = SIZE / 2
  const centred = ink(path, FIRST_X + middle - x / mass / OVERSAMPLE, FIRST_Y + middle - y / mass / OVERSAMPLE)
  const raw = await centred.raw().toBuffer()
  // Two steps: sharp would resize before it blurs.
  const image = sharp(raw, { raw: { width, height: width, channels: 1 } })
  const png = await image
    .resize(SIZE, SIZE, { kernel: 'linear' })
    .toColourspace('b-w')
    .png({ compressionLevel: 9 })
    .toBuffer()
  await writeFile(new URL(`digits/${digit}.png`, import.meta.url), png)
}
